"""The audit trail on screen and as a file."""

import csv
import io

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clients.models import Client
from practices import audit
from practices.activity_views import details_of
from practices.api_keys import issue_api_key
from practices.models import THE_CLIENT, AuditEntry, Invitation, Membership, User
from practices.operations import remove_member
from practices.subjects import named
from practices.tenancy import practice_scope
from proposals.models import Proposal


def recorded(cast) -> None:
    with practice_scope(cast.brook.pk):
        with audit.acting_as(cast.alice):
            audit.record("client.amended", cast.brook, changes={"name": ["Old Ltd", "New Ltd"]})
        with audit.acting_as(cast.bob):
            audit.record("proposal.sent", cast.brook, to="=cmd|calc")
        audit.record("invoice.issued", cast.brook, gross="120.00")


def shown(client_of, query="") -> str:
    return client_of("alice").get(f"/p/brook-co/settings/activity/{query}").content.decode()


def acts(client_of, query="") -> list[str]:
    """What the rows say was done: beside them the page says the words that were asked for, too."""
    page = client_of("alice").get(f"/p/brook-co/settings/activity/{query}")
    return [row["entry"].in_words for row in page.context["rows"]]


def test_entries_are_found_by_who_what_and_when(cast, client_of):
    recorded(cast)
    everything = shown(client_of)
    assert "Client amended" in everything
    assert "Old Ltd → New Ltd" in everything
    assert {"Invoice issued", "Proposal sent", "Client amended"} < set(acts(client_of))
    assert acts(client_of, f"?who={cast.bob.pk}") == ["Proposal sent"]
    by_nobody = acts(client_of, "?who=system")
    assert "Invoice issued" in by_nobody
    assert not {"Client amended", "Proposal sent"} & set(by_nobody)
    for words in ("proposal sent", "Proposal.sent", " posal  se"):
        assert acts(client_of, f"?what={words}") == ["Proposal sent"]
    assert "Nothing fits" in shown(client_of, "?from=2090-01-01")
    assert "Nothing fits" in shown(client_of, "?to=2001-01-01")


def test_what_programs_former_members_and_operators_did_is_found_under_their_names(cast, client_of):
    recorded(cast)
    olive = User.objects.create_superuser("olive@ignition.example", "x", name="Olive")
    with practice_scope(cast.brook.pk):
        key, _ = issue_api_key(cast.brook, "Ledger export", ["clients:write"], by=cast.alice)
        with audit.acting_through(key):
            audit.record("client.archived", cast.brook)
        remove_member(Membership.objects.get(practice=cast.brook, user=cast.bob))
        with audit.acting_as(olive):
            audit.record("operator.entered", cast.brook)
    page = client_of("alice").get("/p/brook-co/settings/activity/")
    offered = dict(page.context["people"])
    assert offered[str(cast.bob.pk)] == f"{cast.bob} (left)"
    assert offered[str(olive.pk)] == "Olive (operator)"
    assert offered[f"key:{key.prefix}"] == "Ledger export (API key)"
    assert offered[str(cast.alice.pk)] == str(cast.alice)
    assert acts(client_of, f"?who=key:{key.prefix}") == ["Client archived"]
    assert acts(client_of, f"?who={cast.bob.pk}") == ["Proposal sent"]
    assert "Client archived" not in acts(client_of, "?who=system")
    assert "Ledger export (API key)" in shown(client_of, "?what=client archived")


def test_events_are_said_and_found_in_the_words_of_the_pages(cast, client_of):
    with practice_scope(cast.brook.pk):
        audit.record("tax_rate.added", cast.brook)
        audit.record("posting.posted", cast.brook)
        audit.record("posting.retried", cast.brook)
        audit.record("invoice.changed_in_sage", cast.brook)
    everything = acts(client_of)
    for words in ("VAT rate added", "Document reached Sage", "Document retried", "Invoice changed in Sage"):
        assert words in everything
        assert acts(client_of, f"?what={words}") == [words]
    assert acts(client_of, "?what=VAT rate") == acts(client_of, "?what=tax_rate.added") == ["VAT rate added"]


