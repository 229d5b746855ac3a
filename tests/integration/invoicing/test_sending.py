"""Invoices and reminders by e-mail: who gets what, once, and never after it is paid."""

import hashlib
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from clients.models import Client, ContactPerson
from clients.operations import add_client
from invoicing.documents import Sender, credit_note_pdf, invoice_pdf
from invoicing.errors import CannotBeUndone, LedgerMakesDocuments, NobodyToSendTo
from invoicing.models import CreditNote, Invoice, InvoiceMessage
from invoicing.morning import send_what_waits
from invoicing.operations import (
    Words,
    issue_credit_note,
    mark_paid,
    send_invoice,
    set_documents_by,
    set_sending_rules,
    switch_reminders,
    undo_invoice,
    void_invoice,
)
from invoicing.queries import invoice_to_post
from ledger.models import Posting
from practices.models import AuditEntry, EmailAttachment, OutgoingEmail, Practice
from practices.tenancy import acting_for, practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import (
    a_client,
    a_draft,
    a_line,
    an_invoice,
    bill_without_asking,
    open_the_ledger,
)


def a_reachable_client(name: str = "Acme Dental Ltd", **particulars):
    person = ContactPerson(name="Sam Lee", email=f"{name.split(maxsplit=1)[0].lower()}@client.example")
    return add_client(Client(name=name, **particulars), [person])


def loaded(invoice: Invoice) -> Invoice:
    return invoice_to_post(invoice.pk)


def reminded_on(brook, day) -> int:
    with acting_for(brook.pk):
        return send_what_waits(day)[1]


def set_rules(**rules) -> None:
    usual = {"payment_instructions": "", "emails_invoices": False, "reminder_days": []}
    set_sending_rules(**usual | rules)


def test_f11_our_pdf_is_the_same_bytes_until_something_on_it_changes(brook):
    with practice_scope(brook.pk):
        invoice = an_invoice(a_reachable_client())
        first, again = invoice_pdf(loaded(invoice)), invoice_pdf(loaded(invoice))
        assert first == again
        assert first.startswith(b"%PDF-")
        assert b"INV-000001" in first
        void_invoice(invoice)
        assert hashlib.sha256(invoice_pdf(loaded(invoice))).digest() != hashlib.sha256(first).digest()


def test_the_pdf_of_a_draft_says_that_it_is_one_and_takes_any_words(brook):
    with practice_scope(brook.pk):
        line = a_line("Annual accounts")
        line.description = '#read("/etc/passwd")\n= Heading\n$x^2$ 李'
        draft = a_draft(a_reachable_client(address_line_1="#import"), line)
        made = invoice_pdf(loaded(draft))
        assert b"Draft invoice" in made


def test_a_credit_note_has_a_pdf_of_its_own(brook):
    with practice_scope(brook.pk):
        invoice = an_invoice(a_reachable_client())
        issue_credit_note(invoice, reason="Billed twice", issued_on=TODAY, on=TODAY)
        note = CreditNote.objects.select_related("client", "invoice").prefetch_related("lines").get()
        assert b"CN-000001" in credit_note_pdf(note)


def test_f11_the_download_is_ours_under_our_number_where_the_practice_makes_its_pdfs(brook, client_of):
    with practice_scope(brook.pk):
        invoice = an_invoice(a_reachable_client())
    answer = client_of("alice").get(
        reverse("sage:invoice-document", args=[brook.slug, invoice.pk]), follow=True
    )
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="INV-000001.pdf"'
    assert answer.content.startswith(b"%PDF-")


def test_g68_an_invoice_is_sent_with_subject_recipients_and_message_of_ones_own(brook, cast, client_of):
    with practice_scope(brook.pk):
        client = a_reachable_client()
        invoice = an_invoice(client)
        person = client.people.get()
    page = reverse("invoicing:invoice-send", args=[brook.slug, invoice.pk])
    browser = client_of("alice")
    assert "acme@client.example" in browser.get(page).content.decode()
    said = {"people": [person.pk], "subject": "Bill {{invoice.number}}", "message": "Dear {{person.name}}"}
    assert browser.post(page, said).status_code == 303
    with practice_scope(brook.pk):
        email = OutgoingEmail.objects.get()
        assert (email.to, email.subject) == ("acme@client.example", "Bill INV-000001")
        assert email.text == "Dear Sam Lee\n"
        file = EmailAttachment.objects.get()
        assert file.name == "INV-000001.pdf"
        assert bytes(file.content) == invoice_pdf(loaded(invoice))
        entry = AuditEntry.objects.get(action="invoice.sent")
        assert (entry.actor, entry.data["to"]) == (cast.alice, ["acme@client.example"])
    detail = browser.get(reverse("invoicing:invoice-detail", args=[brook.slug, invoice.pk])).content.decode()
    assert "Sent by e-mail" in detail
    assert "to acme@client.example" in detail


