"""The whole document of a proposal as it would be sent on a date: services, packages, letter and brochure."""

from collections.abc import Sequence
from datetime import date

from clients.models import ContactPerson
from practices.letterhead import brand_of, letterhead_lines
from practices.placeholders import filled_html
from practices.rich_text import as_html
from proposals.documents import Document, Surroundings, document_of
from proposals.letters import blocks_of, filled_part, letter_choices, letter_values, parts_of
from proposals.models import Proposal
from proposals.queries import current_terms


def assembled_document(proposal: Proposal, people: Sequence[ContactPerson], *, on: date) -> Document:
    """What the client would be shown if the proposal were sent on this date, with every placeholder filled in."""
    lines = list(proposal.lines.select_related("tax_rate", "service"))
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
    )
    return document_of(
        proposal, lines, terms=current_terms(), signatories=people, priced_on=on, around=around
    )
