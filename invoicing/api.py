"""What is billed, owed and paid, for programs."""

from typing import Any

from django.db import models
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import Client
from invoicing.models import Allocation, Invoice, InvoiceLine, Payment
from invoicing.operations import (
    discard_draft,
    draft_invoice,
    issue_invoice,
    receive_by_hand,
    take_back,
    void_invoice,
)
from practices.rest.filters import Filter
from practices.rest.requests import today_of
from practices.rest.views import ReadOnlyResource
from services.models import Service, TaxRate

AnId = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class InvoiceLineSerializer(serializers.ModelSerializer[InvoiceLine]):
    """One line: quantity × unit price before VAT, rounded by itself."""

    # What the form offers too: what is included or archived is not billed anew (F22).
    service = serializers.PrimaryKeyRelatedField(
        queryset=Service.objects.offered().exclude(billing_basis=Service.BillingBasis.INCLUDED)
    )
    tax_rate = serializers.PrimaryKeyRelatedField(queryset=TaxRate.objects.offered())

    class Meta:
        model = InvoiceLine
        fields = [
            "service",
            "name",
            "description",
            "quantity",
            "unit_price",
            "tax_rate",
            "vat_percent",
            "net",
            "vat",
        ]
        read_only_fields = ["vat_percent", "net", "vat"]


class InvoiceSerializer(serializers.ModelSerializer[Invoice]):
    """What a client owes, frozen once it is issued."""

    number = serializers.CharField(source="number_label", read_only=True)
    client = serializers.PrimaryKeyRelatedField(queryset=Client.objects.current())
    gross = serializers.DecimalField(max_digits=13, decimal_places=2, read_only=True)
    lines: Any = serializers.ListSerializer(child=InvoiceLineSerializer(), min_length=1, max_length=500)

    class Meta:
        model = Invoice
        fields = [
            "id",
            "number",
            "client",
            "proposal",
            "source",
            "status",
            "tax_point",
            "due_on",
            "net",
            "vat",
            "gross",
            "outstanding",
            "lines",
        ]
        read_only_fields = ["proposal", "source", "status", "due_on", "net", "vat", "outstanding"]


class Invoices(ReadOnlyResource):
    """Drafts, issued and void invoices."""

    scope = "invoices"
    serializer_class = InvoiceSerializer
    queryset = Invoice.objects.order_by("-id").prefetch_related("lines")
    filters = {
        "status": Filter("status", serializers.ChoiceField(Invoice.Status.choices)),
        "client": Filter("client_id", AnId),
        "from": Filter("tax_point__gte", serializers.DateField(), help="Dated on this day or later."),
        "to": Filter("tax_point__lte", serializers.DateField(), help="Dated on this day or earlier."),
    }

    def create(self, request: Request) -> Response:
        """Draft an invoice; nothing is owed before it is issued."""
        serializer: Any = InvoiceSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data
        lines = [InvoiceLine(**line) for line in asked["lines"]]
        invoice = draft_invoice(
            asked["client"], lines, tax_point=asked["tax_point"], source=Invoice.Source.INSTANT
        )
        return self.answer(invoice, status=201)

    def destroy(self, request: Request, pk: str | None = None) -> Response:
        """Delete a draft. An issued invoice is voided or credited instead."""
        discard_draft(self.get_object())
        return Response(status=204)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def issue(self, request: Request, pk: str | None = None) -> Response:
        """Number the draft, fix its amounts for good and ask the ledger to post it."""
        return self.answer(issue_invoice(self.get_object(), on=today_of(request)))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def void(self, request: Request, pk: str | None = None) -> Response:
        """Cancel an invoice that nothing was paid on and that is not in Sage."""
        return self.answer(void_invoice(self.get_object()))


class AllocationSerializer(serializers.ModelSerializer[Allocation]):
    """Part of a payment set against one invoice."""

    invoice = serializers.PrimaryKeyRelatedField(queryset=Invoice.objects.all())

    class Meta:
        model = Allocation
        fields = ["invoice", "amount"]


class PaymentSerializer(serializers.ModelSerializer[Payment]):
    """Money received, entered by hand or mirrored from Sage; its kind says what is no new money."""

    client = serializers.PrimaryKeyRelatedField(queryset=Client.objects.all())
    allocations: Any = serializers.ListSerializer(child=AllocationSerializer(), max_length=500)

    class Meta:
        model = Payment
        fields = [
            "id",
            "client",
            "received_on",
            "amount",
            "kind",
            "source",
            "reference",
            "reversed_at",
            "allocations",
        ]
        read_only_fields = ["kind", "source", "reversed_at"]


class Payments(ReadOnlyResource):
    """Money received. What is recorded here by hand never reaches Sage."""

    scope = "invoices"
    serializer_class = PaymentSerializer
    queryset = Payment.objects.order_by("-id").prefetch_related(
        models.Prefetch("allocations", Allocation.objects.filter(invoice__isnull=False))
    )
    filters = {
        "client": Filter("client_id", AnId),
        "source": Filter("source", serializers.ChoiceField(Payment.Source.choices)),
    }

    def create(self, request: Request) -> Response:
        """Record money received, and what it pays."""
        serializer: Any = PaymentSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data
        payment = receive_by_hand(
            asked["client"],
            received_on=asked["received_on"],
            amount=asked["amount"],
            reference=asked.get("reference", ""),
            allocations=[(part["invoice"], part["amount"]) for part in asked["allocations"]],
            on=today_of(request),
        )
        return self.answer(payment, status=201)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def reverse(self, request: Request, pk: str | None = None) -> Response:
        """Take a payment back that was recorded here; one of Sage is taken back there."""
        return self.answer(take_back(self.get_object()))
