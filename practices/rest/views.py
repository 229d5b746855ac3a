"""What the viewsets of all resources share. They translate to and from operations and add no rule."""

from typing import Any, ClassVar

from rest_framework import mixins, viewsets
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from practices.rest.filters import Filter, refuse_unknown
from practices.rest.middleware import etag_of


class Resource(viewsets.GenericViewSet[Any]):
    """A resource of the practice: scope, filters, sparse fields, validators."""

    scope: ClassVar[str]
    filters: ClassVar[dict[str, Filter]] = {}
    #: Ids as PostgreSQL can hold them; anything else is no address.
    lookup_value_regex = "[1-9][0-9]{0,17}"

    def get_serializer(self, *args: Any, **kwargs: Any) -> BaseSerializer[Any]:
        """The serializer with only the fields asked for by `?fields=a,b` of a reading request."""
        serializer = super().get_serializer(*args, **kwargs)
        if wanted := self.request.query_params.get("fields") if self.request.method == "GET" else None:
            inner: Any = getattr(serializer, "child", serializer)
            names = set(wanted.split(","))
            refuse_unknown_fields(names - set(inner.fields))
            for name in set(inner.fields) - names:
                inner.fields.pop(name)
        return serializer

    def get_object(self) -> Any:
        """The row of the address; a change that names another state than it is in (`If-Match`) is refused."""
        row = super().get_object()
        if self.request.method not in SAFE_METHODS:
            self.check_if_match(row)
        return row

    def get_locked_object(self) -> Any:
        """The row of the address as it is now, held until the request ends: what changes it meanwhile waits."""
        rows = self.filter_queryset(self.get_queryset()).select_for_update(of=["self"])
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def check_if_match(self, row: Any) -> None:
        """Refuses a change of something that changed since it was read (`If-Match`)."""
        wanted = self.request.headers.get("If-Match")
        if wanted and not is_among(etag_of(self.get_serializer_class()(row).data), wanted):
            raise ChangedSince

    def answer(self, row: Any, status: int = 200) -> Response:
        """The row as it is read, with its validator."""
        data = self.get_serializer_class()(row, context=self.get_serializer_context()).data
        return Response(data, status=status, headers={"ETag": etag_of(data)})


class ChangedSince(APIException):
    """The row is no longer what `If-Match` names."""

    status_code = 412
    default_detail = "This changed since you read it. Read it again and repeat your change."


class ReadOnlyResource(mixins.ListModelMixin, Resource):
    """A resource that programs may list and read."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One page of the list; 304 when the caller has it already."""
        return _unless_known(request, super().list(request, *args, **kwargs))

    def retrieve(self, request: Request, *_: Any, **__: Any) -> Response:
        """One row; 304 when the caller has it already."""
        row = self.get_object()
        full = self.get_serializer_class()(row, context=self.get_serializer_context()).data
        response = Response(self.get_serializer(row).data, headers={"ETag": etag_of(full)})
        return _unless_known(request, response)


def the_only_one(request: Request, data: dict[str, Any]) -> Response:
    """What a practice has one of, with only the fields asked for; 304 when the caller has it already."""
    refuse_unknown(request, {"fields"})
    names = set(filter(None, request.query_params.get("fields", "").split(",")))
    refuse_unknown_fields(names - set(data))
    told = {name: value for name, value in data.items() if not names or name in names}
    return _unless_known(request, Response(told, headers={"ETag": etag_of(data)}))


def refuse_unknown_fields(unknown: set[str]) -> None:
    """Raises `ValidationError` where fields are asked for that are none."""
    if unknown:
        raise ValidationError({"fields": [f"There is no field {name}." for name in sorted(unknown)]})


def is_among(tag: str, header: str) -> bool:
    """Whether a header with validators (`*`, or some separated by commas) names this one; a strong comparison."""
    return header.strip() == "*" or tag in (each.strip() for each in header.split(","))


def _unless_known(request: Request, response: Response) -> Response:
    tag = response.headers.get("ETag") or etag_of(response.data)
    response.headers["ETag"] = tag
    # A proxy that compressed the answer has made its validator a weak one, which is as good for reading.
    known = request.headers.get("If-None-Match", "").replace("W/", "")
    if known and is_among(tag, known):
        return Response(status=304, headers={"ETag": tag})
    return response
