"""Whose invoice it is, whether it may be made, and what billing makes of a client."""

from datetime import timedelta

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from clients import contributions, listing
from clients.errors import NeedsMoneyLaunderingChecks
from clients.listing import ListForm, client_list_of
from clients.models import Client, ClientSettings
from clients.operations import add_group, amend_client, archive_client, bill_to, restore_client, review_client
from invoicing.client_states import settle_all_clients
from invoicing.models import BillingSchedule, Invoice
from invoicing.operations import bill_due_periods, complete_schedule, draft_invoice, end_billing
from invoicing.operations.invoices import issue_invoice
from invoicing.operations.settings import set_invoicing_settings
from practices.audit import trail_of
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import (
    MONTHLY,
    a_client,
    a_line,
    a_proposal,
    a_schedule,
    accept,
    an_invoice,
    bill_without_asking,
)
from tests.integration.proposals.offers import ON_COMPLETION, UPFRONT


@pytest.fixture
def scope(brook):
    with practice_scope(brook.pk):
        bill_without_asking()
        yield brook


@pytest.fixture
def paid_for(scope):
    """A client and who pays for it."""
    trading, holding = a_client("Trading Ltd"), a_client("Holding Ltd")
    add_group("Family", [trading, holding])
    return bill_to(trading, holding), holding


def close_the_gate() -> None:
    ClientSettings.objects.create(aml_before_billing=True)


def clear(client, cast, *, until=None) -> None:
    review_client(client, status="cleared", reviewer=cast.alice, on=TODAY, next_on=until)


def test_g49_a_recurring_invoice_is_made_out_to_who_pays_and_says_for_whom(paid_for):
    trading, holding = paid_for
    a_schedule(MONTHLY, client=trading)
    bill_due_periods(on=TODAY + timedelta(days=40))
    invoices = Invoice.objects.all()
    assert invoices
    assert {invoice.client for invoice in invoices} == {holding}
    assert all(line.name.startswith("Trading Ltd: ") for invoice in invoices for line in invoice.lines.all())


def test_g49_upfront_and_instant_invoices_go_to_who_pays_too(paid_for):
    trading, holding = paid_for
    accept(a_proposal(UPFRONT, client=trading))
    draft = draft_invoice(trading, [a_line()], tax_point=TODAY, source=Invoice.Source.INSTANT)
    assert {invoice.client for invoice in Invoice.objects.all()} == {holding}
    assert draft.lines.get().name.startswith("Trading Ltd: ")


def test_g49_what_was_issued_before_stays_with_its_client(paid_for):
    trading, holding = paid_for
    issued = an_invoice(trading)
    trading = bill_to(trading, None)
    assert Invoice.objects.get(pk=issued.pk).client == holding
    assert an_invoice(trading).client == trading


def test_u08_the_billing_run_passes_over_an_unchecked_client_with_its_reason(scope, cast):
    schedule = a_schedule(MONTHLY)
    close_the_gate()
    on = TODAY + timedelta(days=40)
    outcome = bill_due_periods(on=on)
    assert outcome.invoices == 0
    assert outcome.refused == ((schedule.client_id, NeedsMoneyLaunderingChecks.message),)
    clear(schedule.client, cast)
    assert bill_due_periods(on=on).invoices > 0


def test_u08_an_overdue_review_closes_the_gate_again(scope, cast):
    schedule = a_schedule(MONTHLY)
    close_the_gate()
    clear(schedule.client, cast, until=TODAY + timedelta(days=10))
    assert bill_due_periods(on=TODAY + timedelta(days=40)).invoices == 0


def test_u08_upfront_work_of_an_unchecked_client_is_billed_once_it_is_checked(scope, cast):
    client = a_client()
    close_the_gate()
    accept(a_proposal(UPFRONT, client=client))
    assert not Invoice.objects.exists()
    assert bill_due_periods(on=TODAY).refused
    clear(client, cast)
    assert bill_due_periods(on=TODAY).invoices == 1
    assert bill_due_periods(on=TODAY).invoices == 0
    assert Invoice.objects.get().tax_point == TODAY
    assert BillingSchedule.objects.get().status == "ended"


