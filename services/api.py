"""The price list, for programs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practices.rest.filters import Filter
from practices.rest.views import ReadOnlyResource
from services.forms import PriceForm
from services.models import Price, Service, TaxRate
from services.operations import archive_service, reprice_service, restore_service


class TaxRateSerializer(serializers.ModelSerializer[TaxRate]):
    """A VAT rate under the practice's own name."""

    class Meta:
        model = TaxRate
        fields = ["id", "name", "vat_code", "status"]


class PriceSerializer(serializers.ModelSerializer[Price]):
    """A unit price before VAT from a date on."""

    class Meta:
        model = Price
        fields = ["unit_price", "highest_price", "effective_from"]


class ServiceSerializer(serializers.ModelSerializer[Service]):
    """What the practice sells."""

    prices = PriceSerializer(many=True, read_only=True)

    class Meta:
        model = Service
        fields = [
            "id",
            "name",
            "description",
            "billing_basis",
            "unit_name",
            "billing_mode",
            "tax_rate",
            "status",
            "prices",
        ]


class Services(ReadOnlyResource):
    """The services of the price list with their price history."""

    scope = "services"
    serializer_class = ServiceSerializer
    queryset = Service.objects.order_by("-id").prefetch_related("prices")
    filters = {
        "status": Filter("status", serializers.ChoiceField(Service.Status.choices)),
        "name": Filter("name__icontains", help="A part of the name."),
    }

    @extend_schema(request=PriceSerializer)
    @action(detail=True, methods=["post"])
    def reprice(self, request: Request, pk: str | None = None) -> Response:
        """Give the service another price from a date on; earlier prices stay in its history."""
        service = self.get_object()
        serializer: Any = PriceSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        form = PriceForm(request.data, basis=service.billing_basis)
        if not form.is_valid():
            raise serializers.ValidationError(
                {name: [str(each) for each in errors] for name, errors in form.errors.items()}
            )
        reprice_service(service, **form.cleaned_data)
        return self.answer(self.get_queryset().get(pk=service.pk))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: str | None = None) -> Response:
        """Offer the service no more; what is billed of it goes on."""
        return self.answer(archive_service(self.get_object()))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str | None = None) -> Response:
        """Offer an archived service again."""
        return self.answer(restore_service(self.get_object()))


class TaxRates(ReadOnlyResource):
    """The VAT rates the practice uses."""

    scope = "services"
    serializer_class = TaxRateSerializer
    queryset = TaxRate.objects.order_by("-id")
    filters = {"status": Filter("status", serializers.ChoiceField(TaxRate.Status.choices))}
