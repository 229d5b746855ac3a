"""The log tells each event in a sentence, keeps what was said without secrets, and its Replay changes nothing twice."""

from datetime import timedelta
from unittest.mock import PropertyMock, patch

import pytest
from django.urls import reverse
from django.utils import timezone

from invoicing.operations import copy_again, issue_credit_note
from ledger.models import Posting
from practices.models import AuditEntry
from practices.tenancy import acting_for, practice_scope
from sage_integration.exchanges import KEPT, forget_old
from sage_integration.log import events_of, log_entries
from sage_integration.models import SageExchange, TaxRateMapping
from sage_integration.replaying import replay
from sage_integration.sage.answers import Answer
from tests.factories import TODAY
from tests.integration.home.questions import questions_of
from tests.integration.sage_integration.polling import poll, polled
from tests.integration.sage_integration.posting import (
    issued_invoice,
    posted,
    posting_of,
    push_once,
    push_until_settled,
)
from tests.integration.sage_integration.test_corrections import amend


@pytest.fixture
def alice(enabled, client_of):
    """Alice's browser, signed in on the day of the test."""
    return client_of("alice")


def path(name: str, practice, query: str = "", **kwargs) -> str:
    return reverse(f"sage:{name}", kwargs={"practice": practice.slug, **kwargs}) + query


def text_of(answer) -> str:
    return answer.content.decode()


def exchanges_of(practice) -> list[SageExchange]:
    with practice_scope(practice.pk):
        return list(SageExchange.objects.order_by("id"))


def refused(practice, sage):
    """An invoice that Sage refused."""
    sage.arm("status", on="POST /sales_invoices", status=422)
    invoice = issued_invoice(practice, "Refused Ltd")
    push_once(practice)
    posting = posting_of(invoice)
    assert posting.status == Posting.Status.FAILED
    return posting


def test_each_event_is_one_sentence_with_its_cause_and_way_out(alice, brook, acme, sage):
    posting = refused(brook, sage)
    page = text_of(alice.get(path("log-list", brook)))
    assert f"Invoice {acme.posting.reference} arrived in Sage as {acme.posting.external_number}." in page
    assert f"Invoice {posting.reference} did not reach Sage: Sage refused this document." in page
    assert "Something in it does not fit the company&#x27;s books in Sage." in page
    assert "Correct what Sage names, here or in Sage, then retry." in page


def test_events_that_fill_no_page_are_looked_for_once(alice, brook, acme):
    """Rare ones stand among very many others: looking for them again only to count them doubles what the page costs."""
    asked = questions_of(alice, path("log-list", brook, "?part=documents"))
    assert sum(' FROM "practices_auditentry"' in each for each in asked) == 1


def test_what_was_sent_and_answered_stands_behind_a_fold(alice, brook, acme):
    [sent] = [
        each for each in exchanges_of(brook) if each.path == "/sales_invoices" and each.method == "POST"
    ]
    assert sent.posting_id == acme.posting.pk
    assert sent.status == 201
    assert acme.posting.reference in sent.sent
    assert acme.theirs["id"] in sent.received
    page = text_of(alice.get(path("log-list", brook)))
    assert "What was sent, and what Sage answered" in page
    assert "POST /sales_invoices: 201" in page


def test_what_was_sent_for_a_change_a_void_and_a_credit_stands_behind_their_events(
    alice, brook, acme, sage, clock
):
    """On the page of what carried it too, where nothing else tells of it."""
    note = _credited(brook, posted(brook, sage, "Dock Ltd").invoice)
    amend(acme.invoice, "150.00")
    alice.post(path("invoice-update", brook, pk=acme.invoice.pk))
    push_until_settled(brook, clock)
    alice.post(path("invoice-replace", brook, pk=acme.invoice.pk))
    push_until_settled(brook, clock)
    said = _said_of(brook)
    assert said["invoice.updated_in_ledger"] == f"PUT /sales_invoices/{acme.theirs['id']}"
    assert said["invoice.copy_voided"] == f"DELETE /sales_invoices/{acme.theirs['id']}"
    assert said["credit_note.allocated"] == "POST /contact_allocations"
    with practice_scope(brook.pk):
        carried = Posting.objects.get(kind=Posting.Kind.INVOICE_UPDATE)
    shown = text_of(alice.get(path("posting-detail", brook, pk=carried.pk)))
    assert f"PUT /sales_invoices/{acme.theirs['id']}: 200" in shown
    assert note.number_label in text_of(alice.get(path("log-list", brook)))


