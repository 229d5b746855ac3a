"""The customers of Sage as they are known here: read whole, kept up to date, and never more than may be shown."""

from datetime import timedelta
from decimal import Decimal

import pytest

from clients.likeness import Reason, Verdict
from practices.tenancy import acting_for, practice_scope
from sage_integration.models import ContactLink, SageContact, SyncCursor, SyncRun
from sage_integration.sync.contact_book import sync_contacts
from sage_integration.sync.runs import request_run
from sage_integration.tasks import nightly_sync, read_contacts
from tests.integration.sage_integration.posting import add_client, posted


@pytest.fixture
def practice(brook, enabled, sage):
    """Brook & Co, connected and enabled."""
    sage.forget_requests()
    return brook


def read(practice) -> SyncRun:
    with acting_for(practice.pk):
        return sync_contacts()


def book(practice) -> dict[str, SageContact]:
    with practice_scope(practice.pk):
        return {contact.name: contact for contact in SageContact.objects.all()}


def add(sage, name, **attributes):
    return sage.add_contact(name, sage.business_id(), **attributes)


def test_f36_every_customer_is_read_over_more_than_one_page(practice, sage):
    before = len(sage.contacts(sage.business_id()))
    sage.seed_contacts(450, sage.business_id())
    run = read(practice)
    assert run.problem == ""
    assert len(book(practice)) == run.counts["contacts"] == before + 450
    assert len([r for r in sage.requests("GET", "/contacts") if "page=3" in r.get("query", "")]) >= 1


def test_what_a_contact_is_known_by_is_kept(practice, sage):
    add(
        sage,
        "Tarn Foods Ltd",
        reference="TARN",
        tax_number="GB123456789",
        main_address={"address_line_1": "2 Lake Road", "city": "Ambleside", "postal_code": "LA22 0AA"},
        main_contact_person={"name": "Ada Tarn", "email": "ada@tarn.example", "telephone": "015394 1"},
    )
    read(practice)
    tarn = book(practice)["Tarn Foods Ltd"]
    assert (tarn.displayed_as, tarn.reference) == ("Tarn Foods Ltd (TARN)", "TARN")
    assert (tarn.email, tarn.person_name, tarn.phone) == ("ada@tarn.example", "Ada Tarn", "015394 1")
    assert tarn.address_lines == ["2 Lake Road", "Ambleside", "LA22 0AA"]
    assert (tarn.tax_number, tarn.currency, tarn.country) == ("GB123456789", "GBP", "GB")
    assert tarn.owed == Decimal("0.00")


def test_suppliers_hmrc_and_erased_contacts_never_appear(practice, sage):
    add(sage, "Paper Supplies Ltd", contact_type_ids=["VENDOR"])
    erased = add(sage, "Erased Person")
    sage.change_record("contacts", erased["id"], gdpr_obfuscated=True)
    read(practice)
    names = set(book(practice))
    assert not names & {"Paper Supplies Ltd", "Erased Person"}
    assert not [name for name in names if "HMRC" in name]


@pytest.mark.parametrize("fault", ["status", "html_error", "truncated_json"])
def test_a_page_that_fails_half_way_leaves_nothing_half_read(practice, sage, fault):
    sage.seed_contacts(450, sage.business_id())
    options = {"status": 500} if fault == "status" else {}
    sage.arm(fault, on="GET /contacts", times=None, skip=1, **options)
    run = read(practice)
    assert run.problem
    assert book(practice) == {}
    with practice_scope(practice.pk):
        assert not SyncCursor.objects.filter(feed="contacts").exists()
    sage.disarm()
    assert read(practice).counts["contacts"] >= 450


