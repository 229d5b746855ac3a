"""What a template does with its parts: one of several, each item of a list, with further names; see `nodes`."""

from functools import partial
from typing import Any

from django.template import Context, Engine
from django.template.base import VariableDoesNotExist
from django.template.defaulttags import ForNode, IfNode, WithNode
from django.utils.safestring import SafeString

from ignition.drawing.conditions import condition
from ignition.drawing.expressions import quick, quick_values
from ignition.drawing.nodes import QUICK, quicken
from ignition.drawing.strips import NO_NAMES, Names, Part, Strip, laid, lay, names_asked, names_set, settles

#: A loop over fewer asks each row everything.
WORTH_SETTLING = 4


class QuickIf(IfNode):
    """`{% if %}`."""

    def make_ready(self) -> None:
        """Make the conditions ready."""
        asked = [names_asked(each) for each, _ in self.conditions_nodelists if each is not None]
        self.names_asked = None if None in asked else NO_NAMES.union(*asked)  # type: ignore[arg-type]
        self.branches = [
            (None if asked is None else condition(asked), quicken(nodes))
            for asked, nodes in self.conditions_nodelists
        ]

    def branch(self, context: Context) -> Any:
        """The nodes behind the first condition that holds; none where none does."""
        for asked, nodes in self.branches:
            try:
                holds = asked is None or asked(context)
            except VariableDoesNotExist:  # a filter's argument
                holds = False
            if holds:
                return nodes
        return None

    def render(self, context: Context) -> Any:
        """The first branch whose condition holds."""
        nodes = self.branch(context)
        return "" if nodes is None else nodes.render(context)

    def is_pure(self, engine: Engine) -> bool:
        """As its branches are."""
        return all(nodes.is_pure(engine) for _, nodes in self.branches)

    def names_set(self) -> Names | None:
        """As its branches do."""
        return names_set(node for _, nodes in self.branches for node in nodes)

    def settles(self, changing: Names) -> bool:
        """Whether its conditions are the same for every row."""
        return self.names_asked is not None and not self.names_asked & changing

    def lay(self, strip: Strip, context: Context, changing: Names) -> None:
        """Itself, or what is behind the condition that holds for every row."""
        if self.settles(changing):
            lay(strip, self.branch(context) or (), context, changing)
        else:
            strip.ask(self.render)


class QuickFor(ForNode):
    """`{% for %}`."""

    sequence: Any
    loopvars: Any
    nodelist_loop: Any
    nodelist_empty: Any

    def make_ready(self) -> None:
        """Make what is walked through ready."""
        self.sequence = quick(self.sequence)
        self.resolve = self.sequence.resolve
        quicken(self.nodelist_loop)
        quicken(self.nodelist_empty)
        self.changing = self.names_set()
        self.is_settled = self.changing is not None and settles(self.nodelist_loop, self.changing)

    def render(self, context: Context) -> Any:
        """Its nodes once for each item."""
        outer = context.get("forloop", {})
        own: dict[str, Any] = {}
        context.dicts.append(own)
        try:
            items = self.resolve(context, True)  # missing is None here
            if items is None:
                items = ()
            elif not hasattr(items, "__len__"):
                items = list(items)
            if len(items) == 0:
                return self.nodelist_empty.render(context)
            return SafeString("".join(self._walk(context, own, items, outer)))
        finally:
            context.dicts.pop()

    def is_pure(self, engine: Engine) -> bool:
        """As what it repeats is."""
        return bool(self.nodelist_loop.is_pure(engine) and self.nodelist_empty.is_pure(engine))

    def names_set(self) -> Names | None:
        """The names of an item, and those that what it repeats sets."""
        inside = names_set((*self.nodelist_loop, *self.nodelist_empty))
        return None if inside is None else inside.union(self.loopvars, ("forloop",))

    def _walk(self, context: Context, own: dict[str, Any], items: Any, outer: Any) -> list[str]:
        loop = own["forloop"] = {"parentloop": outer}
        count, draw = len(items), self.nodelist_loop.render
        if self.is_settled and count >= WORTH_SETTLING:
            draw = laid(self.nodelist_loop, context, self.changing or NO_NAMES)
        names = self.loopvars if len(self.loopvars) > 1 else None
        (name, *_) = self.loopvars
        drawn = []
        for place, item in enumerate(reversed(items) if self.is_reversed else items):
            loop["counter0"], loop["counter"] = place, place + 1
            loop["revcounter"], loop["revcounter0"] = count - place, count - place - 1
            loop["first"], loop["last"] = place == 0, place == count - 1
            if names is None:
                own[name] = item
                drawn.append(draw(context))
            else:
                context.dicts.append(_unpacked(names, item))
                try:
                    drawn.append(draw(context))
                finally:
                    context.dicts.pop()
        return drawn


def _unpacked(names: Any, item: Any) -> dict[str, Any]:
    found = len(item) if hasattr(item, "__len__") else 1
    if found != len(names):
        raise ValueError(f"Need {len(names)} values to unpack in for loop; got {found}. ")
    return dict(zip(names, item, strict=False))


class QuickWith(WithNode):
    """`{% with %}`."""

    def make_ready(self) -> None:
        """Make the values ready."""
        self.values = quick_values(self.extra_context)
        quicken(self.nodelist)

    def render(self, context: Context) -> Any:
        """Its nodes with these values beside the others."""
        return self._around(self.nodelist.render, context)

    def names_set(self) -> Names | None:
        """Its own, and those that what it holds sets."""
        inside = names_set(self.nodelist)
        return None if inside is None else inside.union(self.extra_context)

    def settles(self, changing: Names) -> bool:
        """Whether anything it holds does."""
        return settles(self.nodelist, changing)

    def lay(self, strip: Strip, context: Context, changing: Names) -> None:
        """Itself around what is left to ask for each row."""
        strip.ask(partial(self._around, laid(self.nodelist, context, changing)))

    def _around(self, draw: Part, context: Context) -> str:
        context.dicts.append({name: resolve(context) for name, resolve in self.values})
        try:
            return draw(context)
        finally:
            context.dicts.pop()


QUICK |= {IfNode: QuickIf, ForNode: QuickFor, WithNode: QuickWith}
