"""Query parameters that narrow a list."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request


@dataclass(frozen=True)
class Filter:
    """A query parameter that narrows a list: the lookup it becomes, and the field that reads its value."""

    lookup: str
    value: serializers.Field[Any, Any, Any, Any] = field(default_factory=serializers.CharField)
    help: str = ""


class DeclaredFilters(BaseFilterBackend):
    """Narrows a list by the view's `filters`, and refuses parameters that mean nothing."""

    KNOWN: ClassVar[set[str]] = {"cursor", "limit", "fields"}

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        """The rows that fit every parameter given."""
        filters: dict[str, Filter] = view.filters if view.detail is False else {}
        refuse_unknown(request, {*filters, *self.KNOWN})
        for name, wanted in filters.items():
            if name in request.query_params:
                try:
                    value = wanted.value.run_validation(request.query_params[name])
                except ValidationError as error:
                    raise ValidationError({name: error.detail}) from error
                queryset = queryset.filter(**{wanted.lookup: value})
        return queryset

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The parameters for the OpenAPI description."""
        return [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": wanted.help,
                "schema": _schema_of(wanted.value),
            }
            for name, wanted in view.filters.items()
        ]


def refuse_unknown(request: Request, known: set[str]) -> None:
    """Raises `ValidationError` for query parameters that mean nothing here."""
    if unknown := set(request.query_params) - known:
        raise ValidationError({name: ["There is no such parameter."] for name in sorted(unknown)})


def _schema_of(value: serializers.Field[Any, Any, Any, Any]) -> dict[str, Any]:
    if isinstance(value, serializers.ChoiceField):
        return {"type": "string", "enum": list(value.choices)}
    if isinstance(value, serializers.IntegerField):
        return {"type": "integer"}
    formats = {serializers.DateField: "date", serializers.DateTimeField: "date-time"}
    return {"type": "string", **({"format": formats[type(value)]} if type(value) in formats else {})}
