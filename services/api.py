"""The price list, for programs."""

from rest_framework import serializers

from practices.rest.filters import Filter
from practices.rest.views import ReadOnlyResource
from services.models import Price, Service, TaxRate


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


class TaxRates(ReadOnlyResource):
    """The VAT rates the practice uses."""

    scope = "services"
    serializer_class = TaxRateSerializer
    queryset = TaxRate.objects.order_by("-id")
    filters = {"status": Filter("status", serializers.ChoiceField(TaxRate.Status.choices))}
