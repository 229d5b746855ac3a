"""docs/environment.md: every variable the application reads, with its default as the settings have it.

`python -m devtools.environment_reference` writes it; `./dev check` says when it is stale or a variable has no words.
"""

import ast
from dataclasses import dataclass

from devtools.paths import ROOT

TARGET = ROOT / "docs" / "environment.md"
SOURCES = ("ignition/settings.py", "ignition/metrics.py", "ignition/tracing.py")
NEEDED, SECRET = "required", "secret"
WORDS = {
    "ALLOWED_HOSTS": "hosts that requests may name, separated by commas",
    "API_REQUESTS_PER_MINUTE": "requests a minute of one API key",
    "ATTACHMENT_MAX_BYTES": "the largest file that is kept with a client",
    "DATABASE_POOLER": "1 where web processes reach PostgreSQL through a pooler that works by transaction",
    "DATABASE_ROLE": "who the process is in PostgreSQL: `ignition_owner` for `migrate`, and nothing else ever",
    "DATABASE_URL": "`postgres://user:password@host:5432/name`; `?sslmode=verify-full` beyond one machine",
    "DEBUG": "1 shows error pages with everything in them; never where anybody else comes",
    "EMAIL_BACKEND": "another mail back end by its dotted name",
    "EMAIL_URL": "`smtps://user:password@host:587` (STARTTLS), or port 465 (TLS at once); without it messages are"
    " kept and printed, and addresses need no confirming",
    "FIELD_ENCRYPTION_KEYS": "Fernet keys of sealed columns, newest first, separated by commas",
    "FROM_EMAIL": "the sender of every message",
    "IMPORT_MAX_ROWS": "rows of one file of clients",
    "LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR",
    "METRICS_TOKEN": "opens `/metrics` as a bearer token; without one there is no such page",
    "OPERATORS_NEED_SECOND_FACTOR": "0 lets operators in by password alone; only for looking at made-up data",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "where traces go (OTLP over HTTP); needs the packages named in docs/operations.md",
    "POLL_SECONDS": "how often a business in which something happens is read",
    "PROMETHEUS_MULTIPROC_DIR": "an empty folder in which several web processes add up their figures",
    "PUBLIC_URL": "the address people use; https switches secure cookies, HSTS and redirects on",
    "REDIS_URL": "Valkey or Redis: messages to workers, counters and hints; `rediss://` beyond one machine",
    "SAGE_API_URL": "Sage's API",
    "SAGE_APP_REQUESTS_PER_DAY": "requests a day to Sage for all businesses together",
    "SAGE_AUTHORIZE_URL": "where people sign in to Sage",
    "SAGE_CLIENT_ID": "of the application registered with Sage",
    "SAGE_CLIENT_SECRET": "of the application registered with Sage",
    "SAGE_MINUTE_SECONDS": "how long Sage's minute takes; only for measurements",
    "SAGE_PLANS": "the operator's plans that Sage belongs to; empty means all",
    "SAGE_REQUESTS_PER_DAY": "requests a day for each business",
    "SAGE_REQUESTS_PER_MINUTE": "requests a minute for each business",
    "SAGE_REVOKE_URL": "where grants are ended",
    "SAGE_TOKEN_URL": "where codes and tokens are exchanged",
    "SECRET_KEY": "signs sessions and links; a new one signs everybody out and ends links",
    "SENTRY_DSN": "where unexpected errors are reported, without anybody's particulars",
    "SESSION_IDLE_SECONDS": "a session ends after so long without a request",
    "SSL_REDIRECT": "0 where the proxy redirects to https itself",
    "STATIC_FROM_FOLDERS": "1 serves static files from their folders, for development",
    "TRUSTED_PROXIES": "proxies of yours in front of `web`; each adds the address it sees to `X-Forwarded-For`",
    "UPLOAD_MAX_BYTES": "the largest request with a file",
    "WORKER_NICENESS": "how far workers stand back behind pages on a machine that both share, 0 to 19",
}
HEAD = """\
# Environment

Every variable the application reads, written from its settings by `python -m devtools.environment_reference`.
What is *required* stops the start by name when it is missing. Of those, and of those that are a *secret*,
`<NAME>_FILE` may name a file with the value instead. `ANYMAIL_…` variables become the settings of django-anymail,
where that is installed.

| variable | default | what |
| --- | --- | --- |
"""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable and its default as the source has it."""

    name: str
    default: str


def variables() -> list[Variable]:
    """Every variable that the sources read, by name; the first reading counts."""
    found: dict[str, Variable] = {}
    for source in SOURCES:
        for call in ast.walk(ast.parse((ROOT / source).read_text())):
            if isinstance(call, ast.Call) and (variable := _read_by(call)):
                found.setdefault(variable.name, variable)
    return [found[name] for name in sorted(found)]


def _read_by(call: ast.Call) -> Variable | None:
    function = ast.unparse(call.func)
    if function not in ("os.environ.get", "required", "secret", "listed") or not call.args:
        return None
    name = call.args[0]
    if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
        return None
    if function in (NEEDED, SECRET):
        return Variable(name.value, function)
    return Variable(name.value, _in_words(call.args[1]) if len(call.args) > 1 else "–")


def _in_words(default: ast.expr) -> str:
    if isinstance(default, ast.Constant):
        return f"`{default.value!s}`" if default.value else "–"
    known = {"urlsplit(PUBLIC_URL).hostname or ''": "the host of PUBLIC_URL", "APP_ROLE": "`ignition_app`"}
    if ast.unparse(default) in known:
        return known[ast.unparse(default)]
    if ast.unparse(default) == "str(60 * 60 * 8)":
        return f"`{60 * 60 * 8}`"
    return "worked out"


def text() -> str:
    """The whole page."""
    return HEAD + "".join(
        f"| `{each.name}` | {each.default} | {WORDS[each.name]} |\n" for each in variables()
    )


def stale_reference() -> str:
    """What is wrong with docs/environment.md; empty when nothing is."""
    read = {each.name for each in variables()}
    problems = [
        f"{name} has no words in devtools/environment_reference.py" for name in sorted(read - set(WORDS))
    ]
    problems += [f"{name} is read no more; remove its words" for name in sorted(set(WORDS) - read)]
    if not problems and (not TARGET.exists() or TARGET.read_text() != text()):
        problems = ["docs/environment.md is stale: run python -m devtools.environment_reference"]
    return "\n".join(problems)


if __name__ == "__main__":
    TARGET.write_text(text())
