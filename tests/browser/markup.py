"""Whether HTML is well made: every element closed, ids unique, every field labelled, one first heading."""

from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
FIELDS = {"input", "select", "textarea"}
UNLABELLED = {"hidden", "submit", "button", "reset", "image"}
INTERACTIVE = {"a", "button"}


def faults_in(html: str) -> list[str]:
    """What is wrong with the page, a line each."""
    page = _Page()
    page.feed(html)
    page.close()
    return page.faults + page.left_open() + page.without_label() + page.dangling()


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self._open: list[str] = []
        self._ids: set[str] = set()
        self._labelled: set[str] = set()
        self._pointed_at: set[str] = set()
        self._fields: list[dict[str, str]] = []
        self._headings = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._look_at(tag, attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._look_at(tag, attrs)
        if tag not in VOID and "svg" not in self._open and tag != "svg":
            self._say(f"<{tag}/> closes nothing in HTML")

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self._open or self._open[-1] != tag:
            self._say(f"</{tag}> where {self._open[-1:] or 'nothing'} is open")
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def _look_at(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        given = {name: value or "" for name, value in attrs}
        self._look_at_values(tag, names, given)
        if any(given.get(name) == "" for name in ("href", "action", "formaction")):
            self._say(f"<{tag}> leads nowhere: {given}")
        if (identity := given.get("id")) is not None:
            if identity in self._ids or not identity:
                self._say(f"id {identity!r} is empty or used twice")
            self._ids.add(identity)
        if tag in INTERACTIVE and INTERACTIVE.intersection(self._open):
            self._say(f"<{tag}> inside {self._open[-3:]}")
        if tag == "form" and "form" in self._open:
            self._say("a form inside a form")
        if tag in FIELDS and given.get("type") not in UNLABELLED:
            self._fields.append({**given, "wrapped": "yes" if "label" in self._open else ""})
        if tag == "label" and "for" in given:
            self._labelled.add(given["for"])
        for pointer in ("for", "aria-labelledby", "aria-describedby", "aria-controls", "popovertarget"):
            self._pointed_at.update(given.get(pointer, "").split())
        self._headings += tag == "h1"

    def _look_at_values(self, tag: str, names: list[str], given: dict[str, str]) -> None:
        if len(set(names)) < len(names):
            self._say(f"<{tag}> names an attribute twice: {names}")
        if "style" in given or any(name.startswith("on") for name in names):
            self._say(f"<{tag}> carries style or script")
        if "" in (given.get("href"), given.get("action"), given.get("formaction")):
            self._say(f"<{tag}> leads nowhere")

    def _say(self, fault: str) -> None:
        self.faults.append(f"line {self.getpos()[0]}: {fault}")

    def left_open(self) -> list[str]:
        """Elements without an end, and a page without exactly one first heading."""
        faults = [f"{tag} is never closed" for tag in self._open]
        return faults if self._headings == 1 else [*faults, f"{self._headings} first headings"]

    def without_label(self) -> list[str]:
        """Fields nobody can name."""
        return [
            f"no label for {field.get('name') or field.get('id')}"
            for field in self._fields
            if not (
                field["wrapped"]
                or field.get("aria-label")
                or field.get("aria-labelledby")
                or field.get("id") in self._labelled
            )
        ]

    def dangling(self) -> list[str]:
        """Pointers to an element that is not there."""
        return [f"{name!r} is pointed at and not there" for name in sorted(self._pointed_at - self._ids)]
