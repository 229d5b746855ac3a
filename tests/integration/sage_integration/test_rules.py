"""The rules of the connection: what each setting promises, and what a page shows of it."""

from html import unescape

import pytest
from django.urls import reverse
from redis import Redis

from clients.models import Client, ContactPerson
from invoicing.bulk_acts import start_bulk
from invoicing.models import Invoice
from invoicing.morning import send_what_waits
from invoicing.operations import invoicing_settings, set_sending_rules
from ledger.models import Posting
from ledger.outbox import request_posting
from practices.job_models import Job, JobRow
from practices.job_steps import run_live_jobs
from practices.models import AuditEntry, EmailAttachment
from practices.tenancy import acting_for, practice_scope
from sage_integration.connections import current_connection
from sage_integration.models import ContactLink, SageLedgerAccount, TaxRateMapping
from sage_integration.setup import save_settings
from services.models import Service, TaxRate
from tests.integration.invoicing.documents import MONTHLY, a_proposal, accept
from tests.integration.sage_integration.posting import issued_invoice, posting_of, push_once
from tests.sage import connected, usual_settings


@pytest.fixture
def practice(brook, sage):
    """Brook & Co, connected and enabled."""
    connected(brook, sage)
    return brook


@pytest.fixture
def alice(practice, client_of):
    return client_of("alice")


def page(name: str, **arguments) -> str:
    return reverse(f"sage:{name}", kwargs={"practice": "brook-co", **arguments})


def text_of(answer) -> str:
    return unescape(answer.content.decode())


def form_of(practice, **changes) -> dict[str, str]:
    """The settings form as a browser sends it."""
    with practice_scope(practice.pk):
        account = current_connection().default_account_id
    usual = {
        "default_account_id": account,
        "manual_terms_days": "14",
        "automatic_terms_days": "14",
        "posts_new_clients": "on",
        "includes_descriptions": "on",
        "pulls_payments": "on",
        "number_owner": "sage",
        "pdf_owner": "sage",
        "arrives_as": "final",
        "vat_by_hand": "mapped",
        "name_direction": "to_sage",
    }
    return {**usual, **changes}


def test_f10_f11_f26_f50_owners_of_numbers_and_names_are_settings_with_a_trail(alice, practice):
    changed = form_of(
        practice, number_owner="practice", pdf_owner="practice", arrives_as="draft", syncs_names="on"
    )
    assert alice.post(page("settings-edit"), changed).status_code == 303
    with practice_scope(practice.pk):
        connection = current_connection()
        assert (connection.number_owner, connection.pdf_owner) == ("practice", "practice")
        assert (connection.arrives_as, connection.syncs_names) == ("draft", True)
        trail = AuditEntry.objects.filter(action="sage.settings_changed").order_by("-id").first()
        assert trail.data["changes"]["number_owner"] == ["sage", "practice"]
        assert trail.actor.name == "Alice"


def test_f50_d7_names_are_not_synced_unless_somebody_says_so(practice):
    with practice_scope(practice.pk):
        assert current_connection().syncs_names is False
        assert current_connection().name_direction == "to_sage"


def test_f23_f25_the_example_follows_what_is_typed(alice):
    typed = {"manual_terms_days": "0", "automatic_terms_days": "14"}
    shown = text_of(alice.get(page("terms-example"), typed, HTTP_HX_REQUEST="true"))
    today = shown.split("invoice of today, ")[1].split("</time>")[0]
    assert f"is due on {today}" in shown
    wrong = alice.get(page("terms-example"), {"manual_terms_days": "often", "automatic_terms_days": ""})
    assert wrong.status_code == 200


def test_f13_the_accounts_page_refuses_an_empty_default(alice):
    answer = alice.post(page("account-map"), {"default_account_id": ""})
    assert answer.status_code == 422
    assert "Choose the account" in text_of(answer)


def test_f17_d8_existing_clients_are_offered_the_new_default_with_a_count(alice, practice):
    with practice_scope(practice.pk):
        for number in range(3):
            Client.objects.create(name=f"Client {number}")
        Client.objects.create(name="Off already", posts_automatically=False)
    changed = form_of(practice)
    del changed["posts_new_clients"]
    alice.post(page("settings-edit"), changed)
    with practice_scope(practice.pk):
        assert Client.objects.filter(posts_automatically=True).count() == 3
    assert "Apply to 3 existing clients" in text_of(alice.get(page("settings-edit")))
    alice.post(page("clients-switch"))
    with practice_scope(practice.pk):
        assert not Client.objects.filter(posts_automatically=True).exists()
    assert "Apply the setting" not in text_of(alice.get(page("settings-edit")))


