"""The whole document of a proposal as it would be sent on a date: services, packages, letter and brochure."""

from collections.abc import Sequence
from datetime import date

from clients.models import ContactPerson
from money.amounts import Amounts
from practices.letterhead import brand_of, letterhead_lines
from practices.placeholders import filled_html
from practices.rich_text import as_html
from proposals.bills import minimum_value, offered_lines
from proposals.documents import Document, Surroundings, document_of
from proposals.letters import blocks_of, filled_part, letter_choices, letter_values, parts_of
from proposals.models import Proposal, ProposalLine
from proposals.queries import current_terms
from services.models import VatSettings
from services.queries import vat_settings


def assembled_document(proposal: Proposal, people: Sequence[ContactPerson], *, on: date) -> Document:
    """What the client would be shown if the proposal were sent on this date, with every placeholder filled in."""
    lines = list(proposal.lines.select_related("tax_rate", "service", "group"))
    values = letter_values(proposal, people, on=on)
    around = Surroundings(
        options=list(proposal.options.all()),
        groups=list(proposal.groups.all()),
        letter=[filled_part(terms, values) for terms in parts_of(proposal, lines)],
        brochure=[
            {"title": block.title, "body": filled_html(as_html(block.body), values)}
            for block in blocks_of(proposal)
        ],
        letterhead=letterhead_lines(proposal.practice),
        colour=brand_of(proposal.practice).colour,
        has_right_to_cancel=letter_choices(proposal).has_right_to_cancel,
        tax=tax_in_words(),
        minimum_value=_minimum_value(proposal, lines, on),
    )
    return document_of(
        proposal, lines, terms=current_terms(), signatories=people, priced_on=on, around=around
    )


def tax_in_words() -> Document:
    """How the practice writes prices: whether VAT is charged at all, its name, and whether prices include it (G62)."""
    vat = vat_settings()
    return {
        "is_charged": vat.charges_vat,
        "label": vat.label,
        "is_inclusive": vat.shown == VatSettings.Shown.INCLUSIVE,
    }


def _minimum_value(proposal: Proposal, lines: Sequence[ProposalLine], on: date) -> Amounts | None:
    """What is billed in the minimum length if it is accepted today, add-ons left out; None where it is not shown."""
    if not (proposal.shows_minimum_value and proposal.minimum_months):
        return None
    first = proposal.options.first()
    return minimum_value(
        offered_lines(lines, first.pk if first else None),
        starts_on=proposal.starts_on,
        accepted_on=on,
        invoice_day=proposal.client.invoice_day or proposal.practice.invoice_day,
        months=proposal.minimum_months,
    )