def test_u08_nothing_is_issued_by_hand_to_an_unchecked_client(scope):
    schedule = a_schedule(ON_COMPLETION)
    close_the_gate()
    with pytest.raises(NeedsMoneyLaunderingChecks):
        complete_schedule(schedule, on=TODAY)
    draft = draft_invoice(schedule.client, [a_line()], tax_point=TODAY, source=Invoice.Source.INSTANT)
    with pytest.raises(NeedsMoneyLaunderingChecks):
        issue_invoice(draft, on=TODAY)


def test_g44_a_client_is_a_lead_until_it_is_billed(scope):
    client = a_client()
    assert client.status == "lead"
    an_invoice(client)
    assert Client.objects.get(pk=client.pk).status == "active"


def test_g44_a_client_falls_quiet_once_its_services_ended_and_no_bill_is_recent(scope):
    schedule = a_schedule(MONTHLY)
    client = schedule.client
    end_billing(schedule, on=TODAY)
    bill_due_periods(on=TODAY + timedelta(days=40))
    settle_all_clients(on=TODAY + timedelta(days=40))
    assert Client.objects.get(pk=client.pk).status == "active"
    settle_all_clients(on=TODAY + timedelta(days=800))
    assert Client.objects.get(pk=client.pk).status == "inactive"


def test_g44_a_client_with_services_that_was_archived_comes_back_active(scope):
    client = a_schedule(MONTHLY).client
    archive_client(client)
    settle_all_clients(on=TODAY)
    assert Client.objects.get(pk=client.pk).status == "archived"
    assert restore_client(client).status == "active"


def test_g45_g64_the_list_is_narrowed_by_how_clients_are_billed(scope, client_of):
    recurring, by_hand, nothing = a_client("Rec Ltd"), a_client("Hand Ltd"), a_client("Quiet Ltd")
    a_schedule(MONTHLY, client=recurring)
    a_schedule(ON_COMPLETION, client=by_hand)
    from tests.integration.clients.test_list import shown

    assert shown("billing=recurring") == ["Rec Ltd"]
    assert shown("billing=by_hand") == ["Hand Ltd"]
    assert shown("billing=none") == [nothing.name]
    an_invoice(nothing)
    assert shown("owes=something") == ["Quiet Ltd"]


def own_terms(client: Client, days: int | None) -> Client:
    client.terms_days = days
    return amend_client(client)


@pytest.mark.parametrize("days", [0, 45])
def test_f23_f24_f25_a_clients_own_terms_go_before_those_of_the_practice(scope, days):
    set_invoicing_settings(manual_terms_days=7, automatic_terms_days=14, includes_descriptions=True)
    client = own_terms(a_client("Slow Payer Ltd"), days)
    one_off = an_invoice(client)
    assert one_off.due_on - one_off.tax_point == timedelta(days=days)
    a_schedule(MONTHLY, client=client)
    bill_due_periods(on=TODAY + timedelta(days=40))
    recurring = Invoice.objects.filter(source="recurring").first()
    assert recurring.due_on - recurring.tax_point == timedelta(days=days)


def test_g49_the_terms_of_who_pays_count(paid_for):
    trading, holding = paid_for
    own_terms(trading, 90)
    own_terms(holding, 3)
    a_schedule(MONTHLY, client=trading)
    bill_due_periods(on=TODAY + timedelta(days=40))
    assert {invoice.due_on - invoice.tax_point for invoice in Invoice.objects.all()} == {timedelta(days=3)}