def test_f20_f21_a_long_description_is_warned_of_with_its_length_and_shown_as_plain_text(alice, practice):
    with practice_scope(practice.pk):
        rate = TaxRate.objects.first()
        service = Service.objects.create(
            name="Payroll", tax_rate=rate, description="<b>Every</b> month. " + "words " * 500
        )
    shown = text_of(alice.get(page("settings-edit")))
    assert "Payroll, 30" in shown
    assert "a line takes 255 characters" in shown
    assert "<b>Every</b>" not in shown
    fragment = text_of(alice.get(page("service-in-sage", pk=service.pk)))
    assert "The rest is cut" in fragment
    typed = alice.post(page("line-preview"), {"name": "Payroll", "description": "x" * 300})
    assert "308 characters" in text_of(typed)


def test_a_hidden_account_is_told_on_the_service_the_list_and_the_tile(alice, practice):
    with practice_scope(practice.pk):
        service = Service.objects.create(name="Payroll", tax_rate=TaxRate.objects.first())
        SageLedgerAccount.objects.filter(nominal_code=4010).update(is_usable=False)
    assert "no longer a sales account" in text_of(alice.get(page("service-in-sage", pk=service.pk)))
    assert "Payroll" in text_of(alice.get(page("services-in-sage")))
    for name in ("connection-detail", "app-list"):
        assert "no longer a sales account" in text_of(alice.get(page(name)))
    assert "not a sales account in Sage any more" in text_of(alice.get(page("settings-edit")))


def test_f31_a_vanished_rate_is_told_on_the_service_and_the_list(alice, practice):
    with practice_scope(practice.pk):
        rate = TaxRate.objects.get(name="Standard rate")
        service = Service.objects.create(name="Payroll", tax_rate=rate)
        TaxRateMapping.objects.filter(tax_rate=rate).delete()
    assert "stands for no rate of Sage" in text_of(alice.get(page("service-in-sage", pk=service.pk)))
    assert "stands for no rate of Sage" in text_of(alice.get(page("services-in-sage")))


def test_the_tile_says_how_the_connection_does(alice, practice, settings):
    with practice_scope(practice.pk):
        request_posting(Posting.Kind.INVOICE_CREATE, 1, label="INV-000001")
    shown = text_of(alice.get(page("app-list")))
    for words in (
        "Working.",
        "by Alice",
        "Last sync",
        "Next full sync",
        "1 waiting",
        "of 20,000",
        "Sync now",
        "Log",
    ):
        assert words in shown, words


def test_a_day_budget_nearly_used_up_is_told_with_the_time_it_resumes(alice, practice, settings):
    with practice_scope(practice.pk):
        key = f"sage-budget:{{{current_connection().business_id}}}:day"
    with Redis.from_url(settings.REDIS_URL) as valkey:
        valkey.hset(key, "count", 18_000)
    shown = text_of(alice.get(page("app-list")))
    assert "nearly used up" in shown
    assert "Copying and reading by themselves wait, and go on" in shown
    with Redis.from_url(settings.REDIS_URL) as valkey:
        valkey.hset(key, "count", 14_000)
    assert "From 17,000 on, copying and reading" in text_of(alice.get(page("app-list")))


@pytest.fixture
def copied(enabled, brook):
    """An invoice whose copy the pretend Sage has."""
    invoice = issued_invoice(brook)
    push_once(brook)
    assert posting_of(invoice).status == "posted"
    return invoice


def test_f11_sages_pdf_is_given_as_sage_prints_it(copied, client_of):
    answer = client_of("alice").get(page("invoice-document", pk=copied.pk))
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert answer["Content-Disposition"].startswith('attachment; filename="Sage-')


def test_f11_while_sage_is_down_there_is_a_clear_error_and_no_other_document(copied, client_of, sage):
    sage.arm("status", on="GET /sales_invoices", times=None, status=503)
    answer = client_of("alice").get(page("invoice-document", pk=copied.pk))
    assert answer.status_code == 503
    assert "PDF" not in answer["Content-Type"]
    assert "Sage's PDF cannot be had now" in text_of(answer)


def test_f11_our_own_document_comes_under_our_number(copied, brook, client_of):
    with practice_scope(brook.pk):
        save_settings(usual_settings(pdf_owner="practice"))
        assert invoicing_settings().documents_by == "practice"
    answer = client_of("alice").get(page("invoice-document", pk=copied.pk))
    assert answer.headers["Location"] == reverse("invoicing:invoice-pdf", args=["brook-co", copied.pk])


