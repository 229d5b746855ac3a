"""What needs somebody is counted, given to people, put off and handled; and told of in one digest (P05)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection as database
from django.urls import reverse
from django.utils import timezone

from ledger.models import Posting
from practices.models import AuditEntry, Membership, OutgoingEmail
from practices.permissions import Can, may
from practices.scalars import figures
from practices.templatetags.dates import written_date
from practices.tenancy import acting_for, practice_scope
from sage_integration.alerts import tell_of_what_needs_somebody
from sage_integration.attention import NotAColleague, assign, columns_of_inbox, things
from sage_integration.balance import troubles_of_invoices
from sage_integration.models import Attention, SageConnection, SageLink
from sage_integration.sync.audit import audit_documents
from tests.integration.sage_integration.polling import poll
from tests.integration.sage_integration.posting import issued_invoice, posting_of, push_once
from tests.integration.sage_integration.test_differences import resolve


@pytest.fixture
def alice(enabled, client_of):
    """Alice's browser, signed in on the day of the test."""
    return client_of("alice")


def path(name: str, practice, query: str = "", **kwargs) -> str:
    return reverse(f"sage:{name}", kwargs={"practice": practice.slug, **kwargs}) + query


def text_of(answer) -> str:
    return answer.content.decode()


def refused(practice, sage, name: str = "Refused Ltd") -> Posting:
    sage.arm("status", on="POST /sales_invoices", status=422)
    invoice = issued_invoice(practice, name)
    push_once(practice)
    return posting_of(invoice)


def need_somebody(practice) -> int:
    with practice_scope(practice.pk):
        needs = figures(**columns_of_inbox(practice.today()))["need_you"]
        assert needs == sum(thing.state_on(practice.today()) == "open" for thing in things())
    return needs


def mails(practice) -> list[OutgoingEmail]:
    with practice_scope(practice.pk):
        return list(OutgoingEmail.objects.filter(kind="sage_integration/needs_you").order_by("pk"))


def tell(practice, minutes: int = 0) -> int:
    with practice_scope(practice.pk):
        return tell_of_what_needs_somebody(timezone.now() + timedelta(minutes=minutes))


def test_p05_what_was_refused_is_in_the_inbox_with_money_age_and_a_way_out(
    alice, brook, enabled, sage, clock
):
    posting = refused(brook, sage)
    clock.shift(3 * 3600)
    page = text_of(alice.get(path("inbox", brook)))
    assert "Sage refused this document." in page
    assert "Correct what Sage names" in page
    assert "£120.00" in page
    assert "3\xa0hours" in page
    assert "Refused Ltd" in page
    assert "1 need you" in text_of(alice.get(path("connection-detail", brook))).replace(
        "</span>", ""
    ).replace('<span class="visually-hidden">', "")
    thing = text_of(alice.get(path("inbox-thing", brook, key=f"posting-{posting.pk}")))
    assert "POST /sales_invoices: 422" in thing


def test_a_document_that_was_deleted_in_sage_is_in_the_inbox(alice, brook, acme, sage):
    sage.delete_record("sales_invoices", acme.theirs["id"])
    with acting_for(brook.pk):
        audit_documents()
    assert need_somebody(brook) == 1
    page = text_of(alice.get(path("inbox", brook)))
    counted = f'<a href="{path("inbox", brook)}">1</a>'
    for tile in ("app-list", "connection-detail"):
        assert counted in text_of(alice.get(path(tile, brook))), "as in the menu"
    assert "is not in Sage any more" in page
    assert "See the differences" in page


def test_of_a_different_settlement_what_differs_is_at_stake_and_not_the_whole_invoice(
    alice, brook, acme, sage, clock
):
    """P05: £40 of £120 was paid in Sage, and nothing of that is known here."""
    sage.record_payment(acme.theirs["id"], "40")
    with acting_for(brook.pk):
        audit_documents()
    with practice_scope(brook.pk):
        [thing], [trouble] = things(), troubles_of_invoices()
        assert (thing.amount, trouble.amount) == (Decimal("40.00"), Decimal("40.00"))
    assert "£40.00" in text_of(alice.get(path("inbox", brook)))
    (need,) = [
        each for each in alice.get(f"/p/{brook.slug}/").context["needs"] if "Sage needs you" in each.words
    ]
    assert need.amount == Decimal("40.00")
    clock.shift(600)
    poll(brook)
    with practice_scope(brook.pk):
        assert things() == []
        assert SageLink.objects.get().owed_there is None


