"""Templates: kept from a proposal, and put into another one at the library's prices of that day."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from practices import audit
from proposals import errors
from proposals.billing_rules import Rule
from proposals.models import Proposal, ProposalGroup, ProposalLine, ProposalOption, ProposalTemplate
from proposals.operations.locks import locked_editable
from proposals.starter_templates import StarterTemplate
from services.models import Service
from services.operations import add_service
from services.queries import default_tax_rate, with_price

KEPT = [
    "message",
    "minimum_months",
    "shows_prices",
    "shows_completion_dates",
    "shows_minimum_value",
    "reminds_every",
]


def keep_template(proposal: Proposal, *, name: str, description: str = "") -> ProposalTemplate:
    """A template with the proposal's services, headings, rules and packages; raises `TemplateNameTaken`."""
    options = {option.pk: number for number, option in enumerate(proposal.options.all())}
    lines = list(proposal.lines.all())
    content = {
        "particulars": {field: getattr(proposal, field) for field in KEPT},
        "options": [[option.name, option.description] for option in proposal.options.all()],
        "groups": [
            {
                "heading": group.heading,
                "rule": written_rule(group.rule),
                "option": options.get(group.option_id or 0),
                "lines": [_written(line) for line in lines if line.group_id == group.pk],
            }
            for group in proposal.groups.all()
        ],
    }
    return _created(ProposalTemplate(name=name, description=description, content=content))


def _created(template: ProposalTemplate) -> ProposalTemplate:
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError as error:
        if "one_template_of_a_name" in str(error):
            raise errors.TemplateNameTaken(template) from error
        raise
    audit.record("proposal_template.kept", template, name=template.name)
    return template


def written_rule(rule: Rule) -> dict[str, Any]:
    """The rule as a template keeps it; dates are left out, for they belong to one engagement."""
    fields = rule.fields
    for name in ("first_on", "completes_on"):
        del fields[name]
    if fields["counts_from"] == "date":
        fields["counts_from"] = "start"
    return fields


def _written(line: ProposalLine) -> dict[str, Any]:
    return {
        "service": line.service_id,
        "name": line.name,
        "quantity": str(line.quantity),
        "discount_percent": str(line.discount_percent),
        "is_optional": line.is_optional,
    }


def apply_template(proposal: Proposal, template: ProposalTemplate, *, on: date) -> list[str]:
    """Put the template's content after what the draft holds; the services that are not offered any more, by name.

    Prices, VAT rates and descriptions are those of the library on that day. Raises `NotADraft`.
    """
    proposal = locked_editable(proposal)
    content = template.content
    for name, value in content.get("particulars", {}).items():
        setattr(proposal, name, value)
    services = {
        service.pk: service
        for service in with_price(Service.objects.offered(), on).select_related("tax_rate")
    }
    options = _options(proposal, content)
    first = proposal.groups.count()
    left_out: list[str] = []
    for position, part in enumerate(content.get("groups", []), first):
        number = part.get("option")
        group = ProposalGroup.objects.create(
            proposal=proposal,
            position=position,
            heading=part["heading"],
            option=options[number] if number is not None else None,
            **part["rule"],
        )
        left_out += _fill(group, part["lines"], services)
    proposal.version, proposal.changed_at = proposal.version + 1, timezone.now()
    proposal.save()
    audit.record("proposal.template_used", proposal, template=template.name)
    return left_out


def _options(proposal: Proposal, content: dict[str, Any]) -> list[ProposalOption]:
    present = list(proposal.options.all())
    wanted = content.get("options", [])
    for position, (name, description) in enumerate(wanted[len(present) :], len(present)):
        present.append(
            ProposalOption.objects.create(
                proposal=proposal, position=position, name=name, description=description
            )
        )
    return present


def _fill(group: ProposalGroup, parts: list[dict[str, Any]], services: dict[int, Any]) -> list[str]:
    """Add the lines to their group; the names of those whose service is not offered."""
    left_out, lines = [], []
    for position, part in enumerate(parts):
        service = services.get(part["service"])
        if service is None:
            left_out.append(part["name"])
            continue
        line = line_for(
            service,
            quantity=Decimal(part["quantity"]),
            price=service.unit_price,
            highest=service.highest_price,
        )
        line.proposal, line.group, line.position = group.proposal, group, position
        line.discount_percent = Decimal(part["discount_percent"])
        line.is_optional, line.is_taken = part["is_optional"], not part["is_optional"]
        for name, value in group.rule.fields.items():
            setattr(line, name, value)
        lines.append(line)
    ProposalLine.objects.bulk_create(lines)
    return left_out


def line_for(
    service: Service, *, quantity: Decimal, price: Decimal | None, highest: Decimal | None
) -> ProposalLine:
    """An unsaved line with the library's words and that price; without one it costs 0.00 until it is entered."""
    is_included = service.billing_basis == Service.BillingBasis.INCLUDED
    return ProposalLine(
        service=service,
        name=service.name,
        description=service.description,
        is_included=is_included,
        quantity=quantity,
        unit_price=Decimal(0) if is_included or price is None else price,
        highest_price=highest,
        tax_rate=service.tax_rate,
        billing_basis=service.billing_basis,
        billing_mode=service.billing_mode,
        unit_name=service.unit_in_words,
    )


def rename_template(template: ProposalTemplate, *, name: str, description: str) -> ProposalTemplate:
    """The template under another name; raises `TemplateNameTaken`."""
    template.name, template.description, template.changed_at = name, description, timezone.now()
    return _created(template)


def remove_template(template: ProposalTemplate) -> None:
    """Forget the template; proposals made with it keep what they have."""
    audit.record("proposal_template.removed", template, name=template.name)
    template.delete()


def adopt_starter(starter: StarterTemplate, *, on: date) -> tuple[ProposalTemplate, list[Service]]:
    """A template of the practice's own from a provided one, and the services that were added to the library for it.

    Added services have no price yet; services of the same name are used as they are. Raises `TemplateNameTaken`.
    """
    known = {service.name.casefold(): service for service in Service.objects.all()}
    added: list[Service] = []
    groups = []
    for part in starter.groups:
        lines = []
        for item in part.services:
            service = known.get(item.name.casefold())
            if service is None:
                service = Service(
                    name=item.name,
                    description=item.description,
                    billing_basis=item.basis,
                    unit_name=item.unit,
                    tax_rate=default_tax_rate(),
                )
                service = known[item.name.casefold()] = add_service(
                    service, unit_price=None, effective_from=on
                )
                added.append(service)
            lines.append(
                _written(line_for(service, quantity=Decimal(1), price=None, highest=None))
                | {"is_optional": item.is_optional}
            )
        groups.append(
            {"heading": part.heading, "rule": written_rule(part.rule), "option": None, "lines": lines}
        )
    content = {"particulars": {}, "options": [], "groups": groups}
    template = _created(ProposalTemplate(name=starter.name, description=starter.description, content=content))
    return template, added
