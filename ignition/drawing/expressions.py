"""What stands between braces in a template, made ready once so that it is read quickly each time.

Every rule is Django's (`django.template.base`): a name is looked for in the context, then keys, attributes, places in
a list; what can be called is called; what is missing is empty. Django finds out that something is missing by raising
and catching several errors, and components ask for many names that nobody gave; here missing is a value.
"""

from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from typing import Any

from django.template import Context, Variable, VariableDoesNotExist
from django.template.base import FilterExpression
from django.utils.safestring import SafeData, mark_safe
from django.utils.timezone import template_localtime  # type: ignore[attr-defined]

#: What reading a name gives where there is nothing.
MISSING: Any = object()
Reader = Callable[[Context], Any]
_NOT_A_KEY = (TypeError, AttributeError, KeyError, ValueError, IndexError)
_NOT_A_PLACE = (IndexError, ValueError, KeyError, TypeError)


class QuickExpression(FilterExpression):
    """A filter expression whose `resolve` was made ready; everything else about it is the original's."""

    __slots__ = ("resolve",)

    def __init__(self, original: FilterExpression) -> None:
        self.token, self.filters = original.token, original.filters
        self.var, self.is_var = original.var, original.is_var
        self.resolve = _resolver(original)  # type: ignore[method-assign]

    @property
    def is_constant(self) -> bool:
        """Whether it is a word or number of the template itself."""
        return not self.filters and (not self.is_var or _is_literal(self.var))


def quick(expression: FilterExpression) -> QuickExpression:
    """The expression made ready."""
    return expression if isinstance(expression, QuickExpression) else QuickExpression(expression)


def _resolver(original: FilterExpression) -> Callable[..., Any]:
    read = reader(original.var) if original.is_var else _always(original.var)
    applied = [_filter(function, arguments) for function, arguments in original.filters]

    def plain(context: Context, ignore_failures: bool = False) -> Any:  # noqa: FBT001, FBT002 - Django's
        try:
            value = read(context)
        except VariableDoesNotExist:  # raised by what was called
            value = MISSING
        if value is MISSING:
            return None if ignore_failures else ""
        return value

    def filtered(context: Context, ignore_failures: bool = False) -> Any:  # noqa: FBT001, FBT002 - Django's
        value = plain(context, ignore_failures)
        for apply in applied:
            value = apply(value, context)
        return value

    return filtered if applied else plain


def _filter(function: Any, arguments: Sequence[tuple[bool, Any]]) -> Callable[[Any, Context], Any]:
    """One filter with its arguments, as `FilterExpression.resolve` applies it."""
    given = [
        _argument(value) if is_variable else _always(mark_safe(value))  # noqa: S308 - the template's own
        for is_variable, value in arguments
    ]
    expects_localtime = getattr(function, "expects_localtime", False)
    needs_autoescape = getattr(function, "needs_autoescape", False)
    is_safe = getattr(function, "is_safe", False)

    def apply(value: Any, context: Context) -> Any:
        words = [each(context) for each in given]
        if expects_localtime:
            value = template_localtime(value, context.use_tz)
        if needs_autoescape:
            made = function(value, *words, autoescape=context.autoescape)
        else:
            made = function(value, *words)
        return mark_safe(made) if is_safe and isinstance(value, SafeData) else made  # noqa: S308 - so says the filter

    return apply


def _argument(variable: Variable) -> Reader:
    """A filter's argument: one that is missing is an error, as it is in Django."""
    read = reader(variable)

    def resolve(context: Context) -> Any:
        value = read(context)
        return variable.resolve(context) if value is MISSING else value

    return resolve


def reader(variable: Any) -> Reader:
    """What reads a variable from a context; `MISSING` where there is none."""
    if variable.translate:
        translated: Reader = variable.resolve
        return translated
    if _is_literal(variable):
        return _always(variable.literal)
    name, *rest = variable.lookups
    return _path_reader(name, rest) if rest else _name_reader(name)


def _is_literal(variable: Any) -> bool:
    return variable.lookups is None and not variable.translate


def _always(value: Any) -> Reader:
    return lambda context: value  # noqa: ARG005


def _name_reader(name: str) -> Reader:
    def read(context: Context) -> Any:
        for names in reversed(context.dicts):
            if name in names:
                value = names[name]
                return _called(value) if callable(value) else value
        return MISSING

    return read


def _path_reader(name: str, rest: Sequence[str]) -> Reader:
    def read(context: Context) -> Any:
        for names in reversed(context.dicts):
            if name in names:
                value = names[name]
                break
        else:
            return MISSING
        try:
            if callable(value):
                value = _call(value)
            for step in rest:
                value = _inside(value, step)
                if value is MISSING:
                    return MISSING
                if callable(value):
                    value = _call(value)
        except Exception as error:
            if getattr(error, "silent_variable_failure", False):
                return ""
            raise
        return value

    return read


def _inside(value: Any, step: str) -> Any:
    """What a value holds by this name: a key, an attribute, a place in a list."""
    if hasattr(type(value), "__getitem__"):
        try:
            return value[step]
        except _NOT_A_KEY:
            pass
    try:
        return getattr(value, step)
    except (TypeError, AttributeError):
        if step in dir(value):  # raised by a property
            raise
    try:
        return value[int(step)]
    except _NOT_A_PLACE:
        return MISSING


def _called(value: Any) -> Any:
    try:
        return _call(value)
    except Exception as error:
        if getattr(error, "silent_variable_failure", False):
            return ""
        raise


def _call(value: Any) -> Any:
    """What calling it gives, where a template may call it and it needs nothing."""
    if getattr(value, "do_not_call_in_templates", False):
        return value
    if getattr(value, "alters_data", False):
        return ""
    try:
        return value()
    except TypeError:
        if _needs_arguments(value):
            return ""
        raise


def _needs_arguments(value: Any) -> bool:
    """Whether it cannot be called from a template, rather than having failed inside."""
    try:
        signature(value).bind()
    except (ValueError, TypeError):
        return True
    return False


def quick_values(given: Mapping[str, FilterExpression]) -> list[tuple[str, Callable[..., Any]]]:
    """Names with what reads their values."""
    return [(name, quick(expression).resolve) for name, expression in given.items()]
