"""The parts of a parsed template, each drawing as Django's does, with what it needs made ready once.

A node is changed where it stands (`__class__`), so that blocks and partials, which are held by other names too, are
changed with it.
"""

import html
from typing import Any

from django.template import Context, Engine, Node, NodeList
from django.template.base import (
    FilterExpression,
    TextNode,
    VariableNode,
    render_value_in_context,
)
from django.template.defaulttags import CommentNode, LoadNode, URLNode
from django.template.library import SimpleBlockNode, SimpleNode
from django.template.loader_tags import IncludeNode
from django.urls import NoReverseMatch
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

from ignition.drawing.called import Called, drawn_within
from ignition.drawing.expressions import quick, quick_values
from ignition.drawing.strips import NO_NAMES, Names, Strip, names_set
from practices.addresses import address_of
from practices.templatetags.components import capture, component, icon
from practices.templatetags.dates import civil_date
from practices.templatetags.money_tags import amount


class QuickNodes(NodeList):
    """Nodes in a row: what is always the same stands ready, the rest is asked."""

    def make_ready(self) -> None:
        """Put the fixed words in their places, neighbours together."""
        strip = Strip()
        for node in self:
            if isinstance(node, TextNode):
                strip.say(node.s)
            else:
                strip.ask(node.render)
        self.render = strip.drawn_by()  # type: ignore[assignment, method-assign]

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
            return drawn_within(self.called.template(context), context)
        finally:
            context.dicts.pop()

    def is_pure(self, engine: Engine) -> bool:
        """As the other template is; one that sees what is around it is not."""
        return self.isolated_context and self.called.is_pure(engine)

    def names_set(self) -> Names:
        """None: what the other template sets ends with it."""
        return NO_NAMES


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

    def names_set(self) -> Names:
        """The name it keeps the address under."""
        return frozenset(filter(None, (self.asvar,)))


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

    def names_set(self) -> Names | None:
        """Those that what it holds sets, and its own."""
        inside = names_set(self.nodelist)
        return None if inside is None else inside.union(filter(None, (self.target_var,)))


class QuickCapture(SimpleBlockNode):
    """`{% capture as … %}`."""

    nodelist: Any

    def make_ready(self) -> None:
        """Make what it holds ready."""
        quicken(self.nodelist)

    def render(self, context: Context) -> Any:
        """Nothing, or what it holds where it is given no name."""
        drawn = self.nodelist.render(context)
        if self.target_var is None:
            return drawn
        context[self.target_var] = drawn
        return ""

    def is_pure(self, engine: Engine) -> bool:
        """As what it holds is."""
        return bool(self.nodelist.is_pure(engine))

    def names_set(self) -> Names | None:
        """Those that what it holds sets, and its own."""
        inside = names_set(self.nodelist)
        return None if inside is None else inside.union(filter(None, (self.target_var,)))


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

    def names_set(self) -> Names | None:
        """The name it keeps its value under; whoever is given the context may set any."""
        return None if self.takes_context else frozenset(filter(None, (self.target_var,)))


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
    if type(node) is SimpleBlockNode and node.func is capture:
        kind = QuickCapture
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