def test_p11_what_changed_in_sage_without_its_total_is_in_the_inbox_until_a_side_is_chosen(
    alice, brook, acme, sage, clock
):
    """Fault 52: a due date is worth looking at as well; the choice ends it at once, before anything is read again."""
    sage.edit_invoice(acme.theirs["id"], due_date="2027-05-31")
    with acting_for(brook.pk):
        audit_documents()
    assert need_somebody(brook) == 1
    with practice_scope(brook.pk):
        [thing] = things()
    page = text_of(alice.get(path("inbox", brook)))
    assert "was changed in Sage (the due date). The total is the same." in page
    # Amounts may have moved from one line to another, so no more than that is known.
    cause = "Somebody changed a date, a line or the customer in Sage; the total is the same."
    assert cause in text_of(alice.get(path("inbox-thing", brook, key=thing.key)))
    assert resolve(alice, acme.invoice, due_date="ours").status_code == 303
    push_once(brook)
    assert need_somebody(brook) == 0
    clock.shift(60)
    sage.edit_invoice(acme.theirs["id"], due_date="2027-06-30")
    with acting_for(brook.pk):
        audit_documents()
    assert need_somebody(brook) == 1
    with practice_scope(brook.pk):
        assert things()[0].since > thing.since


def test_a_lost_authorisation_is_in_the_inbox(alice, brook, enabled, sage):
    sage.revoke_grants()
    sage.expire_access_tokens()
    issued_invoice(brook)
    push_once(brook)
    assert need_somebody(brook) == 1
    assert "no longer accepts" in text_of(alice.get(path("inbox", brook)))


@pytest.fixture
def may_act(cast) -> None:
    """Bob copies invoices to Sage, and so can settle what went wrong there."""
    Membership.objects.filter(user=cast.bob).update(role=Membership.Role.ACCOUNTS)


@pytest.mark.parametrize("role", Membership.Role.values)
def test_f88_a_thing_is_offered_to_members_who_can_act_on_it(alice, cast, brook, enabled, sage, role):
    Membership.objects.filter(user=cast.bob).update(role=role)
    key, can = f"posting-{refused(brook, sage).pk}", may(role, Can.POST_TO_LEDGER)
    page = text_of(alice.get(path("inbox-thing", brook, key=key)))
    assert (f'<option value="{cast.alice.pk}"' in page, f'<option value="{cast.bob.pk}"' in page) == (
        True,
        can,
    )
    given = alice.post(path("inbox-assign", brook, key=key), {"owner": cast.bob.pk})
    assert given.status_code == (303 if can else 422)
    with practice_scope(brook.pk):
        assert Attention.objects.filter(owner=cast.bob).exists() is can
        if not can:
            with pytest.raises(NotAColleague):
                assign(things()[0], cast.bob)


def test_a_thing_is_given_to_a_colleague_and_only_to_one(alice, cast, may_act, brook, enabled, sage):
    key = f"posting-{refused(brook, sage).pk}"
    alice.post(path("inbox-assign", brook, key=key), {"owner": cast.bob.pk})
    page = text_of(alice.get(path("inbox", brook)))
    assert f"{cast.bob} looks after it now." in page
    assert "less than a minute" in page
    assert alice.post(path("inbox-assign", brook, key=key), {"owner": cast.carol.pk}).status_code == 422
    with practice_scope(brook.pk):
        assert Attention.objects.get().owner == cast.bob


def test_what_is_put_off_comes_back_on_its_day(alice, brook, enabled, sage, clock):
    key = f"posting-{refused(brook, sage).pk}"
    today = brook.today()
    assert alice.post(path("inbox-snooze", brook, key=key), {"until": today.isoformat()}).status_code == 422
    until = today + timedelta(days=2)
    assert alice.post(path("inbox-snooze", brook, key=key), {"until": until.isoformat()}).status_code == 303
    assert need_somebody(brook) == 0
    page = text_of(alice.get(path("inbox", brook, "?view=snoozed")))
    assert "Put off until" in page
    assert f"It is put off until {written_date(until)}." in page
    clock.shift(2 * 86400)
    assert need_somebody(brook) == 1


def test_what_is_handled_says_how_and_by_whom_and_comes_back_if_it_happens_again(
    alice, cast, brook, enabled, sage, clock
):
    posting = refused(brook, sage)
    key = f"posting-{posting.pk}"
    assert alice.post(path("inbox-handle", brook, key=key), {"note": " "}).status_code == 422
    alice.post(path("inbox-handle", brook, key=key), {"note": "Entered by hand"})
    assert need_somebody(brook) == 0
    page = text_of(alice.get(path("inbox", brook, "?view=handled")))
    assert "Entered by hand" in page
    assert "Alice" in page
    with practice_scope(brook.pk):
        assert AuditEntry.objects.filter(action="attention.handled", actor=cast.alice).exists()
    clock.shift(60)
    alice.post(path("posting-replay", brook, pk=posting.pk))
    sage.arm("status", on="POST /sales_invoices", status=422)
    push_once(brook)
    assert need_somebody(brook) == 1
    alice.post(path("inbox-handle", brook, key=key), {"note": "Again"})
    alice.post(path("inbox-reopen", brook, key=key))
    assert need_somebody(brook) == 1


