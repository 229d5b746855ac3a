"""The evidence: a chain of events, a record that stays, and a file in which no byte can change unseen."""

import json
from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ignition.evidence import billed_for
from practices.models import OutgoingEmail
from practices.tenancy import practice_scope
from proposals.events import chain_holds, written_chain
from proposals.evidence import evidence_of, faults_of
from proposals.models import Proposal, ProposalEvent, SignedRecord
from proposals.operations import decline_proposal, recall_proposal, send_proposal
from proposals.printing import signed_pdf_of
from tests.factories import TODAY
from tests.integration.proposals.offers import MONTHLY, a_client, a_line, a_sent, as_it_is, sign

DRAWING = [[[10, 10], [300, 150], [590, 20]], [[40, 180], [500, 181]]]


def accepted(practice, *people: str) -> Proposal:
    with practice_scope(practice.pk):
        people = people or ("Mara Hill",)
        proposal = a_sent(a_line(price="250"), a_line(MONTHLY), client=a_client(*people))
        for nth in range(len(people)):
            sign(proposal, nth, ip="192.0.2.7", user_agent="Phone 1", drawing=DRAWING)
        return as_it_is(proposal)


def file_of(practice, proposal) -> bytes:
    with practice_scope(practice.pk):
        return evidence_of(proposal, billed_for(proposal))


def test_every_event_follows_from_the_one_before(brook):
    with practice_scope(brook.pk):
        proposal = send_proposal(recall_proposal(a_sent()), on=TODAY)
        decline_proposal(proposal, reason="Too dear")
        chain = written_chain(proposal.chain.all())
    assert [event["kind"] for event in chain] == ["sent", "recalled", "sent", "declined"]
    assert chain_holds(chain)


@pytest.mark.parametrize(
    "change",
    [
        lambda chain: chain[0]["data"].update(name="Somebody"),
        lambda chain: chain[1].update(at="2020-01-01T00:00:00+00:00"),
        lambda chain: chain.pop(1),
        lambda chain: chain.reverse(),
        lambda chain: chain.insert(1, dict(chain[0])),
    ],
)
def test_a_chain_that_was_changed_does_not_hold(brook, change):
    proposal = accepted(brook)
    with practice_scope(brook.pk):
        chain = json.loads(json.dumps(written_chain(proposal.chain.all())))
    assert chain_holds(chain)
    change(chain)
    assert not chain_holds(chain)


def test_events_and_records_cannot_be_changed_even_by_sql(brook):
    """Attack 33: what was signed stays as it was signed."""
    accepted(brook)
    for model, change in ((ProposalEvent, {"kind": "x"}), (SignedRecord, {"sha256": "0" * 64})):
        with practice_scope(brook.pk), pytest.raises(ProgrammingError), transaction.atomic():
            model.objects.update(**change)


def test_g43_both_sides_get_the_signed_pdf_by_mail_once(brook):
    proposal = accepted(brook, "Mara Hill", "Noor Aziz")
    with practice_scope(brook.pk):
        record = SignedRecord.objects.get()
        told = OutgoingEmail.objects.filter(event__contains=":accepted:")
        assert {email.to for email in told} == {
            "mara@acme.example",
            "noor@acme.example",
            "alice@brook.example",
        }
        for email in told:
            attachment = email.attachments.get()
            assert attachment.name == f"{proposal.number_label}-signed.pdf"
            assert bytes(attachment.content) == bytes(record.pdf)


def test_g26_the_record_is_the_same_bytes_each_time_and_shows_the_signatures(brook):
    proposal = accepted(brook)
    with practice_scope(brook.pk):
        record = SignedRecord.objects.get()
        signatures, events = list(proposal.signatures.all()), list(proposal.chain.all())
        again = signed_pdf_of(proposal, signatures, events, at=record.made_at)
        assert bytes(record.pdf) == again
        for other in (signatures[:0], signatures * 2):
            assert signed_pdf_of(proposal, other, events, at=record.made_at) != again


def test_the_evidence_file_verifies_and_holds_everything(brook):
    proposal = accepted(brook)
    content = file_of(brook, proposal)
    assert faults_of(content) == []
    with ZipFile(BytesIO(content)) as archive:
        names = set(archive.namelist())
        manifest, signatures, billed = (
            json.loads(archive.read(name)) for name in ("manifest.json", "signatures.json", "billed.json")
        )
    assert names == {
        "manifest.json", "record.pdf", "document.json", "signatures.json", "events.json", "billed.json",
    }  # fmt: skip
    assert manifest["document_sha256"] == proposal.document_sha256
    assert [signature["name"] for signature in signatures] == ["Mara Hill"]
    assert [(bill["net"], bill["clause"]["billed"]) for bill in billed] == [("250.00", "On acceptance")]


def test_one_changed_byte_anywhere_fails_verification(brook):
    """Idea 11: alter a byte, and verification fails."""
    content = file_of(brook, accepted(brook))

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.integers(0, len(content) - 1), st.integers(1, 255))
    def check(place, change):
        altered = bytearray(content)
        altered[place] ^= change
        assert faults_of(bytes(altered))

    check()
    # The archive's own fields, where the files' hashes do not look.
    for place in (*range(40), *range(len(content) - 400, len(content))):
        altered = bytearray(content)
        altered[place] ^= 1
        assert faults_of(bytes(altered)), place
    assert faults_of(content[:-1])
    assert faults_of(content + b" ")
    assert faults_of(b"")


def test_a_file_made_up_elsewhere_is_not_sealed_here(brook, settings):
    content = file_of(brook, accepted(brook))
    settings.SECRET_KEY = "another installation's"
    assert faults_of(content) == ["The manifest was not sealed by this installation, or it was changed."]
    assert faults_of(content, checks_seal=False) == []


def test_the_command_says_whether_a_file_is_as_it_was_handed_out(brook, tmp_path, capsys):
    file = tmp_path / "evidence.zip"
    file.write_bytes(content := file_of(brook, accepted(brook)))
    call_command("verify_evidence", str(file))
    assert "As it was handed out" in capsys.readouterr().out
    file.write_bytes(content.replace(b"Mara", b"Nora", 1))
    with pytest.raises(CommandError, match="NOT as it was handed out"):
        call_command("verify_evidence", str(file))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("verify_evidence", str(tmp_path / "nothing"))


def test_the_evidence_is_downloaded_by_the_practice_alone(client_of, brook):
    proposal = accepted(brook)
    path = f"/p/brook-co/proposals/{proposal.pk}/evidence.zip"
    answer = client_of("alice").get(path)
    assert faults_of(answer.content) == []
    assert client_of("carol").get(path).status_code == 404
    with practice_scope(brook.pk):
        open_one = a_sent()
    assert client_of("alice").get(f"/p/brook-co/proposals/{open_one.pk}/evidence.zip").status_code == 404


def test_fault_78_signing_does_not_wait_for_the_mail_server(brook, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    proposal = accepted(brook)
    assert proposal.status == "accepted"
    with practice_scope(brook.pk):
        assert set(OutgoingEmail.objects.values_list("status", flat=True)) == {"queued"}
        assert proposal.decided_at <= timezone.now() + timedelta(seconds=1)
