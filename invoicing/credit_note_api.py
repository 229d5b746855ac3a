"""Credit notes, for programs: read only. Crediting an invoice is asked for on its page, where its copy is seen."""

from typing import Any

from rest_framework import serializers

from invoicing.models import CreditNote, CreditNoteLine
from practices.rest.filters import Filter
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


class CreditNotes(ReadOnlyResource):
    """Invoices that were taken back."""

    scope = "invoices"
    serializer_class = CreditNoteSerializer
    queryset = CreditNote.objects.order_by("-id").prefetch_related("lines")
    filters = {"client": Filter("client_id", AnId), "invoice": Filter("invoice_id", AnId)}