def test_the_chip_of_a_refused_document_leads_to_where_it_is_marked_as_handled(alice, brook, enabled, sage):
    posting = refused(brook, sage)
    page = text_of(alice.get(f"/p/{brook.slug}/invoices/{posting.subject_id}/"))
    address = path("posting-attention", brook, pk=posting.pk)
    assert address in page
    assert "Mark handled" in text_of(alice.get(address, follow=True))


def test_a_thing_that_is_mended_leaves_the_inbox(alice, brook, enabled, sage, clock):
    posting = refused(brook, sage)
    alice.post(path("posting-replay", brook, pk=posting.pk))
    push_once(brook)
    assert need_somebody(brook) == 0
    answer = alice.get(path("inbox-thing", brook, key=f"posting-{posting.pk}"))
    assert answer.status_code == 303
    assert "Nothing needs you" in text_of(alice.get(path("inbox", brook)))


def test_an_empty_inbox_says_nothing_of_what_was_only_marked_handled(alice, brook, enabled, sage):
    key = f"posting-{refused(brook, sage).pk}"
    alice.post(path("inbox-handle", brook, key=key), {"note": "Agreed with the client"})
    assert need_somebody(brook) == 0
    page = text_of(alice.get(path("inbox", brook)))
    assert "Nothing needs anybody now." in page
    assert "No document was refused" not in page


def test_f89_a_thing_of_another_practice_does_not_exist(client_of, brook, cedar, enabled, sage):
    key = f"posting-{refused(brook, sage).pk}"
    carol = client_of("carol")
    assert carol.get(path("inbox-thing", cedar, key=key)).status_code == 404
    assert carol.post(path("inbox-handle", cedar, key=key), {"note": "Mine now"}).status_code == 404
    with practice_scope(brook.pk):
        assert not Attention.objects.exists()


def test_f88_whoever_may_not_copy_only_looks(client_of, brook, enabled, sage):
    key = f"posting-{refused(brook, sage).pk}"
    bob = client_of("bob")
    assert bob.get(path("inbox", brook)).status_code == 200
    assert bob.post(path("inbox-handle", brook, key=key), {"note": "Done"}).status_code == 403


def test_one_digest_tells_of_everything_after_the_practice_s_minutes_and_of_nothing_twice(
    cast, brook, enabled, sage, clock
):
    for name in ("One Ltd", "Two Ltd", "Three Ltd"):
        refused(brook, sage, name)
    assert tell(brook) == 0
    assert mails(brook) == []
    assert tell(brook, minutes=61) == 3
    [mail] = mails(brook)
    assert mail.to == cast.alice.email
    assert mail.subject == "Brook & Co: 3 things need somebody"
    assert "£360.00 is at stake" in mail.text
    assert "Two Ltd: Sage refused this document." in mail.text
    assert tell(brook, minutes=62) == 0
    clock.shift(3600 * 2)
    refused(brook, sage, "Four Ltd")
    assert tell(brook, minutes=61) == 1
    assert len(mails(brook)) == 2


def test_the_digest_also_goes_to_who_looks_after_a_thing(cast, may_act, alice, brook, enabled, sage):
    key = f"posting-{refused(brook, sage).pk}"
    alice.post(path("inbox-assign", brook, key=key), {"owner": cast.bob.pk})
    tell(brook, minutes=61)
    assert {mail.to for mail in mails(brook)} == {cast.alice.email, cast.bob.email}


def test_what_is_handled_or_put_off_is_not_told_of(alice, brook, enabled, sage):
    key = f"posting-{refused(brook, sage).pk}"
    alice.post(path("inbox-handle", brook, key=key), {"note": "Seen"})
    assert tell(brook, minutes=61) == 0
    assert mails(brook) == []


def test_no_digest_is_sent_where_the_practice_wants_none(brook, enabled, sage):
    refused(brook, sage)
    with practice_scope(brook.pk):
        SageConnection.objects.update(alert_after_minutes=0)
    assert tell(brook, minutes=600) == 0


def test_only_practices_with_something_to_tell_are_woken(brook, cedar, enabled, sage, clock):
    posting = refused(brook, sage)
    assert _to_alert() == []
    with practice_scope(brook.pk), database.cursor() as cursor:  # The database's clock is nobody's to move.
        cursor.execute(
            "UPDATE ledger_posting SET settled_at = now() - interval '2 hours' WHERE id = %s", [posting.pk]
        )
    assert _to_alert() == [brook.pk]
    with practice_scope(brook.pk), database.cursor() as cursor:
        cursor.execute("UPDATE sage_integration_sageconnection SET alerted_until = now()")
    assert _to_alert() == []


def _to_alert() -> list[int]:
    with database.cursor() as cursor:
        cursor.execute("SELECT * FROM sage_practices_to_alert()")
        return [row[0] for row in cursor.fetchall()]
