"""The parts of a parsed template, each drawing as Django's does, with what it needs made ready once.

A node is changed where it stands (`__class__`), so that blocks and partials, which are held by other names too, are
changed with it.
"""

import html
from collections.abc import Callable
from typing import Any

from django.template import Context, Engine, Node, NodeList
from django.template.base import (
    FilterExpression,
    TextNode,
    VariableDoesNotExist,
    VariableNode,
    render_value_in_context,
)
from django.template.defaulttags import CommentNode, ForNode, IfNode, LoadNode, URLNode, WithNode
from django.template.library import SimpleBlockNode, SimpleNode
from django.template.loader_tags import IncludeNode
from django.urls import NoReverseMatch
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

from ignition.drawing.called import Called
from ignition.drawing.conditions import condition
from ignition.drawing.expressions import quick, quick_values
from practices.addresses import address_of
from practices.templatetags.components import component, icon
from practices.templatetags.dates import civil_date
from practices.templatetags.money_tags import amount

Part = Callable[[Context], str]


class QuickNodes(NodeList):
    """Nodes in a row: what is always the same stands ready, the rest is asked."""

    words: list[str]
    asked: list[tuple[int, Part]]

    def make_ready(self) -> None:
        """Put the fixed words in their places, neighbours together."""
        self.words, self.asked = [], []
        for node in self:
            if not isinstance(node, TextNode):
                self.asked.append((len(self.words), node.render))
                self.words.append("")
            elif self.words and (not self.asked or self.asked[-1][0] != len(self.words) - 1):
                self.words[-1] += node.s
            else:
                self.words.append(node.s)

    def render(self, context: Context) -> SafeString:
        """All of it, in order."""
        words = self.words.copy()
        for place, ask in self.asked:
            words[place] = ask(context)
        return SafeString("".join(words))

    def is_pure(self, engine: Engine) -> bool:
        """Whether they look the same wherever they are drawn with the same values."""
        return all(
            isinstance(node, TextNode | LoadNode | CommentNode)
            or (hasattr(node, "is_pure") and node.is_pure(engine))
            for node in self
        )


class QuickVariable(VariableNode):
    """`{{ … }}`."""

    def make_ready(self) -> None:
        """Make the expression ready."""
        self.filter_expression = quick(self.filter_expression)
        self.resolve = self.filter_expression.resolve

    def render(self, context: Context) -> Any:
        """The value as text, escaped."""
        value = self.resolve(context)
        kind = type(value)
        if kind is SafeString:
            return str(value)
        if kind is str and context.autoescape:
            return html.escape(value)
        return str(render_value_in_context(value, context))

    def is_pure(self, engine: Engine) -> bool:  # noqa: ARG002
        """So far as its filters are, and ours and Django's are."""
        return True


class QuickIf(IfNode):
    """`{% if %}`."""

    def make_ready(self) -> None:
        """Make the conditions ready."""
        self.branches = [
            (None if asked is None else condition(asked), quicken(nodes))
            for asked, nodes in self.conditions_nodelists
        ]

    def render(self, context: Context) -> Any:
        """The first branch whose condition holds."""
        for asked, nodes in self.branches:
            try:
                holds = asked is None or asked(context)
            except VariableDoesNotExist:  # a filter's argument
                holds = False
            if holds:
                return nodes.render(context)
        return ""

    def is_pure(self, engine: Engine) -> bool:
        """As its branches are."""
        return all(nodes.is_pure(engine) for _, nodes in self.branches)


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

    def _walk(self, context: Context, own: dict[str, Any], items: Any, outer: Any) -> list[str]:
        loop = own["forloop"] = {"parentloop": outer}
        count, draw = len(items), self.nodelist_loop.render
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
        context.dicts.append({name: resolve(context) for name, resolve in self.values})
        try:
            return self.nodelist.render(context)
        finally:
            context.dicts.pop()


class QuickInclude(IncludeNode):
    """`{% include %}` of a template named in so many words."""

    def make_ready(self) -> None:
        """Make the values ready."""
        self.values = quick_values(self.extra_context)
        self.called = Called(self.template.var)

    def render(self, context: Context) -> Any:
        """The template with these values, alone or beside the others."""
        values = {name: resolve(context) for name, resolve in self.values}
        if self.isolated_context:
            return self.called.alone(values, context)
        context.dicts.append(values)
        try:
            return str(self.called.template(context).render(context))
        finally:
            context.dicts.pop()

    def is_pure(self, engine: Engine) -> bool:
        """As the other template is; one that sees what is around it is not."""
        return self.isolated_context and self.called.is_pure(engine)


