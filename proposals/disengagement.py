"""The letter that ends an engagement: filled in, printed, and sent to whoever signs for the client."""

from dataclasses import dataclass
from datetime import date, datetime

from clients.models import Client, ContactPerson
from clients.queries import signatories_of
from practices import audit
from practices.letterhead import brand_of, letterhead_lines, practice_values
from practices.mail import File, queue_message
from practices.pdf import pdf_of
from practices.placeholders import Problem, filled_html, missing_in
from practices.remembered import acting_practice
from practices.rich_text import as_html, blocks
from practices.templatetags.dates import written_date
from proposals import errors
from proposals.letters import OFFERED_WITHOUT_PROPOSAL, Part, client_values, latest_parts
from proposals.mail_kinds import DISENGAGEMENT

TITLE = "End of our engagement"


@dataclass(frozen=True, slots=True)
class Farewell:
    """A client's disengagement letter as it would go out on a date."""

    client: Client
    on: date
    body: str
    people: list[ContactPerson]
    missing: list[Problem]


def farewell_to(client: Client, *, on: date) -> Farewell:
    """The practice's disengagement letter with the client's values, and what keeps it from being sent."""
    people = signatories_of(client)
    values = client_values(client, people) | practice_values(acting_practice())
    values["letter.date"] = written_date(on)
    part = latest_parts().get((Part.DISENGAGEMENT, None))
    text = as_html(part.body) if part else ""
    return Farewell(
        client=client,
        on=on,
        body=filled_html(text, values),
        people=people,
        missing=missing_in(text, values, OFFERED_WITHOUT_PROPOSAL),
    )


def farewell_pdf(farewell: Farewell, *, at: datetime) -> bytes:
    """The letter on the practice's paper."""
    practice, client = acting_practice(), farewell.client
    data = {
        "title": TITLE,
        "accent": brand_of(practice).colour,
        "from": {"name": practice.name, "lines": letterhead_lines(practice)},
        "to": {"name": client.name, "lines": client.address_lines},
        "date": written_date(farewell.on),
        "blocks": blocks(farewell.body),
        "footer": [practice.name],
    }
    return pdf_of("letter", data, at=at)


def send_farewell(client: Client, *, on: date, at: datetime) -> Farewell:
    """The letter on its way as a PDF to everybody who signs for the client, recorded.

    The client's state and its billing stay as they are. Raises `NoSignatory` or `LetterIncomplete`.
    """
    farewell = farewell_to(client, on=on)
    if not farewell.people:
        raise errors.NoSignatory(client)
    if farewell.missing or not farewell.body:
        why = " ".join(str(problem) for problem in farewell.missing) or "The disengagement letter is empty."
        raise errors.LetterIncomplete(client, message=f"The letter cannot be filled in. {why}")
    entry = audit.record("client.disengagement_sent", client, on=on.isoformat())
    file = File("End of our engagement.pdf", farewell_pdf(farewell, at=at))
    for person in farewell.people:
        values = {"client.name": client.name, "person.name": person.name}
        key = f"disengagement:{client.pk}:{entry.pk}:{person.pk}"
        queue_message(person.email, DISENGAGEMENT, values, event=key, files=[file])
    return farewell
