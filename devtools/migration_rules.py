"""Migrations that would stop or break the running version: looked for in those newer than the last release.

Before the first release that is everything newer than what the list begins with; an app that it does not name is new
altogether. What a table is made of that came after the list is no danger: no process that runs knows it.

During an upgrade old processes run against the new schema. So a column goes one release after the last code that
named it, new columns have a default in the database, and no statement holds a lock on a large table for long.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path

from devtools.paths import ROOT

#: The last migration of each app that may be running somewhere, a line each: `invoicing 0012`. Written with each
#: release; what it began with are the migrations of the day the rules were first applied.
RELEASED = ROOT / "devtools" / "released_migrations.txt"
#: On the operation's first line, with the reason why it is safe all the same.
SAFE = "# zero-downtime:"
GOES = "old processes still use it: stop using it in one release and let it go in the next"
LOCKS = "it locks the table while it runs: CREATE INDEX CONCURRENTLY in a migration that is not atomic"
CALLS = {
    "RemoveField": GOES,
    "DeleteModel": GOES,
    "RenameField": "old processes use the old name: add a column, write both, then let the old one go",
    "RenameModel": "old processes use the old name: keep the table's name with db_table",
    "AlterModelTable": "old processes use the old name",
    "AlterField": "it may write the whole table anew under a lock: add a column instead, or say why it does not",
    "AddIndex": LOCKS,
    "AddConstraint": "it reads the whole table under a lock: add it NOT VALID, then VALIDATE CONSTRAINT",
    "RunPython": "one transaction over all rows: fill in chunks by a job, or say why there are few rows",
}
#: Operations that name the table itself.
OF_TABLES = {"AlterModelTable", "DeleteModel"}
SQL = {
    r"CREATE\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY)": LOCKS,
    r"SET\s+NOT\s+NULL": "it reads the whole table under a lock: a CHECK … NOT VALID first, then validate it",
    r"ALTER\s+COLUMN\s+\S+\s+(SET\s+DATA\s+)?TYPE": "it writes the whole table anew under a lock",
    r"\bLOCK\s+TABLE\b": "it locks the table",
}


def migrations_that_need_downtime() -> str:
    """What is wrong with migrations newer than the last release, one finding a line."""
    return "\n".join(findings_since(RELEASED.read_text(), ROOT))


def findings_since(released: str, root: Path) -> list[str]:
    """`app/migrations/0012_x.py:12: RemoveField: why not`, for each migration that the list does not know."""
    last, found = read_released(released), list[str]()
    new_tables: dict[str, set[str]] = defaultdict(set)
    for path in sorted(root.glob("*/migrations/[0-9]*.py")):
        app, number = path.parent.parent.name, path.name[:4]
        if number <= last.get(app, ""):
            continue
        source = path.read_text()
        new_tables[app] |= tables_made_in(source)
        found += [f"{path.relative_to(root)}:{each}" for each in findings_in(source, new_tables[app])]
    return found


def read_released(text: str) -> dict[str, str]:
    """App to the number of its last released migration; an app that is not named is new."""
    lines = (line.split() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return dict(lines)


def tables_made_in(source: str) -> set[str]:
    """The models that a migration makes tables for, in small letters."""
    return {_text(call, "name").lower() for call in _calls(ast.parse(source), "CreateModel")}


def findings_in(source: str, new_tables: Collection[str]) -> list[str]:
    """`12: RemoveField: why not`, for each operation of a migration that breaks a rule without saying why it may.

    What it does to ``new_tables``, which nothing that runs has heard of, breaks none.
    """
    lines = source.splitlines()
    return [
        f"{call.lineno}: {name}: {why}"
        for call, name in _operations(ast.parse(source), new_tables)
        if (why := _fault_of(call, name)) and SAFE not in lines[call.lineno - 1]
    ]


def _operations(tree: ast.AST, new_tables: Collection[str]) -> Iterator[tuple[ast.Call, str]]:
    """The calls in `operations`; what is done to a new table, and what the state alone is told, are no danger."""
    hidden = {id(inner) for keyword in _state_only(tree) for inner in ast.walk(keyword)}
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or id(call) in hidden:
            continue
        table = _text(call, "model_name") or (_text(call, "name") if call.func.attr in OF_TABLES else "")
        if table.lower() not in new_tables:
            yield call, call.func.attr


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == name:
            yield call


def _state_only(tree: ast.AST) -> Iterator[ast.keyword]:
    for call in _calls(tree, "SeparateDatabaseAndState"):
        yield from (keyword for keyword in call.keywords if keyword.arg == "state_operations")


def _fault_of(call: ast.Call, name: str) -> str:
    if name == "AddField":
        return _missing_default(call)
    if name == "RunSQL":
        texts = [node.value for node in ast.walk(call) if isinstance(node, ast.Constant)]
        words = " ".join(text for text in texts if isinstance(text, str))
        return next((why for pattern, why in SQL.items() if re.search(pattern, words, re.IGNORECASE)), "")
    return CALLS.get(name, "")


def _missing_default(call: ast.Call) -> str:
    field = next((keyword.value for keyword in call.keywords if keyword.arg == "field"), None)
    if not isinstance(field, ast.Call):
        return ""
    given = {keyword.arg: keyword.value for keyword in field.keywords}
    may_be_null = isinstance(given.get("null"), ast.Constant) and given["null"].value is True  # type: ignore[attr-defined]
    if may_be_null or "db_default" in given or "expression" in given:
        return ""
    return "old processes insert rows without it: null=True, or db_default"


def _text(call: ast.Call, name: str) -> str:
    found = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
    return found.value if isinstance(found, ast.Constant) and isinstance(found.value, str) else ""


def latest_migrations(root: Path = ROOT) -> str:
    """The content of `RELEASED` for a release of what is here now."""
    last: dict[str, str] = {}
    for path in sorted(root.glob("*/migrations/[0-9]*.py")):
        last[path.parent.parent.name] = path.name[:4]
    return "".join(f"{app} {number}\n" for app, number in sorted(last.items()))
