"""The list of postings: counted by state, acted on by those who may."""

import pytest
from django.urls import reverse

from ledger.models import LedgerSettings, Posting
from ledger.outbox import hold_posting, request_posting
from ledger.queries import counters
from practices.models import Practice
from practices.tenancy import practice_scope
from tests.integration.sage_integration.posting import add_client


def path(name: str, practice: Practice, **kwargs) -> str:
    return reverse(f"ledger:posting-{name}", kwargs={"practice": practice.slug, **kwargs})


@pytest.fixture
def held(brook):
    with practice_scope(brook.pk):
        LedgerSettings.objects.update(accepts_postings=True)
        return hold_posting("invoice.create", 1, label="INV-000001")


def state(practice: Practice, posting: Posting) -> str:
    with practice_scope(practice.pk):
        return Posting.objects.get(pk=posting.pk).status


def test_an_empty_list_says_what_comes_here(brook, client_of):
    page = client_of("bob").get(path("list", brook)).content.decode()
    assert "Invoices appear here" in page
    assert "Nothing leaves yet" in page


def test_each_empty_view_says_what_it_means_and_the_waiting_one_leads_to_what_is_left(brook, held, client_of):
    alice = client_of("alice")

    def shown(view: str) -> str:
        return alice.get(path("list", brook), {"view": view}).content.decode()

    assert '<a href="?view=held">1 is held</a>' in shown("waiting")
    assert "Nothing needs you" in shown("needs-you")
    assert "Nothing was withdrawn" in shown("withdrawn")
    assert "Nothing is in Sage yet" in shown("in-sage")
    alice.post(path("cancel", brook, pk=held.pk))
    assert "Nothing is held" in shown("held")
    assert "Everything asked for has been dealt with." in shown("waiting")


def test_each_posting_names_its_client_and_leads_to_what_it_is_about(brook, client_of):
    """A contact's reference is a number of ours: nobody knows whose it is by that."""
    with practice_scope(brook.pk):
        acme = add_client("Acme Ltd")
        request_posting("contact.upsert", acme.pk, label="CLIENT")
    bob = client_of("bob")
    page = bob.get(path("list", brook)).content.decode()
    assert "Acme Ltd" in page
    assert reverse("clients:client-detail", args=[brook.slug, acme.pk]) in page
    rows = b"".join(bob.get(path("list", brook) + "?file=csv")).decode()
    assert "Acme Ltd" in rows


@pytest.mark.parametrize("name", ["retry", "release", "cancel"])
def test_changes_are_posts_by_those_who_may_of_their_own_practice(brook, cedar, held, client_of, name):
    address = path(name, brook, pk=held.pk)
    assert client_of("bob").post(address).status_code == 403
    assert client_of("alice").get(address).status_code == 405
    assert client_of("carol").post(address).status_code == 404
    assert client_of("carol").post(path(name, cedar, pk=held.pk)).status_code == 404
    assert state(brook, held) == "held"


def test_a_held_posting_is_released_and_the_person_stays_where_they_were(brook, held, client_of):
    back = path("list", brook) + "?view=held"
    answer = client_of("alice").post(path("release", brook, pk=held.pk), {"next": back})
    assert (answer.status_code, answer["Location"]) == (303, back)
    assert state(brook, held) == "pending"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_site(brook, held, client_of, elsewhere):
    answer = client_of("alice").post(path("release", brook, pk=held.pk), {"next": elsewhere})
    assert answer["Location"] == path("list", brook)


def test_nothing_is_released_before_sage_is_enabled(brook, held, client_of):
    with practice_scope(brook.pk):
        LedgerSettings.objects.update(accepts_postings=False)
    alice = client_of("alice")
    page = alice.get(path("list", brook)).content.decode()
    assert "Not connected" in page
    assert path("release", brook, pk=held.pk) not in page
    assert alice.post(path("release", brook, pk=held.pk)).status_code == 409
    assert state(brook, held) == "held"


def test_a_refused_posting_shows_its_reason_and_is_tried_again(brook, held, client_of):
    with practice_scope(brook.pk):
        Posting.objects.update(status="failed", failure="Rejected", failure_detail="Sage wants another date.")
    alice = client_of("alice")
    assert "Sage wants another date." in alice.get(path("list", brook) + "?view=needs-you").content.decode()
    alice.post(path("retry", brook, pk=held.pk))
    assert state(brook, held) == "pending"


