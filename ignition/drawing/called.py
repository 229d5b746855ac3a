"""Templates that another one calls with values: components, which see those values and nothing else.

A component that is made of nothing but its values looks the same each time it gets the same ones. Those given short
words and numbers (badges, buttons, entries of menus) are therefore kept once drawn.
"""

from threading import RLock
from typing import Any

from django.template import Context, Engine, Template
from django.utils.safestring import SafeString

#: What stands at the bottom of every context.
BUILTINS = {"True": True, "False": False, "None": None}
#: So many drawn components are kept in a process, none longer than that, and none around more than a few words: a
#: form with its token, or what a page puts in a card, never comes again.
KEPT, LONGEST, FEW_WORDS = 2048, 2000, 100
#: Values of these kinds look the same wherever and whenever they are drawn.
_PLAIN = frozenset((str, SafeString, int, bool, type(None)))
_drawn: dict[tuple[Any, ...], str] = {}
#: One thread at a time works out which templates are pure; the others wait for what it finds.
_asking = RLock()


class Called:
    """One place in a template that calls another by name."""

    __slots__ = ("_found", "_is_pure", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self._found: Any = None
        self._is_pure = False

    def template(self, context: Any) -> Template:
        """The template, looked for once."""
        if self._found is None:
            engine = context.template.engine
            self._found = engine.get_template(self.name)
            self._is_pure = is_pure(self._found, engine)
        found: Template = self._found
        return found

    def is_pure(self, engine: Engine) -> bool:
        """Whether the template is made of nothing but what it is given."""
        return is_pure(engine.get_template(self.name), engine)

    def alone(self, values: dict[str, Any], context: Context) -> str:
        """The template with nothing but these values."""
        template = self.template(context)
        if not self._is_pure or not context.autoescape:
            return drawn_alone(template, values, context)
        given = tuple(values.values())
        kinds = tuple(map(type, given))
        if not _PLAIN.issuperset(kinds):
            return drawn_alone(template, values, context)
        # A word that is markup already is not the same as one that is not, and True is not 1.
        key = (self.name, tuple(values), given, kinds)
        drawn = _drawn.get(key)
        if drawn is None:
            drawn = drawn_alone(template, values, context)
            _keep(key, given, drawn)
        return drawn


def _keep(key: tuple[Any, ...], given: tuple[Any, ...], drawn: str) -> None:
    if len(drawn) > LONGEST or any(len(value) > FEW_WORDS for value in given if isinstance(value, str)):
        return
    if len(_drawn) >= KEPT:
        _drawn.clear()
    _drawn[key] = drawn


def is_pure(template: Any, engine: Engine) -> bool:
    """Whether a template looks the same whenever it is given the same; one that is being asked calls itself."""
    if not hasattr(template, "is_known_pure"):
        with _asking:
            if not hasattr(template, "is_known_pure"):
                if getattr(template, "is_being_asked", False):
                    return False
                template.is_being_asked = True
                try:
                    template.is_known_pure = template.nodelist.is_pure(engine)
                finally:
                    template.is_being_asked = False
    known: bool = template.is_known_pure
    return known


def drawn_within(template: Any, context: Any) -> str:
    """The template with what the context holds, in the course of drawing another."""
    state = context.render_context
    around = state.template
    state.template = template
    state.dicts.append({})
    try:
        drawn: str = template.nodelist.render(context)
    finally:
        state.dicts.pop()
        state.template = around
    return drawn


def drawn_alone(template: Any, values: dict[str, Any], context: Any) -> str:
    """The template with nothing but these values, in the course of drawing another."""
    kept = context.dicts
    context.dicts = [BUILTINS, values]
    try:
        return drawn_within(template, context)
    finally:
        context.dicts = kept