def test_terms_of_a_client_are_changed_on_its_page_and_recorded(brook, client_of):
    with practice_scope(brook.pk):
        client = a_client("Slow Payer Ltd")
    page = reverse("clients:client-edit", args=["brook-co", client.pk])
    typed = {
        "name": client.name,
        "kind": client.kind,
        "country": "GB",
        "people-TOTAL_FORMS": "0",
        "people-INITIAL_FORMS": "0",
    }
    assert client_of("alice").post(page, typed | {"terms_days": "366"}).status_code == 422
    assert client_of("alice").post(page, typed | {"terms_days": "45"}).status_code == 303
    with practice_scope(brook.pk):
        assert Client.objects.get().terms_days == 45
        assert trail_of(client).first().data["changes"]["terms_days"] == [None, 45]
    shown = client_of("alice").get(reverse("clients:client-detail", args=["brook-co", client.pk]))
    assert "45, for this client" in shown.content.decode()


def owing() -> None:
    """Three clients: one owes an invoice, one nothing, one two invoices and is billed monthly."""
    a_client("Nothing Ltd")
    an_invoice(a_client("Little Ltd"))
    much = a_client("Much Ltd")
    an_invoice(much)
    an_invoice(much)
    a_schedule(MONTHLY, client=much)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("outstanding", ["Nothing Ltd", "Little Ltd", "Much Ltd"]),
        ("-outstanding", ["Much Ltd", "Little Ltd", "Nothing Ltd"]),
        ("-monthly", ["Much Ltd", "Nothing Ltd", "Little Ltd"]),
        ("next_bill", ["Much Ltd", "Little Ltd", "Nothing Ltd"]),
    ],
)
def test_the_list_is_ordered_by_money_and_paged_by_it(scope, monkeypatch, sort, order):
    owing()
    monkeypatch.setattr(listing, "PAGE", 1)
    found, query = [], QueryDict(f"sort={sort}")
    while True:
        page = client_list_of(query, ListForm(query), TODAY).page(query)
        found += [client.name for client in page]
        if not page.next:
            break
        query = QueryDict(page.next.removeprefix("?"))
    assert found == order


def test_the_headings_of_money_sort(brook, client_of):
    with practice_scope(brook.pk):
        owing()
    page = client_of("alice").get(reverse("clients:client-list", args=["brook-co"]) + "?sort=-outstanding")
    text = page.content.decode()
    assert "?sort=outstanding" in text
    assert 'aria-sort="descending"' in text


def test_an_invoice_is_activity_of_its_client(scope):
    """4.6, G45: last activity, and the filter by it, know of invoices and proposals."""
    quiet, billed, offered = a_client("Quiet Ltd"), a_client("Billed Ltd"), a_client("Offered Ltd")
    now = timezone.now()
    an_invoice(billed)
    a_proposal(client=offered)
    latest = {
        activity.key: dict(Client.objects.values_list("pk", activity.latest()))
        for activity in contributions.activities()
    }
    assert latest["invoicing.invoice"][quiet.pk] is latest["invoicing.invoice"][offered.pk] is None
    assert latest["proposals.proposal"][offered.pk] is not None
    assert latest["invoicing.invoice"][billed.pk] >= now
    shown = [column for column in listing.all_columns() if column.key == "activity"]
    (cells,) = contributions.cells_of(shown, [quiet, billed], TODAY)
    assert cells[billed.pk].on == timezone.localdate()
    since = {activity.key: set(activity.since(now)) for activity in contributions.activities()}
    assert billed.pk in since["invoicing.invoice"]
    assert quiet.pk not in since["invoicing.invoice"] | since["proposals.proposal"]


@pytest.mark.parametrize("page", ["client-services", "client-schedule", "client-invoices"])
def test_the_pages_of_a_client_say_what_it_is_billed(client_of, brook, page):
    with practice_scope(brook.pk):
        client = a_schedule(MONTHLY).client
        a_schedule(ON_COMPLETION, client=client)
        an_invoice(client)
    answer = client_of("bob").get(reverse(f"invoicing:{page}", args=["brook-co", client.pk]))
    assert answer.status_code == 200
    assert b"Outstanding" in answer.content
