"""The practice that the editor is measured in, and the measurement."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from time import perf_counter, process_time
from typing import Any

from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone

from clients.models import Client, ContactPerson
from clients.operations import add_client
from devtools.bench.population import owner
from devtools.terminal import say
from practices.models import Membership, Practice
from practices.operations import open_practice
from practices.pdf import pdf_of
from practices.tenancy import practice_scope
from proposals.assembling import assembled_document
from proposals.copies import proposal_pdf_of
from proposals.links import public_url
from proposals.models import Proposal, ProposalLine, ProposalTemplate
from proposals.operations import draft_proposal, send_proposal
from proposals.operations.sending import people_to_sign
from proposals.operations.templates import keep_template
from proposals.operations.terms import write_terms
from proposals.printing import printed
from services.models import Service
from services.operations import add_service
from services.queries import default_tax_rate

SERVICES, TEMPLATES, LINES, MANY_LINES = 200, 100, 20, 200
#: How often each thing is done before it is counted, and how long the letter is at least.
UNCOUNTED, PAGES = 3, 6
#: Stands in every paragraph, to be replaced by words that no other letter has.
SAME = "the same paragraph"
PARAGRAPH = (
    "<p>We carry out the services with the skill and care that may be expected of us, and in good time. "
    f"This is {SAME}.</p>"
)
MONTHLY = {"billing": "recurring", "every": 1, "period": "month"}


def measure(rounds: int) -> dict[str, Any]:
    """Milliseconds at the median and at the 95th percentile, of the clock and of the processor; sizes in bytes."""
    practice, drafts, letter = populated()
    browser = Browser(SERVER_NAME=settings.ALLOWED_HOSTS[0].replace("*", "localhost"))
    browser.force_login(Membership.objects.get(practice=practice).user)
    result: dict[str, Any] = {}
    for label, draft in drafts.items():
        say(f"saving a row of a proposal with {label} lines")
        result |= timed(f"save_{label}", rounds, saver(browser, practice, draft))
        result |= timed(f"page_{label}", max(rounds // 4, 5), opener(browser, practice, draft))
    with practice_scope(practice.pk):
        link = public_url(letter)
        proposal_pdf_of(letter, now=timezone.now())
        letters = letters_of(letter, rounds + UNCOUNTED)
    result |= timed("pdf", rounds, lambda: pdf_of("proposal", next(letters), at=timezone.now()))
    result["pdf_pages"] = pages_of(pdf_of("proposal", next(letters), at=timezone.now()))
    path = "/" + link.split("/", 3)[3]
    result["client_page_bytes"] = len(browser.get(path).content)
    result |= timed("client_page", rounds, lambda: browser.get(path))
    return result


def letters_of(letter: Proposal, count: int) -> Iterator[dict[str, Any]]:
    """So many letters and one more that share no paragraph: the typesetter remembers those that it has set before."""
    words = json.dumps(printed(letter.document))
    return iter([json.loads(words.replace(SAME, f"letter {number}")) for number in range(count + 1)])


def pages_of(pdf: bytes) -> int:
    """How many pages the file has; raises `RuntimeError` where they are fewer than `PAGES`."""
    pages = len(re.findall(rb"/Type ?/Page[^s]", pdf))
    if pages < PAGES:
        raise RuntimeError(f"The letter has {pages} pages instead of {PAGES}: nothing was measured.")
    return pages


def saver(browser: Browser, practice: Practice, draft: Proposal) -> Callable[[], object]:
    """Saves one row of the draft, each time with another price, as the editor does."""
    with practice_scope(practice.pk):
        line: Any = draft.lines.first()
        version = [draft.version]
    base = f"/p/{practice.slug}/proposals/{draft.pk}/edit/lines/{line.pk}/row/"

    def save() -> object:
        data: dict[str, Any] = {"quantity": "1", "unit_price": str(100 + version[0]), "discount_percent": "0"}
        data |= {"tax_rate": line.tax_rate_id, "at_version": version[0]}
        answer = browser.post(base, data, headers={"HX-Request": "true"})
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.status_code}: {answer.content[:300]!r}")
        version[0] += 1
        return answer

    return save


def opener(browser: Browser, practice: Practice, draft: Proposal) -> Callable[[], object]:
    """Opens the step with the services."""
    return lambda: browser.get(f"/p/{practice.slug}/proposals/{draft.pk}/edit/services/")


def timed(name: str, rounds: int, act: Callable[[], object]) -> dict[str, float]:
    """How long the act takes, in milliseconds, after a few times that are not counted."""
    for _ in range(UNCOUNTED):
        act()
    clock, processor = [], []
    for _ in range(rounds):
        began, used = perf_counter(), process_time()
        act()
        clock.append((perf_counter() - began) * 1000)
        processor.append((process_time() - used) * 1000)
    clock.sort()
    return {
        f"{name}_ms_median": round(median(clock), 1),
        f"{name}_ms_p95": round(clock[int(len(clock) * 0.95) - 1], 1),
        f"{name}_cpu_ms": round(median(processor), 1),
    }


def populated() -> tuple[Practice, dict[str, Proposal], Proposal]:
    """A practice with its library and templates, two drafts, and a sent proposal with a long letter."""
    say(f"making {SERVICES} services and {TEMPLATES} templates")
    person = owner()
    practice = open_practice(person, "Bench")
    with practice_scope(practice.pk):
        today, rate = practice.today(), default_tax_rate()
        services = [
            add_service(
                Service(name=f"Service {number}", tax_rate=rate, description=PARAGRAPH),
                unit_price=Decimal(100),
                effective_from=date(2020, 1, 1),
            )
            for number in range(SERVICES)
        ]
        client = add_client(
            Client(name="Acme Ltd", address_line_1="1 Mill Lane"),
            [ContactPerson(name="Mara Hill", email="mara@acme.example", is_signatory=True)],
        )
        drafts = {str(count): drafted(client, services, count, today) for count in (LINES, MANY_LINES)}
        first = drafts[str(LINES)]
        template = keep_template(first, name="Template 0")
        ProposalTemplate.objects.bulk_create(
            ProposalTemplate(name=f"Template {number}", content=template.content)
            for number in range(1, TEMPLATES)
        )
        write_terms(PARAGRAPH * 150, by=person)
        letter = send_proposal(drafted(client, services, 8, today), on=today)
        assembled_document(first, people_to_sign(first), on=today)
    return practice, drafts, letter


def drafted(client: Client, services: list[Service], count: int, today: date) -> Proposal:
    """A draft with so many lines."""
    proposal = Proposal(
        client=client, title="Engagement", starts_on=today, valid_until=today + timedelta(days=30)
    )
    lines = [
        ProposalLine(
            service=service,
            name=service.name,
            description=service.description,
            unit_price=Decimal(100),
            tax_rate=service.tax_rate,
            **MONTHLY,
        )
        for service in services[:count]
    ]
    return draft_proposal(proposal, lines)