def test_f11_sages_pdf_goes_along_by_e_mail_and_nothing_goes_while_sage_is_down(
    copied, brook, client_of, sage
):
    with practice_scope(brook.pk):
        person = ContactPerson.objects.create(client=copied.client, name="Sam Lee", email="sam@acme.example")
    said = {"people": [person.pk], "subject": "Your invoice", "message": "Here it is."}
    browser = client_of("alice")
    form = browser.get(reverse("invoicing:invoice-send", args=["brook-co", copied.pk]))
    assert page("invoice-send", pk=copied.pk) in text_of(form)
    assert browser.post(page("invoice-send", pk=copied.pk), said).status_code == 303
    with practice_scope(brook.pk):
        file = EmailAttachment.objects.get()
        assert file.name.startswith("Sage-")
        assert bytes(file.content).startswith(b"%PDF-")
    sage.arm("status", on="GET /sales_invoices", times=None, status=503)
    answer = browser.post(page("invoice-send", pk=copied.pk), said)
    assert answer.status_code == 422
    assert "Nothing was sent" in text_of(answer)
    with practice_scope(brook.pk):
        assert EmailAttachment.objects.count() == 1


def sent_in_bulk(brook, *invoices) -> list[tuple[str, str]]:
    with practice_scope(brook.pk):
        start_bulk("send", [invoice.pk for invoice in invoices], brook)
    with acting_for(brook.pk):
        run_live_jobs()
    with practice_scope(brook.pk):
        return list(JobRow.objects.order_by("-job", "position").values_list("outcome", "message"))


def test_f11_many_are_sent_with_sages_pdfs_and_what_sage_lacks_is_not_sent(copied, brook, sage):
    here_alone = issued_invoice(brook)
    first, second = sent_in_bulk(brook, copied, here_alone)
    assert first == ("done", "To ann@acme.example, with Sage's PDF")
    assert second[0] == "needs_you"
    assert "Nothing was sent" in second[1]
    with practice_scope(brook.pk):
        file = EmailAttachment.objects.get()
        assert file.name.startswith("Sage-")
        assert bytes(file.content).startswith(b"%PDF-")


def test_f11_a_used_up_budget_makes_the_job_wait_and_not_fail(copied, brook, sage):
    sage.arm("status", on="GET /sales_invoices", times=None, status=429)
    assert sent_in_bulk(brook, copied) == []
    with practice_scope(brook.pk):
        assert (Job.objects.get().status, Job.objects.get().attempts) == ("running", 0)
        assert not EmailAttachment.objects.exists()


def test_f11_each_morning_what_is_in_sage_is_sent_once_with_sages_pdf(copied, brook):
    with practice_scope(brook.pk):
        set_sending_rules(payment_instructions="", emails_invoices=True, reminder_days=[])
    for _ in range(2):
        with acting_for(brook.pk):
            send_what_waits(copied.tax_point)
            run_live_jobs()
    with practice_scope(brook.pk):
        assert EmailAttachment.objects.get().name.startswith("Sage-")
        assert Job.objects.count() == 1


def test_f11_an_invoice_that_is_not_in_sage_has_no_pdf_there(enabled, brook, client_of):
    invoice = issued_invoice(brook)
    answer = client_of("alice").get(page("invoice-document", pk=invoice.pk))
    assert answer.status_code == 409
    assert "Sage has no PDF of it" in text_of(answer)


def test_the_dry_run_shows_what_is_held_and_sends_nothing(brook, sage, client_of):
    issued_invoice(brook)
    connected(brook, sage)
    sage.forget_requests()
    shown = text_of(client_of("alice").get(page("dry-run")))
    assert "Acme Ltd" in shown
    assert "Bookkeeping" in shown
    assert "4010" in shown
    assert sage.requests() == []


def test_the_dry_run_says_which_contact_a_linked_client_has(brook, sage, client_of):
    invoice = issued_invoice(brook)
    connected(brook, sage)
    with practice_scope(brook.pk):
        ContactLink.objects.create(
            client_id=invoice.client_id,
            business_id=current_connection().business_id,
            sage_contact_id="7",
            origin=ContactLink.Origin.BY_HAND,
        )
    shown = text_of(client_of("alice").get(page("dry-run")))
    assert "by hand" in shown
    assert "Found by its exact name" not in shown


def test_the_dry_run_shows_the_next_recurring_bills_without_writing_them(brook, sage, client_of):
    with practice_scope(brook.pk):
        accept(a_proposal(MONTHLY))
        before = Invoice.objects.count()
    connected(brook, sage)
    shown = text_of(client_of("alice").get(page("dry-run")))
    assert "as Sage will show them" in shown
    assert "No bill is coming yet" not in shown
    with practice_scope(brook.pk):
        assert Invoice.objects.count() == before
