"""The engagement letter: which parts go with a proposal, and what keeps them from being filled in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from clients.models import Client, ContactPerson
from practices.letterhead import PRACTICE_PLACEHOLDERS, practice_values
from practices.models import Practice
from practices.placeholders import Problem, filled_html, missing_in, names_in
from practices.rich_text import as_html
from practices.templatetags.dates import written_date
from proposals.models import BrochureBlock, Proposal, ProposalBlock, ProposalLetter, ProposalLine, Terms
from services.models import Service

Part = Terms.Part

PLACEHOLDERS = {
    "client.name": "Client name",
    "client.address": "Client address",
    "client.company_number": "Client company number",
    "signatory.name": "Who signs first for the client",
    "proposal.number": "Proposal number",
    "proposal.date": "Date the proposal is sent",
    "proposal.starts_on": "First day of the engagement",
    "proposal.valid_until": "Last day to sign",
}
OFFERED = {**PLACEHOLDERS, **PRACTICE_PLACEHOLDERS}
#: A disengagement letter belongs to no proposal.
OFFERED_WITHOUT_PROPOSAL = {
    name: words for name, words in OFFERED.items() if not name.startswith("proposal.")
} | {"letter.date": "Date of the letter"}
#: What clients usually have to be told somewhere in the letter.
USUALLY_TOLD = (
    "practice.supervisory_body",
    "practice.complaints_officer",
    "practice.insurer",
    "practice.data_protection_officer",
)
#: The parts of every letter in their order; the terms of its services follow the schedule.
ORDER = (Part.COVER, Part.SCHEDULE, Part.FEES, Part.TERMS, Part.PRIVACY)


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that keeps one part of a letter from being sent."""

    title: str
    problem: Problem

    def __str__(self) -> str:
        return f"{self.title}: {self.problem}"


def offered_for(part: str) -> dict[str, str]:
    """The placeholders that may stand in a part, and what each stands for."""
    return OFFERED_WITHOUT_PROPOSAL if part == Part.DISENGAGEMENT else OFFERED


def latest_parts() -> dict[tuple[str, int | None], Terms]:
    """The newest version of each part, by part and service."""
    newest = (
        Terms.objects.order_by("part", "service_id", "-version")
        .distinct("part", "service_id")
        .select_related("service", "written_by")
    )
    return {(terms.part, terms.service_id): terms for terms in newest}


def letter_choices(proposal: Proposal) -> ProposalLetter:
    """What was chosen for the proposal's letter; the usual parts where nothing was."""
    return ProposalLetter.objects.filter(proposal=proposal.pk).first() or ProposalLetter(proposal=proposal)


def blocks_of(proposal: Proposal) -> list[BrochureBlock]:
    """The brochure blocks of the proposal, in order."""
    chosen = ProposalBlock.objects.filter(letter__proposal=proposal.pk).select_related("block")
    return [each.block for each in chosen]


def parts_of(proposal: Proposal, lines: Sequence[ProposalLine]) -> list[Terms]:
    """The parts that go with the proposal, in order: terms of a service only where it is offered, none empty."""
    latest = latest_parts()
    services = {line.service_id: line.service for line in lines}
    keys: list[tuple[str, int | None]] = []
    for part in ORDER:
        keys.append((part, None))
        if part == Part.SCHEDULE:
            keys += [(Part.SERVICE, service) for service in services]
    if letter_choices(proposal).has_right_to_cancel:
        keys.append((Part.CANCEL, None))
    found = [latest.get(key) or _of_the_library(services.get(key[1] or 0)) for key in keys]
    return [terms for terms in found if terms and terms.body.strip()]


def _of_the_library(service: Service | None) -> Terms | None:
    """The terms that the library keeps with a service, where none were written for the letter; not saved."""
    return Terms(part=Part.SERVICE, service=service, body=service.terms) if service else None


def client_values(client: Client, people: Sequence[ContactPerson]) -> dict[str, str]:
    """The values of the client's placeholders; who signs first comes first among the people."""
    return {
        "client.name": client.name,
        "client.address": "\n".join(client.address_lines),
        "client.company_number": client.company_number,
        "signatory.name": people[0].name if people else "",
    }


def letter_values(proposal: Proposal, people: Sequence[ContactPerson], *, on: date) -> dict[str, str]:
    """The values of every placeholder of a proposal's letter that is sent on a date."""
    own = {
        "proposal.number": proposal.number_label,
        "proposal.date": written_date(on),
        "proposal.starts_on": written_date(proposal.starts_on),
        "proposal.valid_until": written_date(proposal.valid_until),
    }
    return own | client_values(proposal.client, people) | practice_values(proposal.practice)


def missing_in_letter(
    proposal: Proposal, lines: Sequence[ProposalLine], people: Sequence[ContactPerson], *, on: date
) -> list[Missing]:
    """Every placeholder of the letter that is unknown or has no value, part by part."""
    values = letter_values(proposal, people, on=on)
    texts = [(terms.title, terms.body) for terms in parts_of(proposal, lines)]
    texts += [(block.title, block.body) for block in blocks_of(proposal)]
    return [
        Missing(title, problem)
        for title, body in texts
        for problem in missing_in(as_html(body), values, OFFERED)
    ]


def not_told(practice: Practice) -> list[str]:
    """What clients usually have to be told and no part mentions yet, in words."""
    bodies = [terms.body for (part, _), terms in latest_parts().items() if part != Part.DISENGAGEMENT]
    used = {name for body in bodies for name in names_in(as_html(body))}
    values = practice_values(practice)
    # A practice may have written the name itself rather than its placeholder.
    written = {name for name in USUALLY_TOLD if values[name] and any(values[name] in body for body in bodies)}
    return [OFFERED[name] for name in USUALLY_TOLD if name not in used | written]


def filled_part(terms: Terms, values: dict[str, str]) -> dict[str, str | int | None]:
    """One part as it goes into a document: harmless HTML with its values."""
    body = filled_html(as_html(terms.body), values)
    return {"part": terms.part, "title": terms.title, "version": terms.version, "body": body}
