"""Parts of a template in a row, and what of a loop's row is the same for all of them, decided before the first.

A row of a list asks again and again which columns are shown and what somebody may do. Where nothing inside the loop
gives another meaning to the names of such a condition, it is asked once, and the rows are drawn without it.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.template import Context
from django.template.base import TextNode, VariableNode
from django.template.defaulttags import CommentNode, CsrfTokenNode, LoadNode, TemplateLiteral
from django.utils.safestring import SafeString

Part = Callable[[Context], str]
Names = frozenset[str]
NO_NAMES: Names = frozenset()
#: Nodes after which every name means what it meant before.
_SILENT = (TextNode, VariableNode, CommentNode, CsrfTokenNode, LoadNode)


class Strip:
    """Words and parts to ask in a row: what is always the same stands ready, neighbours together."""

    __slots__ = ("asked", "words")

    def __init__(self) -> None:
        self.words: list[str] = []
        self.asked: list[tuple[int, Part]] = []

    def say(self, words: str) -> None:
        """Add words that are always the same."""
        if self.words and (not self.asked or self.asked[-1][0] != len(self.words) - 1):
            self.words[-1] += words
        else:
            self.words.append(words)

    def ask(self, part: Part) -> None:
        """Add a part that is drawn each time."""
        self.asked.append((len(self.words), part))
        self.words.append("")

    def drawn_by(self) -> Part:
        """What draws all of it, in order."""
        if not self.asked:
            alike = SafeString("".join(self.words))
            return lambda context: alike  # noqa: ARG005
        return self._draw

    def _draw(self, context: Context) -> SafeString:
        words = self.words.copy()
        for place, ask in self.asked:
            words[place] = ask(context)
        return SafeString("".join(words))


def lay(strip: Strip, nodes: Iterable[Any], context: Context, changing: Names) -> None:
    """Put nodes on a strip; conditions that ask for none of the changing names are decided now."""
    for node in nodes:
        if isinstance(node, TextNode):
            strip.say(node.s)
        elif hasattr(node, "lay"):
            node.lay(strip, context, changing)
        else:
            strip.ask(node.render)


def laid(nodes: Iterable[Any], context: Context, changing: Names) -> Part:
    """What draws these nodes for every row of a loop that is about to begin."""
    strip = Strip()
    lay(strip, nodes, context, changing)
    return strip.drawn_by()


def names_set(nodes: Iterable[Any]) -> Names | None:
    """The names that mean something else while or after these nodes are drawn; None where nobody can tell."""
    found = NO_NAMES
    for node in nodes:
        if isinstance(node, _SILENT):
            continue
        own: Names | None = node.names_set() if hasattr(node, "names_set") else None
        if own is None:
            return None
        found |= own
    return found


def settles(nodes: Iterable[Any], changing: Names) -> bool:
    """Whether anything of them can be decided before a loop in which these names change."""
    return any(node.settles(changing) for node in nodes if hasattr(node, "settles"))


def names_asked(asked: Any) -> Names | None:
    """The names that a condition begins at; None where a filter has a say."""
    if isinstance(asked, TemplateLiteral):
        expression: Any = asked.value
        if expression.filters:
            return None
        found = getattr(expression.var, "lookups", None)
        return frozenset(found[:1]) if found else NO_NAMES
    sides = [names_asked(side) for side in (asked.first, asked.second) if side is not None]
    return None if None in sides else NO_NAMES.union(*sides)  # type: ignore[arg-type]
