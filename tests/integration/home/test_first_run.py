"""First steps that can wait, the starter catalogue, and a demo practice that comes and goes whole."""

import re
from decimal import Decimal

import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction

from clients.models import Client
from ignition.demo_practices import open_demo_practice
from ignition.models import FirstRun
from invoicing.models import Invoice
from ledger.actions import PRETENDED
from ledger.models import Posting
from practices.delivery import deliver_queued_emails
from practices.isolation import tenant_models
from practices.models import AuditEntry, Membership, OutgoingEmail, Practice
from practices.operations import NotADemo, remove_demo
from practices.tenancy import acting_for, practice_scope
from proposals.models import Proposal
from sage_integration.errors import DemoStaysHere
from sage_integration.models import SageLink
from sage_integration.offer import refusal_to_connect
from services.models import Service
from services.operations import add_starters
from services.starter_catalogue import CATALOGUE
from tests.integration.invoicing.documents import a_client

STEPS = "/p/brook-co/first-steps/"


def state_of(browser) -> dict[str, str]:
    steps = browser.get(STEPS).context["steps"]
    return {step["key"]: "skipped" if step["is_skipped"] else step["state"] for step in steps}


def test_a_step_is_skipped_and_taken_up_again(brook, client_of):
    browser = client_of("alice")
    assert set(state_of(browser).values()) == {"todo"}
    assert browser.post(f"{STEPS}vat/skip/").status_code == 303
    assert state_of(browser)["vat"] == "skipped"
    assert browser.get("/p/brook-co/").context["first_steps"]["done"] == 1
    browser.post(f"{STEPS}vat/take-up/")
    assert state_of(browser)["vat"] == "todo"
    browser.post(f"{STEPS}no-such-step/skip/")
    with practice_scope(brook.pk):
        assert FirstRun.objects.get().skipped == []
        a_client()
    assert state_of(browser)["clients"] == "done"


def test_home_forgets_the_first_steps_once_none_is_left(client_of):
    browser = client_of("alice")
    for key in state_of(browser):
        browser.post(f"{STEPS}{key}/skip/")
    assert browser.get("/p/brook-co/").context["first_steps"] is None


def test_only_owners_put_steps_aside(client_of):
    assert client_of("bob").post(f"{STEPS}vat/skip/").status_code == 403


def test_services_are_taken_from_the_catalogue_once_each_at_the_practices_price(brook, client_of):
    browser, page = client_of("alice"), "/p/brook-co/services/starters/"
    number = next(number for number, item in enumerate(CATALOGUE) if item.name == "Payroll")
    form = {f"take-{number}": "on", f"price-{number}": "7.25"}
    assert browser.post(page, {f"take-{number}": "on", f"price-{number}": ""}).status_code == 422
    for _ in range(2):
        browser.post(page, form)
    with practice_scope(brook.pk):
        service = Service.objects.get()
        assert (service.name, service.unit_name, service.category.name) == ("Payroll", "payslip", "Payroll")
        assert [price.unit_price for price in service.prices.all()] == [Decimal("7.25")]
        assert add_starters({"Payroll": Decimal(1), "Unheard of": Decimal(1)}, on=brook.today()) == []


@pytest.mark.parametrize("item", CATALOGUE, ids=lambda item: item.name)
def test_what_the_catalogue_offers_is_whole(item):
    assert item.description.endswith(".")
    assert (item.price is None) == (item.basis == Service.BillingBasis.INCLUDED)
    assert bool(item.unit) == (item.basis == Service.BillingBasis.UNIT)


@pytest.fixture
def demo(cast) -> Practice:
    return open_demo_practice(cast.alice)


def test_a_demo_practice_has_something_on_every_page(demo, client_of):
    with practice_scope(demo.pk):
        assert {proposal.status for proposal in Proposal.objects.all()} >= {
            "draft",
            "sent",
            "accepted",
            "lost",
        }
        assert Invoice.objects.issued().count() > 20
        assert {posting.status for posting in Posting.objects.all()} >= {"posted", "failed"}
    page = client_of("alice").get(f"/p/{demo.slug}/")
    assert page.status_code == 200
    assert page.context["needs"]


def test_a_demo_practice_shows_how_its_invoices_stand_in_sage(demo, client_of):
    """Log, inbox, differences, receipt and penny report, from records that belong to no company."""
    alice, at = client_of("alice"), f"/p/{demo.slug}"
    with practice_scope(demo.pk):
        changed = SageLink.objects.select_related("posting").exclude(difference="").get()
        invoice = Invoice.objects.get(pk=changed.posting.subject_id)
    for page, *words in (
        ("sage/log/", "SI-1001"),
        ("inbox/", changed.difference_in_words),
        (f"sage/invoices/{invoice.pk}/differences/", "Changed in Sage", str(changed.net)),
        (f"sage/invoices/{invoice.pk}/receipt/", changed.sage_number, "Created by this copy"),
        (f"sage/balance/?month={invoice.tax_point:%Y-%m}", "0 twice, 0 missing", "£6.00"),
    ):
        shown = alice.get(f"{at}/{page}")
        assert shown.status_code == 200, page
        for text in words:
            assert text in shown.content.decode(), (page, text)