def test_rows_are_named_as_people_call_them_on_the_page_and_in_the_file(cast, client_of):
    """By the names they have now, and by kind and number once they are gone; no more questions for more rows."""
    with practice_scope(cast.brook.pk):
        clients = [Client.objects.create(name=f"Acme {n} Ltd", status="active") for n in range(3)]
        audit.record("client.amended", clients[0])
    one = questions(client_of)
    with practice_scope(cast.brook.pk):
        for client in clients[1:]:
            audit.record("client.amended", client)
        audit.record("proposal.discarded", Proposal(pk=12))
    assert questions(client_of) <= one + 1  # For the proposals.
    page = shown(client_of)
    file = client_of("alice").get("/p/brook-co/settings/activity/?file=csv").getvalue().decode()
    for words in (*(f"Client Acme {n} Ltd" for n in range(3)), "Proposal 12"):
        assert words in page
        assert words in file


def questions(client_of) -> int:
    with CaptureQueriesContext(connection) as seen:
        shown(client_of)
    return len(seen)


def test_what_a_client_did_is_said_to_be_the_clients_doing(cast, client_of):
    with practice_scope(cast.brook.pk):
        entries = [
            audit.record("proposal.signed", cast.brook, name="Mara Hill", person="Mara Hill"),
            audit.record("proposal.accepted", cast.brook, on="2027-03-10", person="Mara Hill"),
            audit.record("proposal.declined", cast.brook, reason="Too dear", person=THE_CLIENT),
            audit.record("proposal.signed", cast.brook, name="Noor Aziz"),
            audit.record("proposal.expired", cast.brook),
        ]
        whose = ["Mara Hill (client)", "Mara Hill (client)", "The client", "Noor Aziz (client)", "Ignition"]
        assert [entry.who for entry in entries] == whose
    assert [detail["name"] for entry in entries[:3] for detail in details_of(entry)] == [
        "Name",
        "On",
        "Reason",
    ]
    by_nobody = acts(client_of, "?who=system")
    assert "Proposal expired" in by_nobody
    assert not {"Proposal signed", "Proposal accepted", "Proposal declined"} & set(by_nobody)


def test_a_filter_that_cannot_be_read_narrows_nothing(cast, client_of):
    recorded(cast)
    for query in ("?who=x&from=yesterday&to=9999-12-31", "?who=99999999999999999999", "?from=2026-02-31"):
        assert "Client amended" in shown(client_of, query)


def test_g51_the_file_holds_what_the_page_shows_and_no_formula(cast, client_of):
    recorded(cast)
    answer = client_of("alice").get("/p/brook-co/settings/activity/?what=proposal&file=csv")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="activity-')
    rows = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert [row[2] for row in rows] == ["What", "Proposal sent"]
    assert rows[1][1] == "Bob"


def test_the_other_practice_reads_none_of_it(cast, client_of):
    recorded(cast)
    assert "Client amended" not in client_of("carol").get("/p/cedar-llp/settings/activity/").content.decode()


def test_nothing_of_the_trail_can_be_changed_by_the_application(cast, django_db_blocker):
    import pytest
    from django.db import ProgrammingError

    recorded(cast)
    for change in (lambda: AuditEntry.objects.update(action="x"), lambda: AuditEntry.objects.all().delete()):
        with pytest.raises(ProgrammingError, match="permission denied"), practice_scope(cast.brook.pk):
            change()


def test_what_an_entry_is_about_is_called_as_on_screen():
    assert (
        AuditEntry(subject_type="invoicing.billingschedule", subject_id=12).subject_in_words
        == "Billing schedule 12"
    )
    assert AuditEntry(subject_type="invoicing.gone", subject_id=3).subject_in_words == "Gone 3"
    assert AuditEntry(subject_type="invoicing.invoicingsettings", subject_id=3).subject_in_words == (
        "Invoicing settings"
    )


def test_a_colleague_and_an_invitation_are_called_by_the_person_and_the_practice_by_no_number(cast):
    with practice_scope(cast.brook.pk):
        bob = Membership.objects.get(practice=cast.brook, user=cast.bob)
        invited = Invitation.objects.create(
            email="dee@example.test", invited_by=cast.alice, expires_at=timezone.now()
        )
        entries = [
            audit.record("member.role_changed", bob, before="staff", after="manager"),
            audit.record("member.invited", invited, role="staff"),
            audit.record("practice.amended", cast.brook),
        ]
        assert [entry.subject for entry in named(entries)] == [
            "Colleague Bob",
            "Invitation dee@example.test",
            "Practice",
        ]
        assert entries[0].in_words == "Colleague role changed"