def test_u01_what_an_invoice_lacks_is_said_before_it_is_sent(brook, client_of):
    Practice.objects.filter(pk=brook.pk).update(vat_number="")
    with practice_scope(brook.pk):
        invoice = an_invoice(a_reachable_client())
    page = client_of("alice").get(reverse("invoicing:invoice-send", args=[brook.slug, invoice.pk]))
    assert "This is not a full VAT invoice" in page.text
    assert "your client may be unable to reclaim it" in page.text


def test_words_that_cannot_be_filled_in_are_refused_and_nothing_is_sent(brook, client_of):
    with practice_scope(brook.pk):
        client = a_reachable_client()
        invoice, person = an_invoice(client), client.people.get()
    page = reverse("invoicing:invoice-send", args=[brook.slug, invoice.pk])
    said = {"people": [person.pk], "subject": "x", "message": "{{client.iban}}"}
    assert client_of("alice").post(page, said).status_code == 422
    with practice_scope(brook.pk):
        assert not OutgoingEmail.objects.exists()


def test_sending_again_is_another_message_and_foreign_people_are_nobody(brook, cedar, client_of):
    with practice_scope(brook.pk):
        invoice = an_invoice(a_reachable_client())
        for _ in range(2):
            send_invoice(invoice)
        assert OutgoingEmail.objects.count() == InvoiceMessage.objects.count() == 2
    with practice_scope(cedar.pk):
        stranger = a_reachable_client("Dale Ltd").people.get()
    page = reverse("invoicing:invoice-send", args=[brook.slug, invoice.pk])
    said = {"people": [stranger.pk], "subject": "x", "message": "y"}
    assert client_of("alice").post(page, said).status_code == 422


def test_nobody_to_send_to_is_said(brook):
    with practice_scope(brook.pk), pytest.raises(NobodyToSendTo):
        send_invoice(an_invoice(a_client()))


def test_f11_where_sage_makes_the_pdfs_ours_is_never_sent_in_its_place(brook):
    with practice_scope(brook.pk):
        set_documents_by("ledger")
        invoice = an_invoice(a_reachable_client())
        with pytest.raises(LedgerMakesDocuments):
            send_invoice(invoice)
        set_rules(reminder_days=[0])
    assert reminded_on(brook, invoice.due_on) == 1
    with practice_scope(brook.pk):
        assert OutgoingEmail.objects.count() == 1
        assert not EmailAttachment.objects.exists()


def test_g74_reminders_come_before_and_after_the_due_date_once_each_and_stop_on_payment(brook):
    with practice_scope(brook.pk):
        set_rules(reminder_days=[-3, 7, 14])
        invoice = an_invoice(a_reachable_client())
    due = invoice.due_on
    counts = [reminded_on(brook, due + timedelta(days=day)) for day in (-4, -3, -3, 0, 7, 8)]
    assert counts == [0, 1, 0, 0, 1, 0]
    with practice_scope(brook.pk):
        subjects = list(OutgoingEmail.objects.order_by("id").values_list("subject", flat=True))
        assert ["is due on" in subjects[0], "was due on" in subjects[1]] == [True, True]
        mark_paid(invoice, amount=invoice.gross, received_on=TODAY, on=due)
    assert reminded_on(brook, due + timedelta(days=14)) == 0


def test_g74_an_invoice_a_client_and_a_void_one_are_left_alone(brook):
    with practice_scope(brook.pk):
        set_rules(reminder_days=[1])
        switch_reminders(an_invoice(a_reachable_client("Beck Ltd")), on=False)
        an_invoice(a_reachable_client("Combe Ltd", emails_reminders=False))
        void_invoice(an_invoice(a_reachable_client("Dale Ltd")))
        last = an_invoice(a_reachable_client("Esk Ltd"))
    assert reminded_on(brook, last.due_on + timedelta(days=1)) == 1
    with practice_scope(brook.pk):
        assert OutgoingEmail.objects.get().to == "esk@client.example"


