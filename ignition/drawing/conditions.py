"""What stands behind `if` in a template, made ready once. The rules are Django's (`django.template.smartif`)."""

import operator
from collections.abc import Callable
from typing import Any

from django.template import Context
from django.template.defaulttags import TemplateLiteral

from ignition.drawing.expressions import quick

Condition = Callable[[Context], Any]
_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "in": lambda one, other: one in other,
    "not in": lambda one, other: one not in other,
    "is": operator.is_,
    "is not": operator.is_not,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def condition(asked: Any) -> Condition:
    """What answers the condition from a context."""
    if isinstance(asked, TemplateLiteral):
        return _literal(asked)
    if asked.id == "not":
        return _negation(condition(asked.first))
    if asked.id in {"and", "or"}:
        return _both_or_either(asked.id, condition(asked.first), condition(asked.second))
    if asked.id in _COMPARED:
        return _comparison(_COMPARED[asked.id], condition(asked.first), condition(asked.second))
    answer: Condition = asked.eval
    return answer


def _literal(asked: Any) -> Condition:
    asked.value = quick(asked.value)
    resolve = asked.value.resolve
    return lambda context: resolve(context, True)  # missing is None here


# A condition that cannot be answered is false: templates do not raise here.
def _negation(one: Condition) -> Condition:
    def answer(context: Context) -> Any:
        try:
            return not one(context)
        except Exception:  # noqa: BLE001
            return False

    return answer


def _both_or_either(word: str, one: Condition, other: Condition) -> Condition:
    def both(context: Context) -> Any:
        try:
            return one(context) and other(context)
        except Exception:  # noqa: BLE001
            return False

    def either(context: Context) -> Any:
        try:
            return one(context) or other(context)
        except Exception:  # noqa: BLE001
            return False

    return both if word == "and" else either


def _comparison(compare: Callable[[Any, Any], Any], one: Condition, other: Condition) -> Condition:
    def answer(context: Context) -> Any:
        try:
            return compare(one(context), other(context))
        except Exception:  # noqa: BLE001
            return False

    return answer