def test_an_event_leads_to_what_it_is_about(alice, brook, acme, sage):
    sage.record_payment(acme.theirs["id"], "40.00", "2027-03-10")
    polled(brook)
    page = text_of(alice.get(path("log-list", brook)))
    assert f'<a href="/p/{brook.slug}/invoices/{acme.invoice.pk}/">£40.00 was received in Sage' in page
    assert f'<a href="{path("posting-detail", brook, pk=acme.posting.pk)}">Invoice' in page
    assert f'<a href="/p/{brook.slug}/clients/{acme.invoice.client_id}/">Acme Ltd is linked' in page


def test_what_a_replay_asked_stands_behind_it(alice, brook, acme, clock):
    clock.shift(60)
    alice.post(path("posting-replay", brook, pk=acme.posting.pk))
    assert _said_of(brook)["posting.replayed"].startswith("GET /sales_invoices")


def test_home_tells_each_step_of_a_credit_once_and_its_posting_leads_to_the_note(alice, brook, acme, clock):
    note = _credited(brook, acme.invoice)
    push_until_settled(brook, clock)
    told = [event["text"] for event in alice.get(f"/p/{brook.slug}/").context["recent"]]
    assert told[:3] == ["Credit note set against its invoice in Sage", "Reached Sage", "Invoice credited"]
    with practice_scope(brook.pk):
        copy = Posting.objects.get(kind=Posting.Kind.CREDIT_NOTE_CREATE)
    shown = text_of(alice.get(path("posting-detail", brook, pk=copy.pk)))
    assert f'/credit-notes/{note.pk}/">{note.number_label}</a>, Acme Ltd' in shown


def _credited(practice, invoice):
    with practice_scope(practice.pk):
        return issue_credit_note(invoice, reason="Agreed", issued_on=TODAY, on=TODAY)


def _said_of(practice) -> dict[str, str]:
    """The last request of each kind of event that has any."""
    with practice_scope(practice.pk):
        events = events_of(list(log_entries().order_by("-pk")))
    return {
        event.entry.action: f"{event.exchanges[-1].method} {event.exchanges[-1].path}"
        for event in events
        if event.exchanges
    }


def test_what_no_database_can_hold_is_left_out_of_the_log(brook, enabled, sage):
    with patch.object(Answer, "request_id", PropertyMock(return_value="r\0-7")):
        posted(brook, sage)
    assert {each.request_id for each in exchanges_of(brook)} == {"r-7"}


def test_a_log_that_cannot_be_kept_costs_no_result(brook, enabled, sage):
    with patch("sage_integration.exchanges._columns", side_effect=ValueError("not to be stored")):
        posted(brook, sage)
    assert exchanges_of(brook) == []


def test_no_token_and_no_payment_link_is_kept(brook, acme, enabled):
    kept = "".join(each.sent + each.received for each in exchanges_of(brook))
    with practice_scope(brook.pk):
        tokens = type(enabled).objects.with_tokens().get()
        assert tokens.access_token not in kept
        assert tokens.refresh_token not in kept
    assert "/online_payment/" not in kept.replace("/online_payment/[removed]", "")


def test_reading_feeds_that_go_well_are_not_kept(brook, acme):
    before = len(exchanges_of(brook))
    polled(brook)
    assert len(exchanges_of(brook)) == before


def test_a_failed_reading_is_kept(brook, acme, sage):
    sage.arm("status", on="GET /contact_payments", status=400)
    poll(brook)
    assert any(each.path == "/contact_payments" and each.status == 400 for each in exchanges_of(brook))


