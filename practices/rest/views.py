"""What the viewsets of all resources share. They translate to and from operations and add no rule."""

from typing import Any, ClassVar

from rest_framework import mixins, viewsets
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from practices.rest.filters import Filter
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
            if unknown := names - set(inner.fields):
                raise ValidationError({"fields": [f"There is no field {name}." for name in sorted(unknown)]})
            for name in set(inner.fields) - names:
                inner.fields.pop(name)
        return serializer

    def get_locked_object(self) -> Any:
        """The row of the address as it is now, held until the request ends: what changes it meanwhile waits."""
        rows = self.filter_queryset(self.get_queryset()).select_for_update(of=["self"])
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def check_if_match(self, row: Any) -> None:
        """Refuses a change of something that changed since it was read (`If-Match`)."""
        wanted = self.request.headers.get("If-Match")
        if wanted and wanted != etag_of(self.get_serializer_class()(row).data):
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


def _unless_known(request: Request, response: Response) -> Response:
    tag = response.headers.get("ETag") or etag_of(response.data)
    response.headers["ETag"] = tag
    if request.headers.get("If-None-Match") == tag:
        return Response(status=304, headers={"ETag": tag})
    return response
