"""What is billed when, for programs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from invoicing.models import BillingSchedule
from invoicing.operations import complete_schedule, end_billing, pause_billing, resume_billing
from practices.rest.filters import Filter
from practices.rest.requests import today_of
from practices.rest.views import ReadOnlyResource

AnId = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class ScheduleSerializer(serializers.ModelSerializer[BillingSchedule]):
    """An accepted line being billed."""

    class Meta:
        model = BillingSchedule
        fields = [
            "id",
            "client",
            "service",
            "name",
            "quantity",
            "unit_price",
            "tax_rate",
            "billing",
            "every",
            "period",
            "starts_on",
            "bills_from",
            "ends_on",
            "status",
        ]


class Pause(serializers.Serializer[Any]):
    """How long nothing is billed, and why; without a day, until somebody resumes it."""

    until = serializers.DateField(required=False)
    reason = serializers.CharField(max_length=150, required=False, allow_blank=True)


class End(serializers.Serializer[Any]):
    """The last day of the service."""

    on = serializers.DateField(required=False)


class Schedules(ReadOnlyResource):
    """What is billed, when and at which price."""

    scope = "invoices"
    serializer_class = ScheduleSerializer
    queryset = BillingSchedule.objects.order_by("-id")
    filters = {
        "client": Filter("client_id", AnId),
        "status": Filter("status", serializers.ChoiceField(BillingSchedule.Status.choices)),
    }

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: str | None = None) -> Response:
        """Work that is billed on completion is done: its invoice is issued, dated today."""
        schedule = self.get_object()
        complete_schedule(schedule, on=today_of(request))
        schedule.refresh_from_db()
        return self.answer(schedule)

    @extend_schema(request=Pause)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str | None = None) -> Response:
        """Bill nothing that is dated today or later until it is resumed."""
        asked: Any = Pause(data=request.data)
        asked.is_valid(raise_exception=True)
        return self.answer(pause_billing(self.get_object(), on=today_of(request), **asked.validated_data))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str | None = None) -> Response:
        """Bill again; what fell due during the pause is never billed."""
        return self.answer(resume_billing(self.get_object(), on=today_of(request)))

    @extend_schema(request=End)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str | None = None) -> Response:
        """Bill up to a last day, today unless another is given."""
        asked: Any = End(data=request.data)
        asked.is_valid(raise_exception=True)
        today = today_of(request)
        return self.answer(
            end_billing(self.get_object(), on=asked.validated_data.get("on", today), today=today)
        )
