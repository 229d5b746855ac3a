"""Sage's customers under Clients: linked, imported or set aside, after a review, and taken back (F36 to F48)."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from clients.models import Client
from practices.job_models import Job, JobRow
from practices.tasks import run_jobs
from practices.tenancy import acting_for, practice_scope
from sage_integration.models import ContactLink, SageContact
from sage_integration.sync.contact_book import sync_contacts
from tests.integration.sage_integration.connecting import page, text_of
from tests.integration.sage_integration.posting import (
    add_client,
    issue,
    issued_invoice,
    posting_of,
    push_until_settled,
)


@pytest.fixture
def practice(brook, enabled, sage):
    """Brook & Co, connected and enabled, with none of the sandbox's own customers."""
    for contact in sage.contacts(sage.business_id()):
        sage.delete_record("contacts", contact["id"])
    return brook


@pytest.fixture
def alice(practice, client_of):
    """Alice's browser, signed in by the clock that tests move."""
    return client_of("alice")


@pytest.fixture
def in_sage(practice, sage):
    """Puts customers into Sage and reads them: `in_sage("S1 Ltd", "S2 Ltd", email=…)` answers their contacts."""

    def put(*names, **person) -> list[SageContact]:
        for name in names:
            details = {"main_contact_person": {"name": "Ada Ames", **person}} if person else {}
            sage.add_contact(name, sage.business_id(), **details)
        return read(practice, names)

    return put


def read(practice, names) -> list[SageContact]:
    with acting_for(practice.pk):
        sync_contacts()
    with practice_scope(practice.pk):
        return [SageContact.objects.filter(name=name).latest("pk") for name in names]


def decided(contacts, *values, **extra) -> dict:
    pairs = zip(contacts, values, strict=True)
    return {
        "contact": [str(contact.pk) for contact in contacts],
        **{f"decision-{contact.pk}": value for contact, value in pairs},
        **extra,
    }


def carry_out(alice, practice, contacts, *values, **extra) -> Job:
    """Confirm the review and let the work run."""
    answer = alice.post(page("app-client-review"), decided(contacts, *values, step="confirm", **extra))
    assert answer.status_code == 303, text_of(answer)
    run_jobs(practice.pk)
    with practice_scope(practice.pk):
        return Job.objects.latest("pk")


def clients_named(practice, name) -> list[Client]:
    with practice_scope(practice.pk):
        return list(Client.objects.filter(name=name))


def contact_creates(sage) -> int:
    return len(sage.requests("POST", "/contacts"))


def test_f36_the_list_under_clients_shows_every_contact_over_more_than_one_page(alice, practice, sage):
    sage.seed_contacts(450, sage.business_id())
    read(practice, [])
    shown, query = [], "?tab=new"
    while query:
        answer = alice.get(page("app-client-list") + query)
        shown += [row["contact"].name for row in answer.context["rows"]]
        query = answer.context["page"].next
    assert len(shown) == len(set(shown)) == 450
    file = alice.get(page("app-client-list"), {"tab": "new", "file": "csv"}).getvalue().decode()
    assert len(file.splitlines()) == 451
    assert reverse("sage:app-client-list", args=["brook-co"]) in text_of(alice.get("/p/brook-co/clients/"))


def test_f37_a_contact_is_converted_with_what_sage_knows_of_it(alice, practice, sage):
    made = sage.add_contact(
        "S1 Ltd",
        sage.business_id(),
        tax_number="GB 980 7806 84",
        main_address={"address_line_1": "2 Lake Road", "city": "Ambleside", "postal_code": "la220aa"},
        main_contact_person={"name": "Ada Ames", "email": "ada@s1.example", "telephone": "015394 1"},
    )
    contacts = read(practice, ["S1 Ltd"])
    job = carry_out(alice, practice, contacts, "new")
    (client,) = clients_named(practice, "S1 Ltd")
    with practice_scope(practice.pk):
        (person,) = client.people.all()
        link = ContactLink.objects.get(client=client)
    assert (client.kind, client.vat_number) == ("company", "GB980780684")
    assert client.address_lines == ["2 Lake Road", "Ambleside", "LA22 0AA"]
    assert (person.name, person.email, person.is_signatory) == ("Ada Ames", "ada@s1.example", True)
    assert (link.sage_contact_id, link.origin) == (made["id"], "imported")
    assert (job.status, job.succeeded) == ("done", 1)


