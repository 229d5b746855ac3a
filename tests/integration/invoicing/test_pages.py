"""The pages of billing and invoices: who may, what they answer, what they show."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from invoicing.models import BillingSchedule, Invoice
from invoicing.operations import record_payment
from ledger.leases import lease_due_postings
from ledger.models import Posting
from ledger.outbox import mark_posted
from practices.models import Practice
from practices.tenancy import practice_scope
from tests.integration.invoicing.documents import (
    MONTHLY,
    ON_COMPLETION,
    a_client,
    a_draft,
    a_line,
    a_rate,
    a_schedule,
    a_service,
    an_invoice,
    open_the_ledger,
)


def path(name: str, practice: Practice, **kwargs) -> str:
    return reverse(f"invoicing:{name}", kwargs={"practice": practice.slug, **kwargs})


def today(practice: Practice):
    return Practice.objects.get(pk=practice.pk).today()


@pytest.fixture
def issued(brook):
    with practice_scope(brook.pk):
        return an_invoice(on=today(brook))


@pytest.fixture
def draft(brook):
    with practice_scope(brook.pk):
        return a_draft(on=today(brook))


CHANGES = ["invoice-issue", "invoice-discard", "invoice-void", "invoice-post"]
SCHEDULE_CHANGES = ["schedule-complete", "schedule-pause", "schedule-resume", "schedule-end"]


@pytest.mark.parametrize("name", ["billing", "invoice-list"])
def test_empty_pages_say_what_to_do_next(brook, client_of, name):
    page = client_of("alice").get(path(name, brook))
    assert page.status_code == 200
    assert 'class="empty"' in page.content.decode()


@pytest.mark.parametrize("name", CHANGES)
def test_changes_of_invoices_are_posts_by_those_who_may_of_their_own_practice(brook, issued, client_of, name):
    address = path(name, brook, pk=issued.pk)
    assert client_of("bob").post(address).status_code == 403
    assert client_of("alice").get(address).status_code == 405
    assert client_of("carol").post(address).status_code == 404


@pytest.mark.parametrize("name", SCHEDULE_CHANGES)
def test_changes_of_schedules_are_posts_by_those_who_may_of_their_own_practice(brook, client_of, name):
    with practice_scope(brook.pk):
        schedule = a_schedule()
    address = path(name, brook, pk=schedule.pk)
    assert client_of("bob").post(address).status_code == 403
    assert client_of("alice").get(address).status_code == 405
    assert client_of("carol").post(address).status_code == 404


@pytest.mark.parametrize(
    ("name", "has_pk"),
    [("invoice-detail", True), ("invoice-edit", True)] + [(name, True) for name in CHANGES],
)
def test_f89_another_practices_invoice_is_not_found_under_ones_own_address(
    cedar, issued, client_of, name, has_pk
):
    carol = client_of("carol")
    address = path(name, cedar, pk=issued.pk)
    answer = carol.post(address) if name in CHANGES else carol.get(address)
    assert answer.status_code == 404


@pytest.mark.parametrize("name", SCHEDULE_CHANGES)
def test_f89_another_practices_schedule_is_not_found_under_ones_own_address(brook, cedar, client_of, name):
    with practice_scope(brook.pk):
        schedule = a_schedule(ON_COMPLETION)
    assert client_of("carol").post(path(name, cedar, pk=schedule.pk)).status_code == 404
    with practice_scope(brook.pk):
        assert BillingSchedule.objects.get().status == "active"


def test_staff_see_invoices_but_no_buttons(brook, issued, client_of):
    bob = client_of("bob")
    page = bob.get(path("invoice-detail", brook, pk=issued.pk)).content.decode()
    assert "INV-000001" in page
    assert path("invoice-void", brook, pk=issued.pk) not in page
    assert bob.get(path("invoice-new", brook)).status_code == 403
    assert bob.post(path("billing-run", brook)).status_code == 403


def test_the_list_shows_both_numbers_amounts_and_their_total(brook, client_of):
    with practice_scope(brook.pk):
        open_the_ledger()
        acme = a_client()
        first = an_invoice(acme, on=today(brook))
        an_invoice(acme, a_line("Payroll", "50"), on=today(brook))
        a_draft(acme, a_line("Payroll", "999"), on=today(brook))
        for posting in lease_due_postings():
            mark_posted(
                posting, external_id=str(posting.pk), number=f"SI-{posting.pk}", url="https://sage.example/1"
            )
        posting = Posting.objects.get(subject_id=first.pk)
    page = client_of("alice").get(path("invoice-list", brook)).content.decode()
    assert f"SI-{posting.pk} in Sage" in page
    assert "Total of 2 issued invoices" in page
    assert "£650.00" in page
    assert "£780.00" in page
    assert "£999.00" in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?q=INV-000002", ["INV-000002"]),
        ("?q=2", ["INV-000002"]),
        ("?q=acme", ["INV-000001"]),
        ("?q=SI-77", ["INV-000001"]),
        ("?q=99999999999999999999", []),
        ("?view=unpaid", ["INV-000002"]),
        ("?view=overdue", []),
        ("?view=paid", ["INV-000001"]),
        ("?view=not-in-sage", ["INV-000002"]),
        ("?view=draft", ["Draft"]),
        ("?view=void", []),
        ("?view=nonsense", ["INV-000001", "INV-000002", "Draft"]),
    ],
)
def test_the_list_finds_by_number_client_and_state(brook, client_of, query, shown):
    with practice_scope(brook.pk):
        acme, bramble = a_client(), a_client("Bramble")
        first = an_invoice(acme, on=today(brook))
        an_invoice(bramble, on=today(brook))
        a_draft(bramble, on=today(brook))
        record_payment(
            acme,
            received_on=today(brook),
            amount=first.gross,
            source="by_hand",
            allocations=[(first, first.gross)],
        )
        Posting.objects.filter(subject_id=first.pk).update(
            status="posted", external_id="x", external_number="SI-77"
        )
    page = client_of("alice").get(path("invoice-list", brook) + query)
    numbers = [row["invoice"].number_label for row in page.context["rows"]]
    assert sorted(numbers) == sorted(shown)


def test_the_list_goes_on_after_fifty(brook, client_of, monkeypatch):
    monkeypatch.setattr("practices.lists.PAGE", 2)
    with practice_scope(brook.pk):
        acme = a_client()
        for _ in range(3):
            an_invoice(acme, on=today(brook))
    alice = client_of("alice")
    first = alice.get(path("invoice-list", brook) + f"?client={acme.pk}")
    assert [row["invoice"].number for row in first.context["rows"]] == [3, 2]
    second = alice.get(path("invoice-list", brook) + first.context["page"].next)
    assert [row["invoice"].number for row in second.context["rows"]] == [1]
    assert second.context["totals"]["count"] == 3


def test_f63_an_instant_bill_is_issued_at_once(brook, client_of):
    with practice_scope(brook.pk):
        open_the_ledger()
        acme, service, zero = a_client(), a_service("Advice", "150"), a_rate("zero")
    answer = client_of("alice").post(
        path("invoice-new", brook), bill(acme, brook, service, "2", "", then="issue")
    )
    with practice_scope(brook.pk):
        invoice = Invoice.objects.get()
        assert answer.status_code == 303
        assert answer["Location"] == path("invoice-detail", brook, pk=invoice.pk)
        assert (invoice.number, invoice.source, invoice.gross) == (1, "instant", Decimal(360))
        assert Posting.objects.get().status == "pending"
    client_of("alice").post(
        path("invoice-new", brook), bill(acme, brook, service, "1", "12.345", then="issue", rate=zero)
    )
    with practice_scope(brook.pk):
        assert Invoice.objects.get(number=2).gross == Decimal("12.35")


def bill(client, practice, service, quantity, price, *, then, on=None, rate=None) -> dict:
    """What the browser sends for one line and one empty row."""
    return {
        "client": client.pk,
        "tax_point": (on or today(practice)).isoformat(),
        "lines-TOTAL_FORMS": "2",
        "lines-INITIAL_FORMS": "0",
        "lines-0-service": service.pk,
        "lines-0-quantity": quantity,
        "lines-0-unit_price": price,
        "lines-0-tax_rate": rate.pk if rate else "",
        "lines-1-quantity": "1",
        "then": then,
    }


def test_a_saved_draft_can_be_changed_issued_and_not_changed_again(brook, client_of):
    with practice_scope(brook.pk):
        acme, service = a_client(), a_service("Advice", "150")
    alice = client_of("alice")
    alice.post(path("invoice-new", brook), bill(acme, brook, service, "1", "", then="draft"))
    with practice_scope(brook.pk):
        draft = Invoice.objects.get()
        assert draft.status == "draft"
    edit = path("invoice-edit", brook, pk=draft.pk)
    assert alice.get(edit).status_code == 200
    changed = bill(acme, brook, service, "3", "", then="draft") | {"lines-INITIAL_FORMS": "1"}
    assert alice.post(edit, changed).status_code == 303
    alice.post(path("invoice-issue", brook, pk=draft.pk))
    with practice_scope(brook.pk):
        assert (Invoice.objects.get().net, Invoice.objects.get().status) == (Decimal(450), "issued")
    assert alice.get(edit)["Location"] == path("invoice-detail", brook, pk=draft.pk)


def test_a_draft_can_be_discarded(brook, draft, client_of):
    assert client_of("alice").post(path("invoice-discard", brook, pk=draft.pk)).status_code == 303
    with practice_scope(brook.pk):
        assert not Invoice.objects.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client": ""}, "This field is required"),
        ({"lines-0-quantity": "0"}, "Enter a quantity above zero"),
        ({"lines-0-quantity": "many"}, "Enter a number"),
        ({"lines-0-service": ""}, "Choose the service this price is for"),
        ({"lines-0-service": "", "lines-0-unit_price": ""}, "An invoice needs at least one line"),
        ({"lines-0-unit_price": "99999999", "lines-0-quantity": "99999999"}, "cannot hold"),
        ({"lines-0-unit_price": "-1"}, "At least 0"),
    ],
)
def test_a_bill_that_is_wrong_says_so_and_saves_nothing(brook, client_of, changes, words):
    with practice_scope(brook.pk):
        acme, service = a_client(), a_service("Advice", "150")
    data = bill(acme, brook, service, "1", "5", then="issue") | changes
    answer = client_of("alice").post(path("invoice-new", brook), data)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    with practice_scope(brook.pk):
        assert not Invoice.objects.exists()


def test_a_bill_dated_tomorrow_is_kept_on_the_page_and_not_issued(brook, client_of):
    with practice_scope(brook.pk):
        acme, service = a_client(), a_service("Advice", "150")
    tomorrow = today(brook) + timedelta(days=1)
    answer = client_of("alice").post(
        path("invoice-new", brook), bill(acme, brook, service, "1", "5", then="issue", on=tomorrow)
    )
    assert answer.status_code == 422
    assert "dated in the future" in answer.content.decode()
    with practice_scope(brook.pk):
        assert not Invoice.objects.exists()


def test_another_practices_client_or_service_cannot_be_billed(brook, cedar, client_of):
    with practice_scope(cedar.pk):
        theirs, service = a_client("Theirs"), a_service("Theirs", "1")
    answer = client_of("alice").post(
        path("invoice-new", brook), bill(theirs, brook, service, "1", "5", then="issue")
    )
    assert answer.status_code == 422
    assert "Theirs" not in answer.content.decode()


def test_rows_can_be_added_without_a_script_and_with_one(brook, client_of):
    with practice_scope(brook.pk):
        acme, service = a_client(), a_service("Advice", "150")
    data = bill(acme, brook, service, "1", "5", then="draft") | {"more_rows": "1"}
    page = client_of("alice").post(path("invoice-new", brook), data)
    assert page.status_code == 200
    assert "lines-4-service" in page.content.decode()
    rows = (
        client_of("alice")
        .post(path("invoice-new", brook), data, headers={"HX-Request": "true"})
        .content.decode()
    )
    assert "lines-4-service" in rows
    assert "<html" not in rows


def test_issuing_twice_answers_with_the_rule(brook, issued, client_of):
    alice = client_of("alice")
    detail = path("invoice-detail", brook, pk=issued.pk)
    answer = alice.post(
        path("invoice-issue", brook, pk=issued.pk), headers={"Referer": f"http://testserver{detail}"}
    )
    assert (answer.status_code, answer["Location"]) == (303, f"http://testserver{detail}")
    assert "already been issued" in alice.get(detail).content.decode()


def test_a_void_invoice_shows_that_it_is(brook, issued, client_of):
    alice = client_of("alice")
    assert alice.post(path("invoice-void", brook, pk=issued.pk)).status_code == 303
    page = alice.get(path("invoice-detail", brook, pk=issued.pk)).content.decode()
    assert "is void" in page
    assert "Withdrawn" in page or "never reached Sage" in page


def test_once_sage_has_the_invoice_it_is_voided_there_first_with_a_reason(brook, issued, client_of):
    with practice_scope(brook.pk):
        Posting.objects.update(status="posted", external_id="x")
    page = client_of("alice").get(path("invoice-detail", brook, pk=issued.pk)).content.decode()
    assert "Void this invoice in Sage and here?" in page
    assert "Void this invoice?" not in page


def test_f66_f67_a_posted_invoice_links_to_sage_and_says_how_to_record_a_payment(brook, issued, client_of):
    with practice_scope(brook.pk):
        Posting.objects.update(
            status="posted", external_id="x", external_number="SI-42", external_url="https://sage.example/42"
        )
    page = client_of("alice").get(path("invoice-detail", brook, pk=issued.pk)).content.decode()
    assert 'href="https://sage.example/42" target="_blank" rel="noopener noreferrer">SI-42' in page
    assert "How to record a payment" in page
    assert "every 2s" not in page


def test_payments_are_shown_with_the_ones_taken_back(brook, issued, client_of):
    from invoicing.operations import reverse_payment

    with practice_scope(brook.pk):
        for amount in (40, 60):
            payment = record_payment(
                issued.client,
                received_on=today(brook),
                amount=Decimal(amount),
                source="by_hand",
                allocations=[(issued, Decimal(amount))],
            )
        reverse_payment(payment)
    page = client_of("alice").get(path("invoice-detail", brook, pk=issued.pk)).content.decode()
    for words in ("Part paid", "£680.00", "Taken back", "Payment received", "Payment taken back"):
        assert words in page


def test_the_sage_panel_asks_again_until_the_posting_is_settled(brook, client_of):
    with practice_scope(brook.pk):
        open_the_ledger()
        invoice = an_invoice(on=today(brook))
    alice, address = client_of("alice"), path("invoice-detail", brook, pk=invoice.pk)
    asks = {"HX-Request": "true", "HX-Target": "sage-panel"}
    assert "every 2s" in alice.get(address).content.decode()
    panel = alice.get(address, headers=asks).content.decode()
    assert "every 2s" in panel
    assert "<html" not in panel
    with practice_scope(brook.pk):
        [posting] = lease_due_postings()
        mark_posted(posting, external_id="x", number="SI-42", url="https://sage.example/42")
    panel = alice.get(address, headers=asks).content.decode()
    assert "SI-42" in panel
    assert "every 2s" not in panel


def test_a_withdrawn_invoice_can_be_copied_to_sage_again(brook, issued, client_of):
    with practice_scope(brook.pk):
        open_the_ledger()
        Posting.objects.update(status="cancelled")
    alice, detail = client_of("alice"), path("invoice-detail", brook, pk=issued.pk)
    assert "Copy to Sage" in alice.get(detail).content.decode()
    assert alice.post(path("invoice-post", brook, pk=issued.pk)).status_code == 303
    assert "Number 1 in the queue." in alice.get(detail).content.decode()
    with practice_scope(brook.pk):
        assert Posting.objects.filter(status="pending").count() == 1


def test_f62_the_run_button_says_in_numbers_what_it_did(brook, client_of):
    with practice_scope(brook.pk):
        a_schedule(MONTHLY, starts_on=today(brook), on=today(brook))
    alice = client_of("alice")
    assert "Ready" in alice.get(path("billing", brook)).content.decode()
    answer = alice.post(path("billing-run", brook), follow=True)
    assert "1 invoice issued for 1 period, £120.00 including VAT." in answer.content.decode()
    again = alice.post(path("billing-run", brook), follow=True)
    assert "Nothing is due to be billed today" in again.content.decode()


def test_a_client_the_run_could_not_bill_is_named(brook, client_of):
    with practice_scope(brook.pk):
        a_schedule(MONTHLY, starts_on=today(brook), on=today(brook))
        BillingSchedule.objects.update(quantity=99999999, unit_price=99999999)
    page = client_of("alice").post(path("billing-run", brook), follow=True).content.decode()
    assert "Acme Dental Ltd could not be billed" in page


def test_f61_marking_complete_bills_and_shows_the_invoice(brook, client_of):
    with practice_scope(brook.pk):
        schedule = a_schedule(ON_COMPLETION)
    alice = client_of("alice")
    to_complete = path("billing", brook) + "?show=complete"
    assert "Mark complete" in alice.get(to_complete).content.decode()
    answer = alice.post(path("schedule-complete", brook, pk=schedule.pk))
    with practice_scope(brook.pk):
        invoice = Invoice.objects.get()
    assert answer["Location"] == path("invoice-detail", brook, pk=invoice.pk)
    assert "Mark complete" not in alice.get(to_complete).content.decode()


def test_a_service_is_paused_resumed_and_ended_from_the_page(brook, client_of):
    with practice_scope(brook.pk):
        schedule = a_schedule(MONTHLY, starts_on=today(brook), on=today(brook))
    alice = client_of("alice")
    for change, state in (("pause", "Paused"), ("resume", "Ready"), ("end", "Ending")):
        page = alice.post(path(f"schedule-{change}", brook, pk=schedule.pk), follow=True)
        assert state in page.content.decode()


def test_among_very_many_clients_the_one_to_bill_is_looked_for(brook, client_of, monkeypatch):
    monkeypatch.setattr("invoicing.forms.MOST_CLIENTS", 2)
    with practice_scope(brook.pk):
        cedar = [a_client(name) for name in ("Acme Ltd", "Birch Ltd", "Cedar Hill Ltd")][-1]
    alice, address = client_of("alice"), path("invoice-new", brook)

    def offered(query: str) -> list[str]:
        return [name for _, name in alice.get(address + query).context["form"].fields["client"].choices]

    assert offered("") == ["Choose a client", "Acme Ltd", "Birch Ltd"]
    assert "Find a client" in alice.get(address).content.decode()
    assert offered("?q=ced") == ["Cedar Hill Ltd"]
    assert "Cedar Hill Ltd" in offered(f"?client={cedar.pk}")
    part = alice.get(address + "?q=bir", headers={"HX-Request": "true"}).content.decode()
    assert "Birch Ltd" in part
    assert "<html" not in part
    form = alice.post(address, {"client": cedar.pk, "tax_point": "2026-11-26"}).context["form"]
    assert "client" not in form.errors