class QuickAddress(URLNode):
    """`{% url %}` of a page named in so many words."""

    def make_ready(self) -> None:
        """Make the arguments ready."""
        self.name = self.view_name.var
        self.given = [quick(each).resolve for each in self.args]
        self.named = quick_values(self.kwargs)

    def render(self, context: Context) -> Any:
        """The address, kept under a name or drawn."""
        given = tuple([resolve(context) for resolve in self.given])
        named = {name: resolve(context) for name, resolve in self.named}
        address = ""
        try:
            address = address_of(self.name, given, named, current_app=_current_app(context))
        except NoReverseMatch:
            if self.asvar is None:
                raise
        if self.asvar:
            context[self.asvar] = address
            return ""
        return conditional_escape(address) if context.autoescape else address


def _current_app(context: Any) -> str | None:
    """The application the request is in, as Django's tag finds it."""
    request = getattr(context, "request", None)
    match = getattr(request, "resolver_match", None)
    found: str | None = getattr(request, "current_app", getattr(match, "namespace", None))
    return found


class QuickComponent(SimpleBlockNode):
    """`{% component "…" %}` named in so many words."""

    nodelist: Any

    def make_ready(self) -> None:
        """Make the values ready."""
        self.called = Called(f"components/{self.args[0].var}.html")
        self.values = quick_values(self.kwargs)
        quicken(self.nodelist)

    def render(self, context: Context) -> Any:
        """The component around what it holds."""
        values = {name: resolve(context) for name, resolve in self.values}
        values["body"] = self.nodelist.render(context)
        output = self.called.alone(values, context)
        if self.target_var is not None:
            context[self.target_var] = output
            return ""
        return output

    def is_pure(self, engine: Engine) -> bool:
        """As what it holds and the component are."""
        return bool(self.nodelist.is_pure(engine) and self.called.is_pure(engine))


class QuickTag(SimpleNode):
    """A tag that is a plain function."""

    def make_ready(self) -> None:
        """Make the arguments ready."""
        self.given = [quick(each).resolve for each in self.args]
        self.named = quick_values(self.kwargs)

    def render(self, context: Context) -> Any:
        """What the function gives, kept under a name or drawn."""
        given: list[Any] = [resolve(context) for resolve in self.given]
        if self.takes_context:
            given.insert(0, context)
        output = self.func(*given, **{name: resolve(context) for name, resolve in self.named})
        if self.target_var is not None:
            context[self.target_var] = output
            return ""
        if type(output) is SafeString:
            return output
        return conditional_escape(output) if context.autoescape else output

    def is_pure(self, engine: Engine) -> bool:  # noqa: ARG002
        """Whether the function has nothing but its arguments."""
        return self.func in PURE_TAGS


def quicken(nodes: Any) -> Any:
    """The nodes made ready, where they stand."""
    if isinstance(nodes, QuickNodes):
        return nodes
    for node in nodes:
        _quicken_node(node)
    nodes.__class__ = QuickNodes
    nodes.make_ready()
    return nodes


#: Tags whose functions give the same for the same.
PURE_TAGS = {icon, amount, civil_date}
#: Django's nodes and ours; others draw as they always did, with what they hold made ready.
QUICK: dict[type[Node], type[Any]] = {
    VariableNode: QuickVariable,
    IfNode: QuickIf,
    ForNode: QuickFor,
    WithNode: QuickWith,
    SimpleNode: QuickTag,
}


def _quicken_node(node: Any) -> None:
    kind = QUICK.get(type(node))
    if type(node) is IncludeNode and _is_named(node.template):
        kind = QuickInclude
    if type(node) is URLNode and _is_named(node.view_name):
        kind = QuickAddress
    if type(node) is SimpleBlockNode and node.func is component and _is_named(node.args[0]):
        kind = QuickComponent
    if kind is not None:
        node.__class__ = kind
        node.make_ready()
        return
    for name, value in list(vars(node).items()):
        if isinstance(value, NodeList):
            quicken(value)
        elif isinstance(value, FilterExpression):
            setattr(node, name, quick(value))


def _is_named(template: FilterExpression) -> bool:
    name = template.var
    return not template.filters and isinstance(name, str) and not name.startswith(("./", "../"))