def test_f38_f46_a_contact_is_linked_with_a_client_and_its_invoices_go_there(
    alice, practice, sage, in_sage, clock
):
    with practice_scope(practice.pk):
        client = add_client("C5 Holdings")
    contacts = in_sage("S2 Holdings Limited")
    carry_out(alice, practice, contacts, f"link:{client.pk}")
    assert len(clients_named(practice, "C5 Holdings")) == 1
    before = contact_creates(sage)
    with practice_scope(practice.pk):
        invoice = issue(client)
    push_until_settled(practice, clock)
    (theirs,) = sage.sales_invoices(reference=posting_of(invoice).reference)
    assert theirs["contact"]["id"] == contacts[0].sage_id
    assert contact_creates(sage) == before


@pytest.mark.parametrize(
    ("name", "email"), [("Other Name", " ANN@acme.example"), (" c7 LTD ", "else@x.example")]
)
def test_f39_f40_f41_the_same_name_or_address_is_raised_and_linking_offered(
    alice, practice, in_sage, name, email
):
    with practice_scope(practice.pk):
        client = add_client("C7 Ltd")
    contacts = in_sage(name, email=email.strip()) if name.strip() == name else None
    contacts = contacts or in_sage(name.strip(), email=email)
    answer = alice.post(page("app-client-review"), decided(contacts, "new", step="confirm"))
    assert answer.status_code == 422
    assert "C7 Ltd” has exactly this name or e-mail address" in text_of(answer)
    assert f'value="link:{client.pk}"' in text_of(answer)
    with practice_scope(practice.pk):
        assert Client.objects.count() == 1
        assert not Job.objects.exists()
    carry_out(alice, practice, contacts, f"link:{client.pk}")
    with practice_scope(practice.pk):
        assert Client.objects.count() == 1
        assert ContactLink.objects.get(client=client).sage_contact_id == contacts[0].sage_id


def test_f40_different_in_both_is_not_raised(alice, practice, in_sage):
    with practice_scope(practice.pk):
        add_client("C7 Ltd")
    contacts = in_sage("S3 Ltd", email="s3@else.example")
    carry_out(alice, practice, contacts, "new")
    assert len(clients_named(practice, "S3 Ltd")) == 1


def test_f42_d10_a_different_spelling_is_a_hint_and_no_block(alice, practice, in_sage):
    with practice_scope(practice.pk):
        add_client("Acme Co Limited")
    contacts = in_sage("Acme Co Ltd", email="other@acme.example")
    review = alice.get(page("app-client-review"), {"contact": contacts[0].pk})
    assert "differs only by Ltd and Limited" in text_of(review)
    carry_out(alice, practice, contacts, "new")
    assert len(clients_named(practice, "Acme Co Ltd")) == 1


def test_a_client_of_the_same_name_is_made_once_somebody_says_it_is_another(alice, practice, in_sage):
    with practice_scope(practice.pk):
        add_client("C7 Ltd")
    (contact,) = in_sage("C7 Ltd")
    carry_out(alice, practice, [contact], "new", **{f"another-{contact.pk}": "1"})
    assert len(clients_named(practice, "C7 Ltd")) == 2


def test_f43_next_leads_to_a_review_of_exactly_the_chosen_ones(alice, practice, in_sage):
    contacts = in_sage("S1 Ltd", "S2 Ltd", "S3 Ltd", "S4 Ltd")
    answer = alice.get(page("app-client-review"), {"contact": [contact.pk for contact in contacts[:3]]})
    assert [row.contact.name for row in answer.context["plan"].rows] == ["S1 Ltd", "S2 Ltd", "S3 Ltd"]


