"""Pausing, disconnecting and coming back: the queue is kept, and nobody is surprised."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.leases import lease_due_postings
from ledger.models import Posting
from ledger.outbox import ledger_settings, request_posting
from ledger.queue import on_its_way, pause_postings, resume_postings
from practices.models import AuditEntry, OutgoingEmail
from practices.tasks import practices_from
from practices.tenancy import practice_scope
from sage_integration.connections import current_connection, disconnect, mark_needs_reauthorisation
from sage_integration.models import SageConnection
from sage_integration.sage.errors import ReauthorisationRequired
from sage_integration.tasks import nightly_sync, withdraw_old_queue
from sage_integration.views.setup import QUEUE_SHOWN
from tests.sage import COMPANY, connected, signed_in

QUAYSIDE = "Quayside Advisory Ltd"


def page(name: str) -> str:
    return reverse(f"sage:{name}", args=["brook-co"])


def waiting(number: int = 1) -> Posting:
    return request_posting(Posting.Kind.INVOICE_CREATE, number, label=f"INV-{number:06}")


@pytest.fixture
def practice(brook, sage):
    """Brook & Co, connected and enabled."""
    connected(brook, sage)
    return brook


@pytest.fixture
def left(practice):
    """Brook & Co with one document waiting, disconnected since."""
    with practice_scope(practice.pk):
        waiting()
        disconnect()
    return practice


def age(days: int) -> None:
    SageConnection.objects.update(ended_at=timezone.now() - timedelta(days=days))


def test_while_paused_the_queue_is_kept_and_nothing_leaves(practice):
    with practice_scope(practice.pk):
        waiting()
        pause_postings()
        waiting(2)
        assert lease_due_postings() == []
        assert Posting.objects.filter(status="pending").count() == 2
        resume_postings()
        assert len(lease_due_postings()) == 2


def test_pausing_is_told_on_every_page_and_resumed_with_a_button(practice, client_of):
    alice = client_of("alice")
    alice.post(page("posting-pause"))
    for url in (reverse("home", args=["brook-co"]), page("app-list")):
        assert "Copying to Sage is paused" in alice.get(url).content.decode()
    assert "Resume posting" in alice.get(page("connection-detail")).content.decode()
    alice.post(page("posting-resume"))
    assert "Copying to Sage is paused" not in alice.get(page("app-list")).content.decode()
    with practice_scope(practice.pk):
        assert set(
            AuditEntry.objects.filter(action__startswith="ledger.").values_list("action", flat=True)
        ) == {
            "ledger.paused",
            "ledger.resumed",
        }


def test_needing_a_new_sign_in_is_told_on_every_page_to_owners_only(practice, client_of):
    with practice_scope(practice.pk):
        mark_needs_reauthorisation(ReauthorisationRequired(), current_connection().pk)
    home = reverse("home", args=["brook-co"])
    banner = "What waits leaves by itself once you have signed in again"
    assert banner in client_of("alice").get(home).content.decode()
    assert banner not in client_of("bob").get(home).content.decode()


def test_f27_the_companys_name_has_to_be_typed_to_disconnect(practice, client_of):
    alice = client_of("alice")
    refused = alice.post(page("connection-disconnect"), {"business_name": "Something else"})
    assert refused.status_code == 422
    assert COMPANY.replace("&", "&amp;") in refused.content.decode()
    with practice_scope(practice.pk):
        assert current_connection() is not None
    alice.post(page("connection-disconnect"), {"business_name": f" {COMPANY.upper()} "})
    with practice_scope(practice.pk):
        assert current_connection() is None


def test_d16_the_same_company_again_resumes_the_queue(left, sage):
    connected(left, sage)
    with practice_scope(left.pk):
        assert [posting.status for posting in lease_due_postings()] == ["leased"]


@pytest.mark.parametrize(("decision", "status"), [("hold", "held"), ("withdraw", "cancelled")])
def test_d16_another_company_asks_first_what_becomes_of_the_queue(left, sage, client_of, decision, status):
    signed_in(left)
    alice = client_of("alice")
    company = {"business_id": sage.business_id(QUAYSIDE)}
    asked = alice.post(page("business-choose"), company)
    assert asked.status_code == 409
    words = asked.content.decode().replace("&amp;", "&")
    assert f"still waiting for {COMPANY}" in words
    with practice_scope(left.pk):
        assert Posting.objects.get().reference in words
    assert "Not sent yet" in words
    assert alice.post(page("business-choose"), {**company, "queue": decision}).status_code == 303
    with practice_scope(left.pk):
        assert current_connection().business_name == QUAYSIDE
        assert Posting.objects.get().status == status


def test_d16_what_was_refused_is_not_said_to_have_arrived_and_is_withdrawn(left, sage, client_of):
    now, company = timezone.now(), {"business_id": sage.business_id(QUAYSIDE)}
    with practice_scope(left.pk):
        Posting.objects.update(status="failed", attempted_at=now, refused_at=now)
    signed_in(left)
    alice = client_of("alice")
    words = alice.post(page("business-choose"), company).content.decode().replace("&amp;", "&")
    assert ["May have arrived" in words, "may already be in" in words, "Not sent yet" in words] == [False] * 3
    assert f"One of them was refused by {COMPANY} and is not there. It is withdrawn either way" in words
    alice.post(page("business-choose"), {**company, "queue": "hold"})
    with practice_scope(left.pk):
        assert Posting.objects.get().status == "cancelled"


def test_d16_all_that_waits_for_the_first_company_can_be_seen_and_nothing_else(left, sage, client_of):
    with practice_scope(left.pk):
        for number in range(2, QUEUE_SHOWN + 5):
            waiting(number)
        Posting.objects.update(status="pending")
        for subject, status in {2: "failed", 3: "held", 4: "cancelled"}.items():
            Posting.objects.filter(subject_id=subject).update(status=status)
        wait = set(on_its_way().values_list("reference", flat=True))
        others = set(Posting.objects.values_list("reference", flat=True)) - wait
    signed_in(left)
    alice, postings = client_of("alice"), reverse("ledger:posting-list", args=["brook-co"])
    asked = alice.post(page("business-choose"), {"business_id": sage.business_id(QUAYSIDE)})
    assert f'href="{postings}?view=unsettled"' in asked.content.decode()
    listed = alice.get(f"{postings}?view=unsettled").content.decode()
    assert {each for each in wait | others if each in listed} == wait
    assert "On its way or refused" in listed
    assert "On its way or refused" not in alice.get(postings).content.decode()


def test_d16_what_may_be_in_the_first_company_never_reaches_a_second(left, sage, client_of):
    with practice_scope(left.pk):
        Posting.objects.update(attempted_at=timezone.now())
    signed_in(left)
    client_of("alice").post(
        page("business-choose"), {"business_id": sage.business_id(QUAYSIDE), "queue": "hold"}
    )
    with practice_scope(left.pk):
        assert Posting.objects.get().status == "cancelled"


def test_d16_after_ninety_days_the_queue_is_withdrawn_and_the_owner_told(left):
    with practice_scope(left.pk):
        age(89)
    assert practices_from("sage_practices_with_an_old_queue") == []
    withdraw_old_queue(left.pk)
    with practice_scope(left.pk):
        assert Posting.objects.get().status == "pending"
        age(91)
    assert practices_from("sage_practices_with_an_old_queue") == [left.pk]
    withdraw_old_queue(left.pk)
    withdraw_old_queue(left.pk)
    assert practices_from("sage_practices_with_an_old_queue") == []
    with practice_scope(left.pk):
        assert Posting.objects.get().status == "cancelled"
        assert AuditEntry.objects.get(action="sage.queue_withdrawn").data["documents"] == 1
        email = OutgoingEmail.objects.get(event__startswith="sage-queue-withdrawn")
        assert "1 document no longer waits for Sage" in email.subject


def test_d16_what_may_be_in_sage_is_not_withdrawn_by_itself(left):
    with practice_scope(left.pk):
        Posting.objects.update(attempted_at=timezone.now())
        age(91)
    withdraw_old_queue(left.pk)
    with practice_scope(left.pk):
        assert Posting.objects.get().status == "pending"


def test_what_an_old_session_hears_late_does_not_mark_a_newer_connection(left, sage):
    with practice_scope(left.pk):
        old = SageConnection.objects.get().pk
    connected(left, sage)
    with practice_scope(left.pk):
        mark_needs_reauthorisation(ReauthorisationRequired(), old)
        assert current_connection().status == SageConnection.Status.ENABLED


def test_a_failed_keep_alive_does_not_cost_the_rest_of_the_night(practice, sage):
    with practice_scope(practice.pk):
        SageConnection.objects.update(access_expires_at=timezone.now())
        read_before = SageConnection.objects.get().health_read_at
    sage.arm("status", on="POST /token", times=1, status=503)
    nightly_sync(practice.pk)
    with practice_scope(practice.pk):
        assert current_connection().health_read_at > read_before


def test_everybody_signed_in_is_kept_alive_also_before_enabling(brook, cedar, sage):
    signed_in(brook)
    assert practices_from("sage_practices_signed_in") == [brook.pk]
    assert practices_from("sage_connected_practices") == []


def test_enabling_ends_a_pause(left, sage):
    with practice_scope(left.pk):
        pause_postings()
    connected(left, sage)
    with practice_scope(left.pk):
        assert ledger_settings().paused_at is None
