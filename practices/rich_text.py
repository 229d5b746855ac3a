"""Rich text that people write: what may stand in it, and the same words as plain text or as blocks for a PDF.

It is cleaned by an allow-list when it is stored and again when it is shown, so neither an old row nor a direct
write to the database can bring a script to a page.
"""

import re
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import Any

import nh3

TAGS = {"p", "br", "h2", "h3", "h4", "ul", "ol", "li", "strong", "em", "b", "i", "u", "a", "blockquote"}
SCHEMES = {"http", "https", "mailto", "tel"}
#: Lists within lists beyond this many are shown at this depth.
DEEPEST = 4
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<[!?]")
_BLOCKS = {"p": "p", "h2": "h3", "h3": "h3", "h4": "h4", "blockquote": "quote"}

_cleaner = nh3.Cleaner(
    tags=TAGS,
    attributes={"a": {"href"}, "*": set()},
    url_schemes=SCHEMES,
    url_relative="deny",
    link_rel="noopener noreferrer",
    strip_comments=True,
)

Block = dict[str, Any]


def sanitised(text: str) -> str:
    """The text with its harmless markup alone; text without any tag is plain text and comes back as it was typed.

    Characters that no page or PDF can show are gone in both.
    """
    text = _without_controls(text)
    if not is_rich(text):
        return text
    clean: str = _cleaner.clean(text).strip()
    # What is left of hostile markup may be words alone, and those must not be read as plain text next time.
    return clean if is_rich(clean) or not clean else f"<p>{clean}</p>"


def is_rich(text: str) -> bool:
    """Whether the text carries markup, rather than words that happen to contain a `<`."""
    return bool(_TAG.search(text))


def as_html(text: str) -> str:
    """The text as harmless HTML; of plain text, an empty line begins a paragraph."""
    text = sanitised(text)
    if is_rich(text):
        return text
    parts = (escape(part.strip(), quote=False) for part in re.split(r"\n\s*\n", text))
    return "\n".join(f"<p>{part}</p>".replace("\n", "<br>") for part in parts if part)


def _without_controls(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(letter for letter in text if letter >= " " or letter in "\n\t")


def plain(text: str) -> str:
    """The words without markup: paragraphs apart by an empty line, `- ` before list items, links with their address."""
    return "\n\n".join(_plain_block(block, 0) for block in blocks(text)).strip()


def _plain_block(block: Block, depth: int) -> str:
    if block["kind"] != "list":
        return "".join(_plain_run(run) for run in block["runs"]).strip()
    lines = []
    for number, item in enumerate(block["items"], 1):
        mark = f"{number}. " if block["ordered"] else "- "
        inner = "\n".join(_plain_block(each, depth + 1) for each in item)
        lines.append("  " * depth + mark + inner)
    return "\n".join(lines)


def _plain_run(run: dict[str, Any]) -> str:
    text, address = run["text"], run.get("href", "").removeprefix("mailto:").removeprefix("tel:")
    return f"{text} ({address})" if address and address != text else text


def blocks(text: str) -> list[Block]:
    """The text as data: paragraphs, headings and quotes with their runs, lists with their items' blocks."""
    reader = _Reader()
    reader.feed(as_html(text))
    reader.close()
    return reader.finished()


@dataclass
class _Reader(HTMLParser):
    """Collects blocks from cleaned HTML; deep nesting is flattened rather than followed."""

    #: The blocks being written to, the innermost last; None inside a list that has no item yet.
    targets: list[list[Block] | None] = field(default_factory=lambda: [[]])
    lists: list[Block] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    too_deep: int = 0

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"ul", "ol"}:
            self._open_list(ordered=tag == "ol")
        elif tag == "li":
            self._open_item()
        elif tag in {"p", "h2", "h3", "h4", "blockquote"}:
            self._new_block(_BLOCKS[tag])
        elif tag == "br":
            self._add("\n")
        elif tag == "a":
            self.links.append(dict(attrs).get("href") or "")
        else:
            self.styles.append({"b": "strong", "i": "em"}.get(tag, tag))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"ul", "ol"}:
            self._close_list()
        elif tag == "a":
            self.links.pop()
        elif tag in {"p", "h2", "h3", "h4", "blockquote"}:
            self._new_block("p")
        elif tag not in {"li", "br"}:
            self.styles.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() or self._in_a_sentence():
            self._add(re.sub(r"\s+", " ", data))

    def finished(self) -> list[Block]:
        """The blocks that hold anything."""
        return _without_empty(self.targets[0] or [])

    def _target(self) -> list[Block]:
        """Where blocks go now; words that stand in a list outside its items get an item."""
        if self.targets[-1] is None:
            self._open_item()
        here = self.targets[-1]
        assert here is not None  # noqa: S101 - an item has just been opened
        return here

    def _in_a_sentence(self) -> bool:
        here = self.targets[-1]
        return bool(here and here[-1].get("runs"))

    def _open_list(self, *, ordered: bool) -> None:
        if len(self.lists) >= DEEPEST:
            self.too_deep += 1
            return
        block: Block = {"kind": "list", "ordered": ordered, "items": []}
        self._target().append(block)
        self.lists.append(block)
        self.targets.append(None)

    def _open_item(self) -> None:
        if not self.lists or self.too_deep:
            self._new_block("p")
            return
        self.targets[-1] = []
        self.lists[-1]["items"].append(self.targets[-1])

    def _close_list(self) -> None:
        if self.too_deep:
            self.too_deep -= 1
        else:
            self.lists.pop()
            self.targets.pop()

    def _new_block(self, kind: str) -> None:
        self._target().append({"kind": kind, "runs": []})

    def _add(self, text: str) -> None:
        target = self._target()
        if not target or target[-1]["kind"] == "list":
            target.append({"kind": "p", "runs": []})
        run: dict[str, Any] = {"text": text, "styles": sorted(set(self.styles))}
        if self.links and self.links[-1]:
            run["href"] = self.links[-1]
        target[-1]["runs"].append(run)


def _without_empty(found: list[Block]) -> list[Block]:
    kept = []
    for block in found:
        if block["kind"] == "list":
            items = [inner for item in block["items"] if (inner := _without_empty(item))]
            if items:
                kept.append(block | {"items": items})
        elif "".join(run["text"] for run in block["runs"]).strip():
            kept.append(block)
    return kept
