"""G87: the week by e-mail and as a page, with a file for each list and a switch for each person."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from ignition.tasks import tell_of_the_week
from ignition.weekly import send_weekly_summary, weekly_summary
from invoicing.models import BillingSchedule
from ledger.models import Posting
from practices.models import Membership, OutgoingEmail
from practices.tenancy import practice_scope
from proposals.models import Proposal
from tests.integration.invoicing.documents import MONTHLY, a_client, a_proposal, accept, an_invoice

ADDRESS = "/p/brook-co/weekly-summary/"


@pytest.fixture
def morning():
    """A Wednesday that stays."""
    with time_machine.travel(datetime(2027, 3, 10, 9, 0, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def week(morning, brook):
    """Brook & Co with something in most lists."""
    with practice_scope(brook.pk):
        today = brook.today()
        accepted = a_proposal(MONTHLY, client=a_client("Acme Ltd"))
        accept(accepted)
        Proposal.objects.filter(pk=accepted.pk).update(decided_at=timezone.now() - timedelta(days=2))
        BillingSchedule.objects.filter(billing="recurring").update(ends_on=today + timedelta(days=9))
        invoice = an_invoice(a_client("Beck Ltd"))
        Posting.objects.filter(subject_id=invoice.pk).update(status="failed", failure="SageRejected")
    return brook


def sections_of(practice, on=None) -> dict[str, list]:
    with practice_scope(practice.pk):
        return {each.key: each.rows for each in weekly_summary(on or practice.today())}


def test_g87_the_summary_names_each_thing_in_its_list(week):
    found = sections_of(week)
    assert [row[0] for row in found["accepted"]] == ["Acme Ltd"]
    assert {row[0] for row in found["ending"]} == {"Acme Ltd"}
    assert [row[1] for row in found["sage"]] == ["Beck Ltd"]
    assert found["awaiting"] == found["failed-payments"] == []


def test_g87_a_day_is_that_of_the_practice(week):
    """Half past eleven in the evening of universal time is the next day in a London summer."""
    with practice_scope(week.pk):
        Proposal.objects.filter(status="accepted").update(
            decided_at=datetime(2027, 6, 30, 23, 30, tzinfo=UTC)
        )
    for on, days in ((date(2027, 7, 1), []), (date(2027, 7, 2), [date(2027, 7, 1)])):
        assert [row[2] for row in sections_of(week, on)["accepted"]] == days


def test_g87_an_engagement_is_due_for_renewal_when_its_year_ends_and_nothing_renews_it(week):
    with practice_scope(week.pk):
        proposal = Proposal.objects.get(status="accepted")
        BillingSchedule.objects.filter(billing="recurring").update(ends_on=None)
        a_year_later = proposal.starts_on.replace(year=proposal.starts_on.year + 1)
    assert [row[0] for row in sections_of(week, a_year_later - timedelta(days=10))["renewal"]] == ["Acme Ltd"]
    assert sections_of(week, a_year_later + timedelta(days=1))["renewal"] == []
    with practice_scope(week.pk):
        renewal = a_proposal(MONTHLY, client=proposal.client)
        Proposal.objects.filter(pk=renewal.pk).update(renews=proposal)
    assert sections_of(week, a_year_later - timedelta(days=10))["renewal"] == []


def test_g87_it_is_sent_once_a_week_to_whoever_wants_it_with_a_file_for_each_list(week, cedar, client_of):
    assert client_of("bob").post(f"{ADDRESS}switch/", {"gets": "0"}).status_code == 303
    for _ in range(2):
        tell_of_the_week(week.pk)
    with practice_scope(week.pk):
        message = OutgoingEmail.objects.get()
        assert message.to == "alice@brook.example"
        assert "the week in short" in message.subject
        assert "Acme Ltd" in message.text
        assert {file.name for file in message.attachments.all()} == {"accepted.csv", "ending.csv", "sage.csv"}
        assert b"Beck Ltd" in bytes(message.attachments.get(name="sage.csv").content)
        assert send_weekly_summary(week, week.today() + timedelta(days=7)) == 1
        assert OutgoingEmail.objects.count() == 2
    with practice_scope(cedar.pk):
        assert not OutgoingEmail.objects.exists()


def test_g87_the_switch_is_each_person_s_own(week, client_of):
    alice = client_of("alice")
    assert "every Monday" in alice.get(ADDRESS).content.decode()
    alice.post(f"{ADDRESS}switch/", {"gets": "0"})
    wants = dict(Membership.objects.filter(practice=week).values_list("user__email", "gets_weekly_summary"))
    assert wants["alice@brook.example"] is False
    assert wants["bob@brook.example"] is True
    assert "Send it to me" in alice.get(ADDRESS).content.decode()


def test_g87_each_list_is_a_file(week, client_of):
    alice = client_of("alice")
    answer = alice.get(f"{ADDRESS}sage.csv")
    assert (answer.status_code, b"Beck Ltd" in answer.content) == (200, True)
    assert alice.get(f"{ADDRESS}nonsense.csv").status_code == 404


def test_g87_each_thing_on_the_page_leads_to_its_own_page(week, client_of):
    alice = client_of("alice")
    page = alice.get(ADDRESS)
    rows = [row for part in page.context["sections"] for row in part["rows"]]
    assert {row["cells"][0] for row in rows if "/proposals/" in row["url"]} == {"Acme Ltd"}
    assert len({row["url"].split("/")[3] for row in rows}) > 2
    assert [alice.get(row["url"]).status_code for row in rows] == [200] * len(rows)
    assert 'href="/p/brook-co/inbox/"' in page.content.decode()