def test_a_demo_practice_offers_nothing_that_its_pretended_sage_would_have_to_answer(demo, client_of):
    """It says in one sentence why not, wherever a real practice would ask Sage or connect it (F09)."""
    alice, at = client_of("alice"), f"/p/{demo.slug}"
    with practice_scope(demo.pk):
        changed = SageLink.objects.select_related("posting").exclude(difference="").get()
        pk, posting = changed.posting.subject_id, changed.posting.pk
        refused = Posting.objects.get(status="failed")
        draft, client = Invoice.objects.get(status="draft"), Client.objects.first()
        service = Service.objects.first()
        offer = Proposal.objects.get(status="accepted")
    for page in (
        "postings/",
        "postings/?view=needs-you",
        f"invoices/{pk}/",
        f"invoices/{draft.pk}/",
        f"sage/invoices/{pk}/differences/",
        f"sage/invoices/{pk}/preview/",
        f"sage/postings/{posting}/",
        f"sage/postings/{refused.pk}/",
        f"inbox/posting-{refused.pk}/",
        "sage/log/",
        "sage/balance/",
        "sage/outstanding/",
        f"sage/clients/{client.pk}/",
        f"sage/services/{service.pk}/",
        f"sage/proposals/{offer.pk}/",
    ):
        shown = alice.get(f"{at}/{page}").content.decode()
        assert PRETENDED in shown, page
        assert "Connect Sage" not in shown, page
        assert "Sage is not connected" not in shown, page
        for words in ("check", "retry", "replay", "copy"):
            forms = re.findall(rf'<form[^>]*action="[^"]*/{words}/"[^>]*>.*?</form>', shown, re.DOTALL)
            assert all("aria-disabled" in form for form in forms), (page, words)
    assert "Connect Sage" not in alice.get(f"{at}/first-steps/").content.decode()
    lines = alice.get(f"{at}/sage/balance/invoices/{pk}/")
    assert lines.headers["Location"] == f"{at}/sage/invoices/{pk}/differences/"


def test_nothing_leaves_a_demo_practice(demo):
    assert isinstance(refusal_to_connect(demo), DemoStaysHere)
    with acting_for(demo.pk):
        deliver_queued_emails()
    assert mail.outbox == []
    with practice_scope(demo.pk):
        assert not OutgoingEmail.objects.exclude(status="failed").exists()
        assert not Posting.objects.filter(status__in=["pending", "leased"]).exists()


def test_a_demo_practice_is_removed_whole_and_touches_no_other(demo, brook, cast, client_of):
    with practice_scope(brook.pk):
        a_client("Stays Ltd")
        kept = AuditEntry.objects.count()
    answer = client_of("alice").post(f"/p/{demo.slug}/demo/remove/")
    assert answer.status_code == 303
    assert not Practice.objects.filter(pk=demo.pk).exists()
    assert not Membership.objects.filter(practice=demo.pk).exists()
    with practice_scope(demo.pk):
        left = [model.__name__ for model in tenant_models() if model.objects.exists()]
    assert left == []
    with practice_scope(brook.pk):
        assert Client.objects.filter(name="Stays Ltd").exists()
        assert AuditEntry.objects.count() >= kept


def test_a_real_practice_is_never_removed(demo, brook, client_of):
    assert client_of("alice").post("/p/brook-co/demo/remove/").status_code in (303, 409)
    with practice_scope(brook.pk), pytest.raises(NotADemo):
        remove_demo(brook)
    for practice, target in ((brook, brook), (brook, demo)):
        with practice_scope(practice.pk), pytest.raises(DatabaseError), transaction.atomic():
            connection.cursor().execute("SELECT practices_remove_demo(%s)", [target.pk])
    assert Practice.objects.filter(pk__in=[brook.pk, demo.pk]).count() == 2


def test_a_demo_practice_is_one_click_away_and_there_once(cast, client_of):
    browser = client_of("alice")
    first = browser.post("/demo/").headers["Location"]
    assert browser.post("/demo/").headers["Location"] == first
    assert Practice.objects.filter(is_demo=True).count() == 1
    assert "demo practice" in browser.get(first).content.decode()
    assert client_of("carol").get(first).status_code == 404
