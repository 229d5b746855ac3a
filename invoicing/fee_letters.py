"""The letter that tells a client of new fees: in words, on paper, and on its way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.html import format_html, format_html_join

from clients.models import Client, ContactPerson
from clients.queries import signatories_of
from invoicing.mail_kinds import FEE_CHANGE, FEE_CHANGE_UNDONE
from invoicing.models import ServiceChange
from practices.letterhead import brand_of, letterhead_lines
from practices.mail import File, queue_message
from practices.pdf import pdf_of
from practices.remembered import acting_practice
from practices.rich_text import as_html, blocks
from practices.templatetags.dates import written_date
from practices.templatetags.money_tags import written
from services.queries import vat_settings

TITLE = "Your fees"


@dataclass(frozen=True, slots=True)
class FeeLetter:
    """What a client is told: from when, which services, and what the practice writes about it."""

    client: Client
    effective_on: date
    changes: Sequence[ServiceChange]
    notice: str

    @property
    def people(self) -> list[ContactPerson]:
        """Those at the client who sign and can be written to."""
        return [person for person in signatories_of(self.client) if person.email]


def in_words(change: ServiceChange, currency: str) -> str:
    """`Payroll: 12 × £6.50 becomes 12 × £6.83, every month`; the schedule comes with the change."""
    schedule = change.schedule
    name = change.after.get("name") or change.before.get("name") or schedule.name
    sides = (_price(change, side, currency) for side in (change.before, change.after))
    was, becomes = sides
    rule = schedule.rule_in_words
    words = f"{was} becomes {becomes}" if was != becomes else f"stays {was}"
    return f"{name}: {words}, {rule[:1].lower()}{rule[1:]}"


def _price(change: ServiceChange, side: dict[str, Any], currency: str) -> str:
    quantity = Decimal(side.get("quantity", change.schedule.quantity))
    price = written(Decimal(side.get("unit_price", change.schedule.unit_price)), currency)
    return price if quantity == 1 else f"{quantity.normalize():f} × {price}"


def fee_letter_pdf(letter: FeeLetter, *, at: datetime) -> bytes:
    """The letter on the practice's paper."""
    practice, client, vat = acting_practice(), letter.client, vat_settings()
    lines = [(in_words(change, practice.currency),) for change in letter.changes]
    when = written_date(letter.effective_on)
    body = (
        as_html(letter.notice)
        + format_html("<p>From {} we charge{}:</p>", when, f", before {vat.label}" if vat.charges_vat else "")
        + format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", lines))
        + format_html("<p>{}</p>", practice.name)
    )
    data = {
        "title": TITLE,
        "accent": brand_of(practice).colour,
        "from": {"name": practice.name, "lines": letterhead_lines(practice)},
        "to": {"name": client.name, "lines": client.address_lines},
        "date": written_date(practice.today()),
        "blocks": blocks(body),
        "footer": [practice.name],
    }
    return pdf_of("letter", data, at=at)


def changes_in_words(letter: FeeLetter) -> str:
    """The changes a line each for a message, and that VAT comes on top where the practice charges it."""
    currency, vat = acting_practice().currency, vat_settings()
    lines = [in_words(change, currency) for change in letter.changes]
    return "\n".join([*lines, f"These fees are before {vat.label}."] if vat.charges_vat else lines)


def send_fee_letter(letter: FeeLetter, *, key: str, at: datetime) -> list[str]:
    """The addresses the letter is on its way to, each once for ``key``; none where nobody can be written to."""
    people = letter.people
    if not people:
        return []
    file = File("Your fees.pdf", fee_letter_pdf(letter, at=at))
    values = {
        "client.name": letter.client.name,
        "fees.from": written_date(letter.effective_on),
        "fees.notice": letter.notice,
        "fees.changes": changes_in_words(letter),
    }
    for person in people:
        event = f"{key}:{person.pk}"
        queue_message(
            person.email, FEE_CHANGE, values | {"person.name": person.name}, event=event, files=[file]
        )
    return [person.email for person in people]


def take_back_fee_letter(client: Client, effective_on: date, told: Sequence[str], *, key: str) -> None:
    """Tell those who got a letter that their fees stay as they are, each once for ``key``."""
    values = {"client.name": client.name, "fees.from": written_date(effective_on)}
    for address in dict.fromkeys(told):
        queue_message(address, FEE_CHANGE_UNDONE, values, event=f"{key}:{address}"[:120])
