"""The price list, for programs."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practices.rest.filters import Filter
from practices.rest.forms import checked
from practices.rest.requests import today_of
from practices.rest.views import ReadOnlyResource
from services.forms import LONGEST_DESCRIPTION, PriceForm, ServiceForm
from services.models import Price, Service, TaxRate
from services.operations import (
    add_service,
    amend_service,
    archive_service,
    category_named,
    remove_empty_categories,
    reprice_service,
    restore_service,
)


def _price() -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=12, decimal_places=4, min_value=Decimal(0), required=False, allow_null=True
    )


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
    category = serializers.SerializerMethodField()

    class Meta:
        model = Service
        fields = [
            "id",
            "name",
            "category",
            "description",
            "billing_basis",
            "unit_name",
            "billing_mode",
            "tax_rate",
            "status",
            "prices",
        ]

    def get_category(self, service: Service) -> str:
        """The heading of the price list it stands under; empty without one."""
        return service.category.name if service.category else ""


class ChangedService(serializers.Serializer[Any]):
    """What changes of a service; what is left out stays. Prices change by `reprice`."""

    name = serializers.CharField(max_length=120, required=False)
    category = serializers.CharField(max_length=60, required=False, allow_blank=True)
    description = serializers.CharField(max_length=LONGEST_DESCRIPTION, required=False, allow_blank=True)
    billing_basis = serializers.ChoiceField(Service.BillingBasis.choices, required=False)
    unit_name = serializers.CharField(max_length=30, required=False, allow_blank=True)
    billing_mode = serializers.ChoiceField(Service.BillingMode.choices, required=False)
    tax_rate = serializers.PrimaryKeyRelatedField(queryset=TaxRate.objects.offered(), required=False)


class NewService(ChangedService):
    """A service with its first price, which counts from today."""

    name = serializers.CharField(max_length=120)
    billing_basis = serializers.ChoiceField(Service.BillingBasis.choices)
    tax_rate = serializers.PrimaryKeyRelatedField(queryset=TaxRate.objects.offered())
    unit_price = _price()
    highest_price = _price()


class Services(ReadOnlyResource):
    """The services of the price list with their price history."""

    scope = "services"
    serializer_class = ServiceSerializer
    queryset = Service.objects.order_by("-id").select_related("category").prefetch_related("prices")
    filters = {
        "status": Filter("status", serializers.ChoiceField(Service.Status.choices)),
        "name": Filter("name__icontains", help="A part of the name."),
    }

    @extend_schema(request=NewService, responses={201: ServiceSerializer})
    def create(self, request: Request) -> Response:
        """Add a service to the price list."""
        form = self._entered(NewService, Service(), request)
        prices = {name: form.cleaned_data[name] for name in ("unit_price", "highest_price")}
        service = add_service(self._filled(form), effective_from=today_of(request), **prices)
        return self.answer(self.get_queryset().get(pk=service.pk), status=201)

    @extend_schema(request=ChangedService)
    def partial_update(self, request: Request, pk: str | None = None) -> Response:
        """Change particulars; what is agreed already keeps its copy. `If-Match` refuses what changed meanwhile."""
        service = self.get_locked_object()
        self.check_if_match(service)
        amend_service(self._filled(self._entered(ChangedService, service, request)))
        remove_empty_categories()
        return self.answer(self.get_queryset().get(pk=service.pk))

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

    def _entered(self, serializer_class: Any, service: Service, request: Request) -> Any:
        serializer = serializer_class(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = dict(serializer.validated_data)
        held = service.category.name if service.category else ""
        return checked(ServiceForm, {"category_name": asked.pop("category", held), **asked}, service)

    def _filled(self, form: Any) -> Service:
        service: Service = form.save(commit=False)
        service.category = category_named(form.cleaned_data["category_name"])
        return service


class TaxRates(ReadOnlyResource):
    """The VAT rates the practice uses."""

    scope = "services"
    serializer_class = TaxRateSerializer
    queryset = TaxRate.objects.order_by("-id")
    filters = {"status": Filter("status", serializers.ChoiceField(TaxRate.Status.choices))}