def test_only_what_changed_is_read_again_with_an_overlap(practice, sage, clock):
    sage.seed_contacts(450, sage.business_id())
    read(practice)
    for name in ("Beck Farm", "Fell Dairy"):
        clock.shift(timedelta(hours=1))
        add(sage, name)
        sage.forget_requests()
        run = read(practice)
        assert (run.counts["new"], run.counts["contacts"]) == (1, len(book(practice)))
    assert run.counts["changed"] == 0
    assert len(sage.requests("GET", "/contacts")) == 2  # what changed, and what was deleted


def test_a_contact_deleted_in_sage_leaves_the_book(practice, sage, clock):
    gone = add(sage, "Beck Farm")
    read(practice)
    clock.shift(timedelta(hours=1))
    sage.delete_record("contacts", gone["id"])
    assert read(practice).counts["gone"] == 1
    assert "Beck Farm" not in book(practice)


@pytest.mark.parametrize("how", ["deleted", "erased"])
def test_a_linked_contact_that_has_gone_is_noticed_and_asked_about(practice, sage, clock, how):
    document = posted(practice, sage, "Tarn Foods")
    read(practice)
    contact = sage.contacts(name="Tarn Foods")[0]
    clock.shift(timedelta(hours=1))
    if how == "deleted":
        sage.delete_record("contacts", contact["id"])
    else:
        sage.change_record("contacts", contact["id"], gdpr_obfuscated=True)
    read(practice)
    with practice_scope(practice.pk):
        link = ContactLink.objects.get(client=document.invoice.client_id)
        assert (link.trouble, link.trouble_since is not None) == (how, True)


def test_a_reading_suggests_clients_with_reasons(practice, sage):
    with practice_scope(practice.pk):
        client = add_client("Tarn & Fell Foods Ltd")
    add(sage, "Tarn and Fell Foods Limited")
    add(sage, "Unheard of Ltd")
    run = read(practice)
    assert run.counts["suggested"] == 1
    tarn = book(practice)["Tarn and Fell Foods Limited"]
    assert tarn.verdict == Verdict.SUGGESTED
    (candidate,) = tarn.candidates
    assert candidate["client"] == client.pk
    expected = {Reason.FORM_SPELLING, Reason.AMPERSAND, Reason.OTHER_POSTCODE}
    assert set(candidate["reasons"]) == {reason.name for reason in expected}
    assert book(practice)["Unheard of Ltd"].verdict == Verdict.NEW


def test_p03_twins_among_sage_contacts_are_found_and_left_alone(practice, sage):
    for name in ("Tarn Foods Ltd", "Tarn Foods Limited", "Beck Farm"):
        add(sage, name)
    read(practice)
    contacts = book(practice)
    assert [twin["contact"] for twin in contacts["Tarn Foods Ltd"].twins] == [
        contacts["Tarn Foods Limited"].pk
    ]
    assert contacts["Beck Farm"].twins == []
    assert {request["method"] for request in sage.requests(path="/contacts")} == {"GET"}


def test_f57_a_new_contact_is_offered_after_the_nightly_run_and_not_before(practice, sage):
    read(practice)
    add(sage, "S10 Ltd")
    assert "S10 Ltd" not in book(practice)
    nightly_sync(practice.pk)
    assert "S10 Ltd" in book(practice)


def test_f59_asked_for_twice_quickly_it_is_read_once(practice, sage):
    with practice_scope(practice.pk):
        asked_for = request_run(SyncRun.Kind.CONTACTS)
        assert request_run(SyncRun.Kind.CONTACTS) is None
    add(sage, "S11 Ltd")
    read_contacts(practice.pk)
    with practice_scope(practice.pk):
        run = SyncRun.objects.get(kind=SyncRun.Kind.CONTACTS)
        assert (run.pk, run.finished_at is not None) == (asked_for.pk, True)
        assert request_run(SyncRun.Kind.CONTACTS) is None
    assert "S11 Ltd" in book(practice)


def test_the_other_practice_knows_none_of_these_contacts(practice, cedar, sage):
    add(sage, "Tarn Foods")
    read(practice)
    assert book(cedar) == {}
