"""Descriptions as Sage takes them: plain text, no entities, no longer than a line may be.

Sage refuses text with HTML entities (FACTS.md 9.1) and shows markup as it is typed. How long a line may be
is not documented; 255 characters are known to be safe (FACTS.md 17, 14). A longer text is cut at the end of
a word and ends with an ellipsis, so that the cut can be seen.
"""

import html
import re
from functools import lru_cache
from html.parser import HTMLParser

LINE_LENGTH = 255
ELLIPSIS = "…"
#: Characters of a text that is worth remembering.
SHORT = 200

_BLOCKS = {"p", "div", "br", "ul", "ol", "tr", "table", "blockquote", "pre"} | {f"h{n}" for n in range(1, 7)}
_UNSEEN = {"script", "style", "head", "title"}
_CELLS = {"td", "th"}
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--.*?-->", re.DOTALL)
_TABLE = re.compile(r"<table[\s>]|^\s*\|?(?:\s*:?-{3,}:?\s*\|)+\s*:?-*:?\s*$", re.IGNORECASE | re.MULTILINE)
_ENTITY = re.compile(r"&(?=(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);)")
_MARKDOWN_LINK = re.compile(r"\[([^\]\n]+)\]\((https?://[^\s)]+|mailto:[^\s)]+)\)")
_MARKDOWN_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def plain_text(description: str) -> str:
    """The words of a description: list items on lines of their own, links with their address, tables flattened.

    Text that only looks like an entity (`R&D;`) gets a space after the ampersand, because Sage refuses it.
    """
    if not description:
        return ""
    return _of_short(description) if len(description) <= SHORT else _plain_text(description)


@lru_cache(maxsize=2048)
def _of_short(description: str) -> str:
    """Names of services come again with every invoice."""
    return _plain_text(description)


def _plain_text(description: str) -> str:
    text = _without_tags(description) if _TAG.search(description) else description
    text = _unescaped(text)
    if _TAG.search(text):  # Markup that somebody pasted in its escaped form.
        text = _without_tags(text)
    text = _MARKDOWN_LINK.sub(r"\1 (\2)", _MARKDOWN_STRONG.sub(r"\2", text))
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _ENTITY.sub("& ", text)
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def shortened(text: str, limit: int = LINE_LENGTH) -> str:
    """The text itself, or as many whole words as fit and an ellipsis."""
    if len(text) <= limit:
        return text
    room = limit - len(ELLIPSIS)
    head = text[: room + 1]
    whole_words = head[: -len(head.split()[-1])].rstrip() if head.split() and " " in head.strip() else ""
    return (whole_words or text[:room]).rstrip() + ELLIPSIS


def line_description(name: str, description: str = "", *, calculation: str = "") -> str:
    """What one line says in Sage: the name, how its amount comes about if that must be told, the description.

    Only the description gives way when the whole is too long.
    """
    head = shortened(" ".join(filter(None, [plain_text(name), calculation])))
    body = plain_text(description)
    if not body or len(head) >= LINE_LENGTH - 1:
        return head
    return f"{head}\n{shortened(body, LINE_LENGTH - len(head) - 1)}"


def full_length(name: str, description: str = "", *, calculation: str = "") -> int:
    """Characters the line would have if nothing had to give way."""
    parts = [" ".join(filter(None, [plain_text(name), calculation])), plain_text(description)]
    return len("\n".join(filter(None, parts)))


def has_table(description: str) -> bool:
    """Whether a table is flattened on the way to Sage, its cells one after the other."""
    return bool(_TABLE.search(description))


def has_formatting(description: str) -> bool:
    """Whether formatting is left out on the way to Sage."""
    return bool(_TAG.search(description) or _MARKDOWN_STRONG.search(description))


def _unescaped(text: str) -> str:
    for _ in range(3):  # Text that was escaped more than once on its way here.
        if (clearer := html.unescape(text)) == text:
            break
        text = clearer
    return text.replace("\xa0", " ")


def _without_tags(text: str) -> str:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return "".join(reader.pieces)


class _Reader(HTMLParser):
    """Collects what a reader of the page would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unseen = 0
        self._addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "li":
            self.pieces.append("\n- ")
        elif tag == "a":
            self._addresses.append(dict(attrs).get("href") or "")
        elif tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag == "a" and self._addresses:
            address = self._addresses.pop()
            if address.startswith(("http://", "https://", "mailto:")):
                self.pieces.append(f" ({address})")
        elif tag in _CELLS:
            self.pieces.append(" ")
        elif tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(data)
