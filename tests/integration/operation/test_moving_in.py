"""A practice moves to another installation: exported, taken in, exported again, and equal but for what is named."""

import json
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum
from django.utils import timezone

from clients.bulk import start_bulk
from clients.models import Attachment, Client, ContactPerson
from clients.operations import add_client
from clients.operations.merging import merge_clients
from ignition.demo_practices import open_demo_practice
from ignition.evidence import billed_for
from ignition.moving_in import DamagedExport, HereAlready, NewerExport, NotAnExport, opened_archive, take_in
from ignition.moving_in.references import CHANGES
from invoicing.models import BillingRun, Invoice, InvoiceRevision, Payment
from invoicing.operations import issue_invoice
from invoicing.revisions import particulars_of
from ledger.leases import lease_due_postings
from ledger.models import Posting
from practices import audit
from practices.job_models import Job, JobRow
from practices.models import AuditEntry, Membership, OutgoingEmail, Practice, SavedView, User
from practices.tenancy import practice_scope
from practices.webhooks import add_endpoint, live_endpoints
from proposals.choices import Choice
from proposals.evidence import evidence_of, faults_of
from proposals.models import Proposal
from proposals.operations import send_proposal
from proposals.operations.editing import set_options
from proposals.operations.templates import keep_template
from sage_integration.models import Attention, ClientChoices, SageConnection, SageContact
from services.models import Service
from tests import factories
from tests.conftest import delete_all_rows
from tests.integration.operation.moving import exported, large_ids, manifest_of, rewritten, said, still_named
from tests.integration.proposals import offers


@pytest.fixture
def moved(cast, tmp_path):
    """A practice with everything, exported; then an empty installation with other practices, and its arrival there."""
    with large_ids():
        yield _moved(cast, tmp_path)


def _moved(cast, tmp_path):
    old = open_demo_practice(cast.alice)
    dora = factories.user("Dora", "dora@dell.example")
    factories.member(old, dora, Membership.Role.MANAGER)
    Membership.objects.filter(user=dora).update(gets_weekly_summary=False)
    with practice_scope(old.pk), audit.acting_as(cast.alice):
        _furnish(old, dora)
        _refer(old)
        before = _figures()
    first = exported(old, tmp_path / "first.zip")
    delete_all_rows()
    people = factories.cast()
    with opened_archive(first) as archive:
        arrival = take_in(archive, now=timezone.now())
    return SimpleNamespace(
        old=old, before=before, first=first, arrival=arrival, here=arrival.practice, cast=people
    )


def _furnish(practice: Practice, dora: User) -> None:
    """What the demo lacks: a connection, a webhook, a file, a view, mail under way, an offer that is half signed."""
    client = Client.objects.order_by("pk")[1]
    SageConnection.objects.create(
        status=SageConnection.Status.CONNECTED,
        business_id="b-1",
        business_name="Harbour & Pine Ltd",
        access_token="access",
        refresh_token="refresh",
        access_expires_at=timezone.now() + timedelta(minutes=5),
        connected_by=dora,
    )
    add_endpoint("https://hooks.example/ignition", ["invoice.posted"], by=dora)
    Attachment.objects.create(
        client=client, name="a.txt", content_type="text/plain", size=5, content=b"\0\1abc", added_by=dora
    )
    SavedView.objects.create(user=dora, list="clients", name="Hers", query=f"manager={dora.pk}&q=x")
    OutgoingEmail.objects.create(
        event=f"invoice:{_last().pk}:sent:1:1", to="x@acme.example", subject="s", text="t"
    )
    _half_signed(practice)


def _half_signed(practice: Practice) -> None:
    """A sent proposal with two packages and an add-on, chosen and signed by the first of two."""
    draft = offers.a_draft(
        offers.a_line(name="Payroll"),
        offers.a_line(name="Advice", is_optional=True),
        offers.a_line(offers.MONTHLY, name="Books"),
        client=offers.a_client("Ann", "Ben", name="Two Sign Ltd"),
        on=practice.today(),
    )
    set_options(draft, draft.version, [("Small", ""), ("Large", "")])
    small, large = draft.options.all()
    for group, option in zip(draft.groups.all(), (small, large), strict=True):
        group.option = option
        group.save()
    sent = send_proposal(draft, on=practice.today())
    add_on = sent.lines.get(is_optional=True)
    offers.sign(sent, on=practice.today(), choice=Choice(small.pk, frozenset([add_on.pk])))