def test_what_was_said_is_forgotten_after_ninety_days_and_the_trail_stays(alice, brook, acme):
    with practice_scope(brook.pk):
        assert forget_old(timezone.now() + KEPT - timedelta(days=1)) == 0
        assert forget_old(timezone.now() + KEPT + timedelta(days=1)) > 0
    assert exchanges_of(brook) == []
    assert acme.posting.reference in text_of(alice.get(path("log-list", brook)))


def test_a_wait_is_told_when_its_reason_changes(alice, brook, sage, enabled, clock):
    sage.arm("status", on="POST /sales_invoices", status=503, times=2)
    invoice = issued_invoice(brook)
    push_once(brook)
    page = text_of(alice.get(path("log-list", brook)))
    assert f"Invoice {posting_of(invoice).reference} has to wait:" in page
    push_until_settled(brook, clock)
    assert posting_of(invoice).status == Posting.Status.POSTED
    with practice_scope(brook.pk):
        told = AuditEntry.objects.filter(action="posting.postponed").order_by("id")
        reasons = [entry.data["failure"] for entry in told]
    assert reasons == ["OutcomeUnknown", "NotSeenYet"] * 2


def test_the_log_is_filtered_by_document_part_result_and_person(alice, cast, brook, acme, sage):
    posting = refused(brook, sage)
    only = text_of(alice.get(path("log-list", brook, f"?q={acme.posting.reference}")))
    assert acme.posting.reference in only
    assert posting.reference not in only
    by_number = text_of(alice.get(path("log-list", brook, f"?q={acme.invoice.number_label}")))
    assert acme.posting.reference in by_number
    wrong = text_of(alice.get(path("log-list", brook, "?result=bad")))
    assert posting.reference in wrong
    assert acme.posting.reference not in wrong
    settings = text_of(alice.get(path("log-list", brook, "?part=connection")))
    assert "Posting to Harbour &amp; Pine Ltd was switched on." in settings
    assert acme.posting.reference not in settings
    assert acme.posting.reference not in text_of(alice.get(path("log-list", brook, f"?who={cast.bob.pk}")))
    assert "Nothing fits" in text_of(alice.get(path("log-list", brook, "?q=nobody")))


def test_a_client_s_name_finds_what_was_done_about_it(alice, brook, acme):
    page = text_of(alice.get(path("log-list", brook, "?q=acme")))
    assert "Acme Ltd is linked to its contact in Sage." in page


def test_a_client_s_name_or_a_credit_note_s_number_finds_what_became_of_the_documents(
    alice, brook, acme, sage, clock
):
    other = posted(brook, sage, "Dock Ltd")
    note = _credited(brook, acme.invoice)
    push_until_settled(brook, clock)
    set_against = f"was set against {acme.posting.external_number} in Sage."
    by_client = text_of(alice.get(path("log-list", brook, "?q=acme")))
    assert f"Invoice {acme.posting.reference} arrived in Sage" in by_client
    assert set_against in by_client
    assert other.posting.reference not in by_client
    by_number = text_of(alice.get(path("log-list", brook, f"?q={note.number_label}")))
    assert set_against in by_number
    assert f"Invoice {acme.posting.reference} arrived" not in by_number


def test_the_export_has_the_chosen_events(alice, brook, acme, sage):
    posting = refused(brook, sage)
    file = (
        alice.get(path("log-list", brook, "?result=bad&file=csv&columns=what&columns=answer"))
        .getvalue()
        .decode("utf-8-sig")
    )
    assert posting.reference in file
    assert "422" in file
    assert acme.posting.reference not in file


def test_replaying_everything_twice_changes_nothing_in_sage(alice, brook, acme, sage, clock):
    with practice_scope(brook.pk):
        copy_again(acme.invoice, reason="The client wants two")
    push_until_settled(brook, clock)
    posted(brook, sage, "Dock Ltd")
    before = (sage.sales_invoices(), sage.contacts(), sage.sales_credit_notes())
    sage.forget_requests()
    with practice_scope(brook.pk):
        postings = list(Posting.objects.order_by("id"))
    for posting in [*postings, *postings]:
        assert alice.post(path("posting-replay", brook, pk=posting.pk)).status_code == 303
    assert (sage.sales_invoices(), sage.contacts(), sage.sales_credit_notes()) == before
    assert {request["method"] for request in sage.requests()} == {"GET"}
    with practice_scope(brook.pk):
        assert {posting.status for posting in Posting.objects.all()} == {Posting.Status.POSTED}
    page = text_of(alice.get(path("log-list", brook)))
    assert "It is in Sage once, as" in page


