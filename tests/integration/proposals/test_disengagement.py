"""The letter that ends an engagement."""

import pytest
from django.utils import timezone

from practices.models import AuditEntry, OutgoingEmail
from practices.tenancy import practice_scope
from proposals import errors
from proposals.disengagement import send_farewell
from proposals.models import Terms
from proposals.operations.terms import write_terms
from tests.factories import TODAY
from tests.integration.proposals.offers import a_client


def test_u06_the_disengagement_letter_is_read_printed_and_sent(client_of, brook):
    with practice_scope(brook.pk):
        client = a_client("Mara Hill")
    browser, page = client_of("alice"), f"/p/brook-co/proposals/clients/{client.pk}/disengagement"
    assert "no longer acts for Acme Dental Ltd" in browser.get(f"{page}/").content.decode()
    assert browser.get(f"{page}.pdf").content.startswith(b"%PDF")
    assert browser.post(f"{page}/send/").status_code == 303
    with practice_scope(brook.pk):
        email = OutgoingEmail.objects.get()
        assert (email.to, email.kind) == ("mara@acme.example", "proposals/disengagement")
        assert bytes(email.attachments.get().content).startswith(b"%PDF")
        assert AuditEntry.objects.filter(action="client.disengagement_sent").count() == 1
    assert client_of("carol").get(f"{page}/".replace("brook-co", "cedar-llp")).status_code == 404


def test_a_disengagement_letter_that_cannot_be_filled_in_is_not_sent(brook, cast):
    with practice_scope(brook.pk):
        client = a_client("Mara Hill")
        for words in ("{{practice.complaints_officer}}", "{{proposal.number}}"):
            write_terms(words, by=cast.alice, part=Terms.Part.DISENGAGEMENT)
            with pytest.raises(errors.LetterIncomplete):
                send_farewell(client, on=TODAY, at=timezone.now())
        with pytest.raises(errors.NoSignatory):
            send_farewell(a_client(name="Lonely Ltd"), on=TODAY, at=timezone.now())
        assert not OutgoingEmail.objects.exists()