def test_everything_that_failed_for_one_reason_is_tried_again_in_one_click(brook, held, client_of):
    """P17: and what failed for another reason stays."""
    with practice_scope(brook.pk):
        for n in (2, 3):
            request_posting("invoice.create", n, label=f"INV-{n}")
        Posting.objects.filter(subject_id__in=[1, 2]).update(
            status="failed", failure="RateNotMapped", failure_detail="Map it.", remedy="Map the VAT rate"
        )
        Posting.objects.filter(subject_id=3).update(status="failed", failure="SageRejected")
    alice = client_of("alice")
    page = alice.get(path("list", brook) + "?view=needs-you").content.decode()
    assert "Map the VAT rate" in page
    assert alice.post(path("retry-all", brook), {"failure": "RateNotMapped"}).status_code == 303
    with practice_scope(brook.pk):
        waiting = Posting.objects.filter(status="pending").values_list("subject_id", flat=True)
        assert sorted(waiting) == [1, 2]
        assert set(Posting.objects.filter(status="pending").values_list("remedy", flat=True)) == {""}


def test_what_may_be_in_sage_cannot_be_withdrawn(brook, held, client_of):
    alice = client_of("alice")
    with practice_scope(brook.pk):
        Posting.objects.update(status="failed", attempted_at="2027-01-01T00:00Z")
    assert "An earlier try may have reached Sage." in alice.get(path("list", brook)).content.decode()
    assert alice.post(path("cancel", brook, pk=held.pk)).status_code == 409
    with practice_scope(brook.pk):
        Posting.objects.update(attempted_at=None)
    assert alice.post(path("cancel", brook, pk=held.pk)).status_code == 303
    assert state(brook, held) == "cancelled"


def test_the_counters_tell_what_needs_a_person_from_what_waits(brook, held, cedar):
    with practice_scope(brook.pk):
        for n in range(2, 5):
            request_posting("invoice.create", n, label=f"INV-{n}")
        Posting.objects.filter(subject_id=2).update(status="failed")
        assert counters()[:2] == (1, 2)
    with practice_scope(cedar.pk):
        assert counters()[:2] == (0, 0)


def test_the_list_is_cut_by_state_and_goes_on(brook, held, client_of, monkeypatch):
    monkeypatch.setattr("practices.lists.PAGE", 1)
    with practice_scope(brook.pk):
        request_posting("invoice.create", 2, label="INV-000002")
        request_posting("invoice.create", 3, label="INV-000003")
    alice = client_of("alice")
    first = alice.get(path("list", brook) + "?view=waiting")
    assert [posting.subject_id for posting, *_ in first.context["rows"]] == [3]
    second = alice.get(path("list", brook) + first.context["page"].next)
    assert [posting.subject_id for posting, *_ in second.context["rows"]] == [2]
    assert {tab["label"]: tab["count"] for tab in second.context["tabs"]}["All"] == 3


def test_documents_of_every_state_stand_in_one_order_from_page_to_page(brook, held, client_of, monkeypatch):
    monkeypatch.setattr("practices.lists.PAGE", 2)
    with practice_scope(brook.pk):
        for number in range(2, 6):
            request_posting("invoice.create", number, label=f"INV-00000{number}")
        Posting.objects.filter(subject_id=2).update(status="failed")
        Posting.objects.filter(subject_id=4).update(status="posted", external_id="4")
    alice, address, found = client_of("alice"), "?", []
    while address:
        page = alice.get(path("list", brook) + address).context
        found.append([posting.subject_id for posting, *_ in page["rows"]])
        address = page["page"].next
    assert found == [[5, 4], [3, 2], [1]]
    back = alice.get(path("list", brook) + page["page"].previous).context["rows"]
    assert [posting.subject_id for posting, *_ in back] == [3, 2]


def test_what_is_in_sage_is_counted_no_further_than_a_list_is(brook, held, client_of):
    with practice_scope(brook.pk):
        Posting.objects.bulk_create(
            Posting(
                kind="invoice.create",
                subject_id=number,
                reference=f"INV-{number}",
                idempotency_id=f"{number:032}",
                status="posted",
                external_id="1",
            )
            for number in range(2, 1010)
        )
    page = client_of("alice").get(path("list", brook)).context
    counts = {tab["label"]: tab["count"] for tab in page["tabs"]}
    assert (counts["All"], counts["Held"], counts["In Sage"]) == ("1,000+", 1, "1,000+")
    assert page["found"] == "more than 1,000 documents"


def test_what_is_open_is_counted_to_the_last_however_much_it_is(brook, held, client_of, monkeypatch):
    for place in ("ledger.views", "ledger.queries", "practices.lists"):
        monkeypatch.setattr(f"{place}.COUNTED", 2)
    with practice_scope(brook.pk):
        for number in range(2, 5):
            request_posting("invoice.create", number, label=f"INV-{number}")
        Posting.objects.update(status="held")
    page = client_of("alice").get(path("list", brook) + "?view=held").context
    counts = {tab["label"]: tab["count"] for tab in page["tabs"]}
    assert (counts["Held"], counts["All"], counts["In Sage"]) == (4, "2+", 0)
    assert page["found"] == "4 documents"


def test_the_list_is_swapped_by_itself_for_htmx(brook, held, client_of):
    page = client_of("alice").get(path("list", brook), headers={"HX-Request": "true"}).content.decode()
    assert held.reference in page
    assert "<html" not in page
