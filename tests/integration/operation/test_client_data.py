"""Personal data: handed over whole, erased as far as the law lets it, and gone by itself in time."""

import io
import json
import zipfile
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from clients.models import Attachment, Client, ContactPerson, Note
from clients.operations import add_client, amend_client, attach_file, write_note
from ignition.client_records import rows_about
from ignition.erasure import NOWHERE, AlreadyErased, StillInUse, erase_client, finish, what_goes_on
from ignition.models import ClientErasure, RetentionSettings
from ignition.retention import keep_to_retention
from invoicing.models import Invoice
from invoicing.operations import record_payment
from ledger.models import Posting
from practices.job_models import Job
from practices.mail import WordsAreGone, send_again
from practices.models import AuditEntry, OutgoingEmail
from practices.tenancy import practice_scope
from sage_integration.models import ContactLink, SageContact, SageExchange
from tests.factories import TODAY
from tests.integration.invoicing.documents import an_invoice

NOW, DAY = timezone.now(), timedelta(days=1)
WHY = "Asked for by the client on 3 March"


@pytest.fixture
def open_book(brook):
    with practice_scope(brook.pk):
        yield brook


def a_known_client() -> Client:
    """A client with people, a note, a file and a message to it."""
    person = ContactPerson(
        name="Mina Okafor", email="mina@harbour.example", is_signatory=True, phone="01947 600001"
    )
    client = add_client(
        Client(name="Harbour Bakery", kind="sole_trader", address_line_1="14 Quay Street", utr="1955839661"),
        [person],
    )
    write_note(client, "Rings on Mondays.")
    attach_file(client, "passport.png", io.BytesIO(PNG), len(PNG))
    OutgoingEmail.objects.create(
        event="x",
        to="mina@harbour.example",
        subject="Your accounts",
        text="Dear Mina",
        status="sent",
        sent_at=timezone.now(),
    )
    return client


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


def paid_invoice(client: Client, on: date = TODAY) -> Invoice:
    invoice = an_invoice(client, on=on)
    record_payment(
        client, received_on=on, amount=invoice.gross, source="by_hand", allocations=[(invoice, invoice.gross)]
    )
    return invoice


def everything_about(client: Client) -> str:
    texts = []
    for model, ids in rows_about(client).items():
        if model is not AuditEntry:
            texts += [str(row) for row in model.objects.filter(pk__in=ids).values()]
    return " ".join(texts)


def test_attack_63_a_client_gets_everything_that_is_kept_about_it(brook, client_of):
    with practice_scope(brook.pk):
        client, other = a_known_client(), add_client(Client(name="Somebody Else Ltd"))
        paid_invoice(client)
        an_invoice(other)
    answer = client_of("alice").get(f"/p/brook-co/clients/{client.pk}/data/file/")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    tables = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith("ndjson")}
    held = " ".join(tables.values())
    for word in ("Harbour Bakery", "Mina Okafor", "Rings on Mondays.", "Dear Mina", "14 Quay Street"):
        assert word in held
    assert "Somebody Else" not in held
    (invoice,) = [json.loads(line) for line in tables["tables/invoicing.invoice.ndjson"].splitlines()]
    assert Decimal(invoice["net"]) == 600
    assert any(archive.read(name) == PNG for name in archive.namelist() if name.startswith("files/"))
    with practice_scope(brook.pk):
        assert AuditEntry.objects.filter(action="client.data_handed_over").exists()


def test_attack_63_an_erased_client_leaves_the_books_as_the_law_wants_them(open_book):
    client = a_known_client()
    invoice = paid_invoice(client)
    erasure = erase_client(client, reason=WHY, on=TODAY)
    client.refresh_from_db()
    invoice.refresh_from_db()
    assert (client.name, client.address_line_1) == ("Harbour Bakery", "14 Quay Street")
    assert (invoice.net, invoice.number, invoice.client_id) == (Decimal("600.00"), invoice.number, client.pk)
    assert (client.status, client.utr, client.posts_automatically) == ("archived", "", False)
    left = everything_about(client)
    for word in ("Mina", "mina@", "Mondays", "passport", "01947", "1955839661"):
        assert word not in left, word
    assert OutgoingEmail.objects.get().to == NOWHERE
    assert Posting.objects.get().status == Posting.Status.CANCELLED
    assert (erasure.keep_until, erasure.finished_at) == (TODAY.replace(year=TODAY.year + 6), None)