def test_replaying_a_refused_document_any_number_of_times_posts_it_once(alice, brook, sage, enabled, clock):
    posting = refused(brook, sage)
    for _ in range(3):
        alice.post(path("posting-replay", brook, pk=posting.pk))
    push_until_settled(brook, clock)
    assert len(sage.sales_invoices(reference=posting.reference)) == 1


def test_a_dry_replay_says_what_a_real_one_would_do_and_sends_nothing(alice, brook, sage, enabled, clock):
    """FEATURES 4.19: whether the refused document is in Sage all the same, or would be refused once more."""
    posting = refused(brook, sage)
    address = path("posting-replay", brook, pk=posting.pk)

    def looked() -> str:
        sage.forget_requests()
        said = alice.post(address, {"dry": "1"}, follow=True).content.decode()
        assert sage.requests("POST", "/sales_invoices") == sage.requests("PUT") == []
        with practice_scope(brook.pk):
            assert Posting.objects.get(pk=posting.pk).status == Posting.Status.FAILED
        return said

    assert "It is not in Sage. Replay would send it, once." in looked()
    with practice_scope(brook.pk):
        kept = list(TaxRateMapping.objects.all())
        TaxRateMapping.objects.all().delete()
    assert "Replay would be refused." in looked()
    with practice_scope(brook.pk):
        TaxRateMapping.objects.bulk_create(kept)
    assert "Look first" in alice.get(path("log-list", brook)).content.decode()
    alice.post(address)
    push_until_settled(brook, clock)
    with practice_scope(brook.pk):
        Posting.objects.filter(pk=posting.pk).update(status="failed", failure="SageRejected", external_id="")
    assert "It is in Sage already" in looked()


def test_replay_says_what_is_wrong_with_a_document_in_sage(brook, acme, sage):
    sage.edit_invoice(
        acme.theirs["id"], invoice_lines=[{**_line(acme.theirs), "unit_price": 50, "tax_amount": 10}]
    )
    with acting_for(brook.pk):
        outcome = replay(acme.posting)
    assert not outcome.is_well
    assert "£60.00 where we have £120.00" in outcome.words
    sage.delete_record("sales_invoices", acme.theirs["id"])
    with acting_for(brook.pk):
        assert "not in Sage any more" in replay(acme.posting).words


def _line(stored) -> dict[str, object]:
    line = stored["invoice_lines"][0]
    return {
        "id": line["id"],
        "description": line["description"],
        "ledger_account_id": line["ledger_account"]["id"],
        "tax_rate_id": line["tax_rate"]["id"],
        "quantity": 1,
    }


def test_f89_the_log_and_its_replay_are_the_practice_s_own(client_of, brook, cedar, acme):
    carol = client_of("carol")
    assert carol.get(path("log-list", brook)).status_code == 404
    assert acme.posting.reference not in text_of(carol.get(path("log-list", cedar)))
    assert carol.post(path("posting-replay", cedar, pk=acme.posting.pk)).status_code == 404


@pytest.mark.parametrize("name", ["log-list", "run-list"])
def test_without_a_connection_an_empty_log_leads_to_connecting(client_of, cedar, name):
    shown = text_of(client_of("carol").get(path(name, cedar)))
    assert "Connect Sage" in shown
    assert reverse("sage:connection-detail", args=[cedar.slug]) in shown


def test_readings_are_listed_with_what_was_wrong(alice, brook, acme):
    polled(brook)
    page = text_of(alice.get(path("run-list", brook)))
    assert "Payments" in page
    assert "Something was wrong" in page
    assert "Nothing was read" in text_of(alice.get(path("run-list", brook, "?result=bad")))
