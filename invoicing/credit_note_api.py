"""Credit notes, for programs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from invoicing.models import CreditNote, CreditNoteLine, Invoice
from invoicing.operations.credit_notes import amend_credit_note, issue_credit_note, post_credit_note
from practices.rest.filters import Filter
from practices.rest.requests import today_of
from practices.rest.views import ReadOnlyResource

AnId = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class CreditNoteLineSerializer(serializers.ModelSerializer[CreditNoteLine]):
    """One line taken back, with positive amounts."""

    class Meta:
        model = CreditNoteLine
        fields = [
            *(
                "service",
                "name",
                "description",
                "quantity",
                "unit_price",
                "tax_rate",
                "vat_percent",
                "net",
                "vat",
            )
        ]


class CreditNoteSerializer(serializers.ModelSerializer[CreditNote]):
    """What takes a whole invoice back."""

    number = serializers.CharField(source="number_label", read_only=True)
    gross: Any = serializers.DecimalField(max_digits=13, decimal_places=2, read_only=True)
    lines = CreditNoteLineSerializer(many=True, read_only=True)

    class Meta:
        model = CreditNote
        fields = ["id", "number", "invoice", "client", "issued_on", "reason", "net", "vat", "gross", "lines"]


class NewCreditNote(serializers.Serializer[Any]):
    """Which invoice is taken back, and why; dated today unless an earlier day is given."""

    invoice = serializers.PrimaryKeyRelatedField(queryset=Invoice.objects.all())
    reason = serializers.CharField(max_length=200)
    issued_on = serializers.DateField(required=False)


class CreditNoteChange(serializers.Serializer[Any]):
    """Another date or reason; the lines are the invoice's and stay."""

    reason = serializers.CharField(max_length=200, required=False)
    issued_on = serializers.DateField(required=False)


class Copying(serializers.Serializer[Any]):
    """Why a further copy is asked for; the first needs no reason."""

    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)


class CreditNotes(ReadOnlyResource):
    """Invoices that were taken back."""

    scope = "invoices"
    serializer_class = CreditNoteSerializer
    queryset = CreditNote.objects.order_by("-id").prefetch_related("lines")
    filters = {"client": Filter("client_id", AnId), "invoice": Filter("invoice_id", AnId)}

    @extend_schema(request=NewCreditNote, responses={201: CreditNoteSerializer})
    def create(self, request: Request) -> Response:
        """Take an issued invoice back as a whole; where it is in Sage, the credit note goes there too."""
        asked = _asked(NewCreditNote, request)
        today = today_of(request)
        note = issue_credit_note(
            asked["invoice"], reason=asked["reason"], issued_on=asked.get("issued_on", today), on=today
        )
        return self.answer(note, status=201)

    @extend_schema(request=CreditNoteChange)
    def partial_update(self, request: Request, pk: str | None = None) -> Response:
        """Change its date or its reason. `If-Match` refuses to change what changed meanwhile."""
        note = self.get_locked_object()
        self.check_if_match(note)
        asked = {"issued_on": note.issued_on, "reason": note.reason} | _asked(CreditNoteChange, request)
        return self.answer(amend_credit_note(note, on=today_of(request), **asked))

    @extend_schema(request=Copying)
    @action(detail=True, methods=["post"])
    def post(self, request: Request, pk: str | None = None) -> Response:
        """Copy it to Sage, where its invoice is there already."""
        note = self.get_object()
        post_credit_note(note, reason=_asked(Copying, request).get("reason", ""))
        return self.answer(note)


def _asked(serializer_class: Any, request: Request) -> dict[str, Any]:
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    asked: dict[str, Any] = serializer.validated_data
    return asked