def a_message(event: str, to: str, text: str, status: str = "sent", **more) -> OutgoingEmail:
    return OutgoingEmail.objects.create(event=event, to=to, subject=text, text=text, status=status, **more)


def test_attack_63_nothing_told_to_colleagues_or_heard_from_sage_keeps_an_erased_person(open_book):
    client = a_known_client()
    invoice = paid_invoice(client)
    posting = Posting.objects.get()
    ContactLink.objects.create(client=client, business_id="b", sage_contact_id="c1")
    for sage_id, name in (("c1", "Mina Okafor"), ("c2", "Somebody Else")):
        SageContact.objects.create(
            business_id="b",
            sage_id=sage_id,
            name=name,
            displayed_as=name,
            person_name=name,
            changed_at=NOW,
            seen_at=NOW,
        )
    said = {"milliseconds": 1, "sent": '{"main_contact_person": {"name": "Mina Okafor"}}'}
    SageExchange.objects.create(method="POST", path="/sales_invoices", posting=posting, **said)
    SageExchange.objects.create(method="PUT", path="/contacts/c1", **said)
    other = SageExchange.objects.create(method="PUT", path="/contacts/c2", milliseconds=1)
    told = a_message(f"invoice:{invoice.pk}:paid:1", "alice@brook.example", "Mina Okafor has paid")
    again = a_message(f"again:{told.pk}:1", "alice@brook.example", "Mina Okafor has paid", repeats=told)
    queued = a_message("y", "Mina@Harbour.example", "Dear Mina", "queued")
    erase_client(client, reason=WHY, on=TODAY)
    assert [contact.name for contact in SageContact.objects.all()] == ["Somebody Else"]
    assert list(SageExchange.objects.all()) == [other]
    for message in (told, again, queued):
        message.refresh_from_db()
        assert "Mina" not in f"{message.subject} {message.text}"
    assert (told.to, queued.to) == ("alice@brook.example", NOWHERE)
    assert queued.status == "failed", "nothing is sent to nowhere"


def test_a_message_to_a_person_of_two_clients_stays_with_the_other(open_book):
    client = a_known_client()
    other = add_client(
        Client(name="Mill Lane Dental"), [ContactPerson(name="Mina Okafor", email="mina@harbour.example")]
    )
    invoice = an_invoice(other)
    theirs = a_message(f"invoice:{invoice.pk}:sent:1", "mina@harbour.example", "Your invoice")
    assert theirs.pk not in rows_about(client).get(OutgoingEmail, set())
    assert theirs.pk in rows_about(other)[OutgoingEmail]
    erase_client(client, reason=WHY, on=TODAY)
    theirs.refresh_from_db()
    assert (theirs.to, theirs.text) == ("mina@harbour.example", "Your invoice")


def test_the_name_goes_with_the_first_night_after_the_documents(open_book):
    client = a_known_client()
    paid_invoice(client)
    erasure = erase_client(client, reason=WHY, on=TODAY)
    keep_to_retention(on=erasure.keep_until, now=timezone.now())
    client.refresh_from_db()
    assert client.name == "Harbour Bakery"
    keep_to_retention(on=erasure.keep_until + timedelta(days=1), now=timezone.now())
    client.refresh_from_db()
    assert (client.name, client.address_line_1) == (f"Erased client {client.pk}", "")
    assert Invoice.objects.get().gross == Decimal("720.00")


def test_a_client_without_documents_is_erased_whole(open_book):
    client = a_known_client()
    erasure = erase_client(client, reason=WHY, on=TODAY)
    assert erasure.finished_at is not None
    assert "Harbour" not in everything_about(client)
    assert not Note.objects.exists()
    assert not Attachment.objects.exists()


def test_nothing_is_erased_while_something_goes_on(open_book):
    client = a_known_client()
    an_invoice(client)
    Posting.objects.update(status=Posting.Status.PENDING)
    assert what_goes_on(client) == ["unpaid invoices", "documents on their way to Sage"]
    with pytest.raises(StillInUse, match="unpaid invoices"):
        erase_client(client, reason=WHY, on=TODAY)
    assert ContactPerson.objects.get().name == "Mina Okafor"
    assert not ClientErasure.objects.exists()