def _refer(practice: Practice) -> None:
    """Rows that name others without a key: in JSON, in plain ids, in addresses of pages."""
    other = Client.objects.order_by("pk")[1]
    invoice, service = _last(), Service.objects.latest("pk")
    keep_template(Proposal.objects.filter(lines__isnull=False).latest("pk"), name="Usual")
    doubled = add_client(Client(name="Twin Ltd"), [ContactPerson(name="Ann", email="ann@twin.example")])
    merge_clients(other, doubled, now=timezone.now())
    start_bulk("tag", "VIP", [other.pk])
    JobRow.objects.create(
        job=Job.objects.latest("pk"),
        position=9,  # behind its own
        label="Its document",
        follows=Posting.objects.latest("pk").pk,
        url=other.get_absolute_url(),
    )
    BillingRun.objects.create(
        on=practice.today(),
        status=BillingRun.Status.DONE,
        ended_at=timezone.now(),
        refused=[[other.pk, "No address"]],
    )
    InvoiceRevision.objects.create(
        invoice=invoice,
        revision=1,
        reason="Wrong date",
        particulars=particulars_of(invoice, list(invoice.lines.all())),
    )
    ClientChoices.objects.create(
        client=other, accounts={str(service.pk): "a-1"}, rates={str(service.tax_rate_id): "r-1"}
    )
    SageContact.objects.create(
        business_id="b-1",
        sage_id="c-1",
        name="Acme",
        displayed_as="Acme",
        changed_at=timezone.now(),
        seen_at=timezone.now(),
        candidates=[{"client": other.pk, "verdict": 3}],
    )
    posting = Posting.objects.filter(kind=Posting.Kind.INVOICE_CREATE).latest("pk")
    Attention.objects.create(kind=Attention.Kind.POSTING, subject_id=posting.pk, since=timezone.now())


def _last() -> Invoice:
    return Invoice.objects.exclude(number=None).latest("number")


def _figures() -> dict:
    return {
        **Invoice.objects.aggregate(Sum("net"), Sum("vat"), Sum("outstanding")),
        **Payment.objects.aggregate(Sum("amount")),
        "last": _last().number,
        "entries": AuditEntry.objects.count(),
        "clients": Client.objects.count(),
    }


def test_p24_a_practice_that_moved_exports_the_same_again(moved, tmp_path):
    second = exported(moved.here, tmp_path / "second.zip")
    before, after = said(moved.first), said(second)
    assert list(before) == list(after)
    for label, rows in before.items():
        assert after[label] == rows, label
    there = {label for label, rows in before.items() if rows}
    assert {"invoicing.invoice", "ledger.posting", "practices.auditentry", "proposals.signature"} <= there
    assert set(CHANGES) - there <= {
        "clients.importrow",
        "invoicing.servicechange",
        "sage_integration.copychoices",
    }
    assert still_named(moved.first, second) == set()


def test_sums_numbers_and_the_trail_hold_after_a_move(moved):
    with practice_scope(moved.here.pk):
        after = _figures()
        assert after == moved.before | {"entries": moved.before["entries"] + 1}
        draft = Invoice.objects.filter(number=None).first()
        assert issue_invoice(draft, on=moved.here.today()).number == moved.before["last"] + 1
        client = Client.objects.get(name="Two Sign Ltd")
        assert {entry.action for entry in audit.trail_of(client)} == {"client.added"}
        assert AuditEntry.objects.filter(actor__email="alice@brook.example").exists()


def test_evidence_of_a_moved_proposal_verifies_and_says_the_same(moved):
    with practice_scope(moved.here.pk):
        accepted = Proposal.objects.filter(records__isnull=False)
        assert accepted
        for proposal in accepted:
            assert faults_of(evidence_of(proposal, billed_for(proposal))) == []


def test_a_half_signed_offer_is_signed_to_its_end_after_a_move(moved):
    with practice_scope(moved.here.pk):
        proposal = Proposal.objects.get(client__name="Two Sign Ltd")
        offers.sign(proposal, 1, on=moved.here.today())
        proposal.refresh_from_db()
        assert proposal.status == Proposal.Status.ACCEPTED
        assert sorted(line.name for line in proposal.lines.agreed()) == ["Advice", "Payroll"]
        assert faults_of(evidence_of(proposal, billed_for(proposal))) == []