def test_f44_each_row_is_linked_imported_or_left_alone(alice, practice, in_sage):
    with practice_scope(practice.pk):
        client = add_client("S1 Limited")
    contacts = in_sage("S1 Ltd", "S2 Ltd", "S3 Ltd")
    values = (f"link:{client.pk}", "new", "ignore")
    checked = alice.post(page("app-client-review"), decided(contacts, *values, step="check"))
    assert checked.status_code == 200
    assert "1 linked with a client that is here, 1 new client, 1 not imported, 0 left for later" in text_of(
        checked
    )
    with practice_scope(practice.pk):
        assert Client.objects.count() == 1  # a dry run changes nothing
    job = carry_out(alice, practice, contacts, *values)
    assert (job.total, job.succeeded) == (3, 3)
    with practice_scope(practice.pk):
        assert {c.name for c in Client.objects.all()} == {"S1 Limited", "S2 Ltd"}
        assert ContactLink.objects.count() == 2


def test_f45_what_is_not_imported_stays_available(alice, practice, in_sage):
    contacts = in_sage("S3 Ltd")
    carry_out(alice, practice, contacts, "ignore")
    listed = alice.get(page("app-client-list"), {"tab": "ignored"})
    assert [row["contact"].name for row in listed.context["rows"]] == ["S3 Ltd"]
    read(practice, [])
    carry_out(alice, practice, contacts, "new")
    assert len(clients_named(practice, "S3 Ltd")) == 1


def test_later_leaves_a_contact_where_it_is(alice, practice, in_sage):
    contacts = in_sage("S1 Ltd", "S2 Ltd")
    job = carry_out(alice, practice, contacts, "later", "new")
    assert job.total == 1
    listed = alice.get(page("app-client-list"), {"tab": "new"})
    assert [row["contact"].name for row in listed.context["rows"]] == ["S1 Ltd"]


def test_two_contacts_cannot_be_linked_with_one_client(alice, practice, in_sage):
    with practice_scope(practice.pk):
        client = add_client("S1 Limited")
    contacts = in_sage("S1 Ltd", "S1 Limited")
    answer = alice.post(
        page("app-client-review"), decided(contacts, *[f"link:{client.pk}"] * 2, step="confirm")
    )
    assert answer.status_code == 422
    assert "chosen for two contacts" in text_of(answer)


@pytest.mark.parametrize("second", ["Tarn Foods Ltd", "Tarn Foods Limited"])
def test_two_chosen_contacts_that_are_likely_one_are_not_both_imported_unasked(
    alice, practice, in_sage, second
):
    in_sage("Tarn Foods Ltd")
    in_sage(second)
    with practice_scope(practice.pk):
        contacts = list(SageContact.objects.all())
    answer = alice.post(page("app-client-review"), decided(contacts, "new", "new", step="confirm"))
    assert answer.status_code == 422
    assert "is chosen too and likely the same" in text_of(answer)
    another = {f"another-{contact.pk}": "1" for contact in contacts}
    carry_out(alice, practice, contacts, "new", "new", **another)
    with practice_scope(practice.pk):
        assert Client.objects.count() == 2


def test_what_was_linked_meanwhile_is_left_for_a_person_and_nothing_is_half_done(alice, practice, in_sage):
    contacts = in_sage("S1 Ltd", "S2 Ltd")
    answer = alice.post(page("app-client-review"), decided(contacts, "new", "new", step="confirm"))
    assert answer.status_code == 303
    with practice_scope(practice.pk):
        other = add_client("Other")
        ContactLink.objects.create(
            client=other,
            business_id=contacts[0].business_id,
            sage_contact_id=contacts[0].sage_id,
            origin="by_hand",
        )
    run_jobs(practice.pk)
    assert clients_named(practice, "S1 Ltd") == []
    assert len(clients_named(practice, "S2 Ltd")) == 1
    with practice_scope(practice.pk):
        assert JobRow.objects.get(label="S1 Ltd").outcome == "needs_you"