def test_nobody_is_erased_twice(open_book):
    client = a_known_client()
    erase_client(client, reason=WHY, on=TODAY)
    with pytest.raises(AlreadyErased):
        erase_client(client, reason=WHY, on=TODAY)


def test_the_page_asks_for_the_name_and_says_what_stays(brook, client_of):
    with practice_scope(brook.pk):
        client = a_known_client()
    address = f"/p/brook-co/clients/{client.pk}/data/"
    browser = client_of("alice")
    assert "What is kept" in browser.get(address).content.decode()
    wrong = browser.post(f"{address}erase/", {"reason": WHY, "name": "Harbor"})
    assert wrong.status_code == 422
    right = browser.post(f"{address}erase/", {"reason": WHY, "name": "harbour bakery"}, follow=True)
    assert "Name and address are gone too" in right.content.decode()
    with practice_scope(brook.pk):
        assert AuditEntry.objects.get(action="client.erased").data["reason"] == WHY


def test_old_messages_and_work_go_by_the_practices_own_settings(brook, client_of):
    answer = client_of("alice").post(
        "/p/brook-co/settings/data/", {"documents_years": 7, "mail_months": 1, "work_months": 1}
    )
    assert answer.status_code == 303
    now = timezone.now()
    with practice_scope(brook.pk):
        old, new = (
            OutgoingEmail.objects.create(
                event=event,
                to="a@b.example",
                subject="s",
                text="words",
                status="sent",
                sent_at=now - days * DAY,
            )
            for event, days in (("old", 40), ("new", 20))
        )
        Job.objects.create(
            kind="x", title="x", right="SEE", total=0, status="done", finished_at=now - timedelta(days=40)
        )
        failed = a_message("failed", "a@b.example", "words", "failed", created_at=now - 40 * DAY)
        assert keep_to_retention(on=TODAY, now=now)["messages"] == 2
        for message in (old, new, failed):
            message.refresh_from_db()
        assert (old.text, old.subject, new.text, failed.text) == ("", "s", "words", "")
        for gone in (old, failed):
            with pytest.raises(WordsAreGone):
                send_again(gone)
        assert send_again(new).text == "words"
        assert not Job.objects.exists()
        assert RetentionSettings.objects.get().documents_years == 7


def test_less_than_the_law_asks_is_refused(client_of):
    answer = client_of("alice").post(
        "/p/brook-co/settings/data/", {"documents_years": 5, "mail_months": 1, "work_months": 1}
    )
    assert answer.status_code == 422


def trail() -> str:
    return " ".join(json.dumps(data) for data in AuditEntry.objects.values_list("data", flat=True))


def test_the_trail_forgets_people_at_once_and_the_name_with_the_documents(open_book):
    client, other = a_known_client(), add_client(Client(name="Mina's rival"), [])
    client.phone = "01947 600002"
    amend_client(client, [])
    paid_invoice(client)
    before = AuditEntry.objects.count()
    erasure = erase_client(client, reason=WHY, on=TODAY)
    for word in ("Okafor", "mina@", "01947", "1955839661"):
        assert word not in trail(), word
    assert "Harbour Bakery" in trail()
    finish(erasure)
    assert "Harbour Bakery" not in trail()
    assert other.name in trail()
    amended = AuditEntry.objects.get(action="client.amended")
    assert (amended.subject_id, list(amended.data["changes"])) == (client.pk, ["phone", "people"])
    assert amended.data["changes"]["phone"] == ["Erased", "Erased"]
    assert AuditEntry.objects.get(action="client.erased").data["reason"] == WHY
    assert "720.00" in trail(), "figures stay"
    assert AuditEntry.objects.count() == before + 3, "the posting withdrawn, the erasure, its end"


def test_the_trail_forgets_nobody_whom_no_erasure_of_the_practice_names(brook, cedar):
    with practice_scope(brook.pk):
        kept, erased = a_known_client(), add_client(Client(name="Gone Ltd"), [])
        erase_client(erased, reason=WHY, on=TODAY)
    for practice, client in ((brook, kept), (cedar, erased)):
        with practice_scope(practice.pk), connection.cursor() as cursor, pytest.raises(IntegrityError):
            cursor.execute("SELECT ignition_forget_client(%s)", [client.pk])
    with practice_scope(brook.pk):
        assert "Mina Okafor" in trail() or "Harbour Bakery" in trail()