def test_after_a_standstill_only_the_latest_reminder_is_sent(brook):
    with practice_scope(brook.pk):
        set_rules(reminder_days=[1, 2, 3])
        invoice = an_invoice(a_reachable_client())
    assert reminded_on(brook, invoice.due_on + timedelta(days=3)) == 1
    assert reminded_on(brook, invoice.due_on + timedelta(days=40)) == 0


def test_invoices_are_sent_by_themselves_once_where_the_practice_wants_it(brook):
    with practice_scope(brook.pk):
        an_invoice(a_reachable_client("Beck Ltd", emails_invoices=False))
        an_invoice(a_reachable_client("Combe Ltd"))
        an_invoice(a_client("Nobody Ltd"))
    with acting_for(brook.pk):
        assert send_what_waits(TODAY) == (0, 0)
    with practice_scope(brook.pk):
        set_rules(emails_invoices=True)
    with acting_for(brook.pk):
        assert [send_what_waits(TODAY)[0] for _ in range(2)] == [1, 0]


def test_idea_14_nothing_is_sent_by_itself_in_its_quiet_time(brook):
    with practice_scope(brook.pk):
        open_the_ledger()
        set_rules(emails_invoices=True)
        bill_without_asking(quiet_minutes=60)
        an_invoice(a_reachable_client("Combe Ltd"))
    with acting_for(brook.pk):
        assert send_what_waits(TODAY) == (0, 0)
    with practice_scope(brook.pk):
        Posting.objects.update(not_before=timezone.now())
    with acting_for(brook.pk):
        assert send_what_waits(TODAY)[0] == 1


def test_idea_14_what_the_client_was_sent_is_not_undone_without_a_trace(brook):
    with practice_scope(brook.pk):
        open_the_ledger()
        bill_without_asking(quiet_minutes=60)
        invoice = an_invoice(a_reachable_client("Combe Ltd"))
        send_invoice(invoice)
        with pytest.raises(CannotBeUndone):
            undo_invoice(invoice)
        assert Invoice.objects.get().status == "issued"


def test_the_rules_of_sending_are_the_owners_and_read_back(brook, client_of):
    page = reverse("invoicing:sending-rules", args=[brook.slug])
    said = {"payment_instructions": "Sort code 00-00-00", "before": "3", "after": "1, 7 14"}
    assert client_of("bob").post(page, said).status_code == 403
    browser = client_of("alice")
    assert browser.post(page, said | {"after": "soon"}).status_code == 422
    assert browser.post(page, said).status_code == 303
    with practice_scope(brook.pk):
        settings = Sender.of_the_practice().settings
        assert settings.reminder_days == [-3, 1, 7, 14]
    assert 'value="1, 7, 14"' in browser.get(page).content.decode()


def test_words_given_for_once_leave_the_practices_own_as_they_are(brook):
    with practice_scope(brook.pk):
        invoice = an_invoice(a_reachable_client())
        send_invoice(invoice, words=Words("Once", "Only now"))
        send_invoice(invoice)
        once, usual = OutgoingEmail.objects.order_by("id")
        assert once.subject == "Once"
        assert usual.subject == "Brook & Co: invoice INV-000001"


def test_what_is_still_owed_stands_in_the_reminder(brook):
    with practice_scope(brook.pk):
        set_rules(reminder_days=[1], payment_instructions="Sort code 00-00-00")
        invoice = an_invoice(a_reachable_client())
        mark_paid(invoice, amount=Decimal(20), received_on=TODAY, on=TODAY)
    assert reminded_on(brook, invoice.due_on + timedelta(days=1)) == 1
    with practice_scope(brook.pk):
        text = OutgoingEmail.objects.get().text
        assert "£700.00 of £720.00" in text
        assert "Sort code 00-00-00" in text


def test_the_practice_of_the_reminder_is_the_one_acted_for(brook, cedar):
    with practice_scope(cedar.pk):
        set_rules(reminder_days=[1])
        invoice = an_invoice(a_reachable_client("Cedar's client"))
    assert reminded_on(brook, invoice.due_on + timedelta(days=1)) == 0
    assert Practice.objects.count() == 2