def test_an_import_is_taken_back_within_a_day(alice, practice, in_sage):
    with practice_scope(practice.pk):
        client = add_client("S1 Limited")
    contacts = in_sage("S1 Ltd", "S2 Ltd", "S3 Ltd")
    job = carry_out(alice, practice, contacts, f"link:{client.pk}", "new", "ignore")
    assert "Take it back" in text_of(alice.get(page("app-client-list")))
    answer = alice.post(reverse("sage:app-client-undo", args=["brook-co", job.pk]))
    assert answer.status_code == 303
    run_jobs(practice.pk)
    with practice_scope(practice.pk):
        assert [c.name for c in Client.objects.all()] == ["S1 Limited"]
        assert not ContactLink.objects.exists()
        assert not SageContact.objects.filter(is_ignored=True).exists()
        assert Job.objects.latest("pk").succeeded == 3
    assert "Take it back" not in text_of(alice.get(page("app-client-list")))


def test_taking_back_keeps_a_client_that_was_worked_with_since(alice, practice, in_sage):
    job = carry_out(alice, practice, in_sage("S1 Ltd"), "new")
    issued_invoice(practice, "S1 Ltd")
    alice.post(reverse("sage:app-client-undo", args=["brook-co", job.pk]))
    run_jobs(practice.pk)
    assert len(clients_named(practice, "S1 Ltd")) == 1
    with practice_scope(practice.pk):
        assert JobRow.objects.latest("pk").outcome == "skipped"


def test_an_import_cannot_be_taken_back_twice_or_after_a_day(alice, practice, in_sage):
    job = carry_out(alice, practice, in_sage("S1 Ltd"), "new")
    address = reverse("sage:app-client-undo", args=["brook-co", job.pk])
    with practice_scope(practice.pk):
        Job.objects.update(finished_at=timezone.now() - timedelta(hours=25))
    alice.post(address)
    with practice_scope(practice.pk):
        assert Job.objects.count() == 1
        Job.objects.update(finished_at=timezone.now() - timedelta(hours=23))
    alice.post(address)
    alice.post(address)
    with practice_scope(practice.pk):
        assert Job.objects.count() == 2


@pytest.mark.parametrize(
    ("name", "email", "addresses"),
    [
        ("🎂 Cakes", "a@x.example; b@x.example", ["a@x.example", "b@x.example"]),
        ("مخبز النخيل", "not an address", []),
        ("x" * 100, "", []),
    ],
)
def test_odd_names_and_addresses_become_clients(alice, practice, sage, name, email, addresses):
    made = sage.add_contact(name, sage.business_id())
    sage.change_record("contact_persons", made["main_contact_person"]["id"], email=email)
    contacts = read(practice, [name])
    carry_out(alice, practice, contacts, "new")
    (client,) = clients_named(practice, name)
    with practice_scope(practice.pk):
        assert [person.email for person in client.people.exclude(email="")] == addresses


def test_a_contact_without_a_usable_name_is_not_imported(alice, practice, in_sage):
    contacts = in_sage("🎂")
    answer = alice.post(page("app-client-review"), decided(contacts, "new", step="confirm"))
    assert answer.status_code == 422
    assert "has no name that a client could have" in text_of(answer)


def test_f59_the_button_on_the_page_reads_once_when_pressed_twice(alice, practice, sage):
    sage.add_contact("S11 Ltd", sage.business_id())
    first, second = (
        alice.post(page("contact-sync"), follow=True),
        alice.post(page("contact-sync"), follow=True),
    )
    assert "Reading the contacts from Sage." in text_of(first)
    assert "They are being read already" in text_of(second)


def test_without_a_connection_the_page_leads_to_sage(client_of, brook):
    answer = client_of("alice").get(page("app-client-list"))
    assert answer.status_code == 303


def test_p03_twins_in_sage_are_shown_with_evidence_and_left_to_sage(alice, practice, in_sage):
    in_sage("Tarn Foods Ltd", "Tarn Foods Limited", "Beck Farm")
    shown = text_of(alice.get(page("contact-twins")))
    assert "differs only by Ltd and Limited" in shown
    assert "Beck Farm" not in shown
    assert "Sage merges contacts, Ignition does not" in shown
