"""The services of a proposal, for programs: read, and written whole."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Model, Q
from rest_framework import serializers

from practices.rich_text import sanitised
from practices.row_keys import row_key
from proposals.billing_rules import MOST, Rule
from proposals.editor_forms import LONGEST_DESCRIPTION
from proposals.errors import HasPackages, SaysMoreThanLines
from proposals.models import Proposal, ProposalGroup, ProposalLine
from proposals.operations.editing import MOST_LINES
from proposals.operations.templates import line_for
from services.models import Service, TaxRate
from services.queries import with_price

ZERO = Decimal(0)
Billing, Period = ProposalLine.Billing, ProposalLine.Period
#: A line that `NewProposalLine` has words for.
SAID_WHOLE = Q(
    deposit=0,
    counts_from=ProposalLine.CountsFrom.START,
    delay=0,
    times=None,
    completes_on=None,
    replaces=None,
)


class ProposalLineSerializer(serializers.ModelSerializer[ProposalLine]):
    """One offered service at its price, under which heading it stands, and when it is billed."""

    heading = serializers.CharField(source="group.heading", read_only=True, default="")

    class Meta:
        model = ProposalLine
        fields = [
            "id",
            "heading",
            "service",
            "name",
            "description",
            "quantity",
            "unit_price",
            "highest_price",
            "discount_percent",
            "tax_rate",
            "is_optional",
            "billing",
            "every",
            "period",
        ]


class _OneOfMany(serializers.PrimaryKeyRelatedField[Any]):
    """A row by its key, as its neighbour, but for all lines that are sent together read at once."""

    known: dict[int, Model]

    def know(self, sent: Iterable[Any]) -> None:
        """Read the rows of all these keys in one question; what is no key is refused later."""
        keys = {key for each in sent if not isinstance(each, bool) and (key := row_key(str(each)))}
        rows: Any = self.get_queryset()
        self.known = rows.in_bulk(keys) if keys else {}

    def to_internal_value(self, data: Any) -> Any:
        """The row. Raises ValidationError."""
        if isinstance(data, bool) or not isinstance(data, int | str):
            self.fail("incorrect_type", data_type=type(data).__name__)
        if (row := self.known.get(row_key(str(data)))) is None:
            self.fail("does_not_exist", pk_value=data)
        return row


def _price(help_text: str) -> serializers.DecimalField:
    return serializers.DecimalField(
        min_value=ZERO,
        max_digits=12,
        decimal_places=4,
        required=False,
        allow_null=True,
        help_text=help_text,
    )


class NewProposalLine(serializers.Serializer[Any]):
    """A service of the price list; what is left out, or null, is as the price list says."""

    service = _OneOfMany(queryset=Service.objects.offered())
    name = serializers.CharField(max_length=120, required=False, allow_null=True)
    description = serializers.CharField(
        max_length=LONGEST_DESCRIPTION, required=False, allow_null=True, allow_blank=True
    )
    quantity = serializers.DecimalField(
        min_value=Decimal("0.01"), max_digits=10, decimal_places=2, default=Decimal(1)
    )
    unit_price = _price(help_text="Before VAT.")
    highest_price = _price(help_text="Of a price in a range.")
    discount_percent = serializers.DecimalField(
        min_value=ZERO, max_value=Decimal(100), max_digits=5, decimal_places=2, default=ZERO
    )
    tax_rate = _OneOfMany(queryset=TaxRate.objects.offered(), required=False, allow_null=True)
    is_optional = serializers.BooleanField(default=False, help_text="An add-on that the client may take.")
    heading = serializers.CharField(
        max_length=80,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="What it stands under, with others of its billing. Left out: as the draft calls those so far.",
    )
    billing = serializers.ChoiceField(Billing.choices)
    every = serializers.IntegerField(
        min_value=1,
        max_value=MOST,
        required=False,
        allow_null=True,
        help_text="Of recurring work: every how many.",
    )
    period = serializers.ChoiceField(
        Period.choices, required=False, allow_null=True, allow_blank=True, help_text="Of recurring work."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A whole rule, and prices only where the service has them; a line that was read says null for nothing."""
        attrs = {
            name: value for name, value in attrs.items() if value is not None and (value or name != "period")
        }
        recurs = attrs["billing"] == Billing.RECURRING
        for name in ("every", "period"):
            if recurs and name not in attrs:
                raise serializers.ValidationError({name: ["Recurring work says how often it is billed."]})
            if not recurs and name in attrs:
                raise serializers.ValidationError({name: ["Only recurring work is billed every so often."]})
        basis = attrs["service"].billing_basis
        if basis == Service.BillingBasis.INCLUDED and (attrs.get("unit_price") or attrs["discount_percent"]):
            raise serializers.ValidationError({"unit_price": ["This service is included without a price."]})
        if basis != Service.BillingBasis.RANGE and "highest_price" in attrs:
            raise serializers.ValidationError(
                {"highest_price": ["Only a price in a range has an upper end."]}
            )
        return attrs


class NewProposalLines(serializers.ListSerializer[Any]):
    """All services of a proposal, in their order."""

    child: Any = NewProposalLine()

    def to_internal_value(self, data: Any) -> Any:
        """The lines, their services and VAT rates read in one question each. Raises ValidationError."""
        sent = data[:MOST_LINES] if isinstance(data, list) else []
        for name, field in self.child.fields.items():
            if isinstance(field, _OneOfMany):
                field.know(line.get(name) for line in sent if isinstance(line, dict))
        return super().to_internal_value(data)


def check_lines_say_all(proposal: Proposal) -> None:
    """Raise `HasPackages` or `SaysMoreThanLines` where a list of services would drop what the draft says."""
    if proposal.options.exists():
        raise HasPackages(proposal)
    if proposal.lines.exclude(SAID_WHOLE).exists():
        raise SaysMoreThanLines(proposal)


def lines_from(asked: list[dict[str, Any]], on: date) -> list[ProposalLine]:
    """Unsaved lines as asked for, each with the library's words and its price on that day where none is given."""
    wanted = Service.objects.filter(pk__in={line["service"].pk for line in asked})
    services: dict[int, Any] = with_price(wanted, on).select_related("tax_rate").in_bulk()
    return [_line(services[line["service"].pk], line, place) for place, line in enumerate(asked)]


def _line(service: Any, asked: dict[str, Any], place: int) -> ProposalLine:
    line = line_for(
        service,
        quantity=asked["quantity"],
        price=asked.get("unit_price", service.unit_price),
        highest=asked.get("highest_price", service.highest_price),
    )
    line.name = asked.get("name", line.name)
    line.description = sanitised(asked.get("description", line.description))
    line.tax_rate = asked.get("tax_rate", line.tax_rate)
    line.discount_percent, line.is_optional = asked["discount_percent"], asked["is_optional"]
    rule = Rule(billing=asked["billing"], every=asked.get("every"), period=asked.get("period", ""))
    for name, value in rule.fields.items():
        setattr(line, name, value)
    line.group = ProposalGroup(heading=asked.get("heading", ""))
    is_range = service.billing_basis == Service.BillingBasis.RANGE
    if is_range and (line.highest_price is None or line.highest_price <= line.unit_price):
        words = "Say the upper end of the range, higher than the price."
        raise serializers.ValidationError({"lines": {str(place): {"highest_price": [words]}}})
    return line