def test_nothing_leaves_after_a_move_until_sage_is_connected_again(moved):
    with practice_scope(moved.here.pk):
        connection = SageConnection.objects.get()
        assert connection.status == SageConnection.Status.NEEDS_REAUTHORISATION
        assert (connection.access_token, connection.refresh_token) == ("", "")
        assert not Posting.objects.open().filter(attempted_at=None).exists()
        assert lease_due_postings() == []
        assert not live_endpoints().exists()
        waiting = OutgoingEmail.objects.filter(status=OutgoingEmail.Status.QUEUED)
        assert [mail.kind for mail in waiting] == ["practices/moved_in"]


def test_people_are_found_by_their_address_or_told_to_choose_a_password(moved):
    assert moved.arrival.found == ["alice@brook.example"]
    assert moved.arrival.invited == ["dora@dell.example"]
    members = Membership.objects.filter(practice=moved.here)
    assert sorted(members.values_list("user__email", "role", "gets_weekly_summary")) == [
        ("alice@brook.example", "owner", True),
        ("dora@dell.example", "manager", False),
    ]
    dora = User.objects.get(email="dora@dell.example")
    assert dora.is_active
    assert not dora.has_usable_password()
    with practice_scope(moved.here.pk):
        view = SavedView.objects.get()
        assert (view.user, view.query) == (dora, f"manager={dora.pk}&q=x")
        assert OutgoingEmail.objects.get(kind="practices/moved_in").to == dora.email


def test_other_practices_of_the_installation_see_nothing_of_it(moved):
    for practice in (moved.cast.brook, moved.cast.cedar):
        with practice_scope(practice.pk):
            assert not Client.objects.exists()


def test_a_practice_cannot_be_taken_in_twice(moved):
    with opened_archive(moved.first) as archive, pytest.raises(HereAlready):
        take_in(archive, now=timezone.now())
    assert Practice.objects.filter(is_demo=True).count() == 1


@pytest.fixture
def small(brook, tmp_path):
    """The export of a practice with next to nothing in it."""
    with practice_scope(brook.pk):
        offers.a_client("Ann")
    return exported(brook, tmp_path / "small.zip")


def refused(path) -> str:
    """Why the command does not take the file in."""
    with pytest.raises(CommandError) as refusal:
        call_command("import_practice", path, stdout=StringIO())
    return str(refusal.value)


def test_a_damaged_foreign_or_newer_file_is_refused_and_nothing_is_written(small, tmp_path):
    practices = Practice.objects.count()
    manifest = manifest_of(small)
    newer = json.dumps(manifest | {"version": 2}).encode()
    strange = manifest | {
        "tables": [*manifest["tables"], manifest["tables"][0] | {"name": "payroll.payslip"}]
    }
    tables = {"tables/clients_client_ndjson": b'{"id": 1}\n'}
    (tmp_path / "words.zip").write_text("no archive")
    cases = {
        NotAnExport.message: [tmp_path / "words.zip", tmp_path / "missing.zip"],
        NewerExport.message: [
            rewritten(small, tmp_path / "newer.zip", manifest_json=newer),
            rewritten(small, tmp_path / "strange.zip", manifest_json=json.dumps(strange).encode()),
        ],
        str(DamagedExport("tables/clients.client.ndjson is not what was written.").message): [
            rewritten(small, tmp_path / "damaged.zip", **tables)
        ],
    }
    for message, paths in cases.items():
        for path in paths:
            assert refused(path) == message
    assert Practice.objects.count() == practices


def test_a_file_whose_keys_lead_nowhere_is_refused(small, tmp_path):
    manifest = manifest_of(small)
    people = next(each for each in manifest["tables"] if each["name"] == "clients.contactperson")
    people |= {"file": "practice.ndjson", "sha256": manifest["practice"]["sha256"], "rows": 1}
    bad = rewritten(small, tmp_path / "bad.zip", manifest_json=json.dumps(manifest).encode())
    assert "A row of clients.contactperson has other columns than it should." in refused(bad)


def test_the_command_checks_and_says_who_was_found(small):
    said_first, said_then = StringIO(), StringIO()
    call_command("import_practice", small, "--check", stdout=said_first)
    assert "whole" in said_first.getvalue()
    assert Practice.objects.filter(name="Brook & Co").count() == 1
    call_command("import_practice", small, stdout=said_then)
    assert "/p/brook-co-2/" in said_then.getvalue()
    assert "alice@brook.example" in said_then.getvalue()
