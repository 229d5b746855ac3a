"""Clients from a file: matched first, tried dry, each row with its outcome, and undone within a day (G48)."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from clients.errors import ImportIsElsewhere, NameColumnMissing
from clients.models import Client, ImportRow
from clients.models.search import compact_name
from clients.operations import tag_client
from clients.operations.imports import choose_columns, start_import
from practices.csv_files import harmed, harmless
from practices.models import AuditEntry
from practices.tasks import run_jobs
from practices.tenancy import practice_scope
from tests.integration.clients.books import a_client, names
from tests.integration.clients.importing import NOW, checked, imported, outcomes, uploaded, verdicts


def test_g48_a_file_becomes_clients_with_people_tags_groups_and_manager(brook, cast):
    text = (
        "Client;Type;E-mail;Contact name;Post code;VAT No;Manager;Tags;Group;Country\n"
        "Harbour Bakery Ltd;Limited company;mina@harbour.example, tom@harbour.example;Mina Okafor;yo213pu;"
        "123 4567 82;bob@brook.example;VIP|Payroll;Family;UK\n"
    )
    source = imported(brook, text)
    assert (source.delimiter, source.status) == (";", "imported")
    with practice_scope(brook.pk):
        client = Client.objects.get()
        assert (client.postal_code, client.vat_number, client.country) == ("YO21 3PU", "GB123456782", "GB")
        assert (client.manager, client.group.name) == (cast.bob, "Family")
        assert sorted(client.tags.values_list("name", flat=True)) == ["Payroll", "VIP"]
        people = list(client.people.values_list("name", "email", "is_primary"))
        assert people == [
            ("Mina Okafor", "mina@harbour.example", True),
            ("tom", "tom@harbour.example", False),
        ]
        entry = AuditEntry.objects.get(action="client.added")
        assert (entry.subject_id, entry.data["import"]) == (client.pk, source.pk)
        assert names(Client.objects.matching("harb yo21")) == ["Harbour Bakery Ltd"]


def test_matching_comes_before_anything_is_made(brook):
    with practice_scope(brook.pk):
        a_client("Exact Ltd", "x@exact.example")
        a_client("Written Alike Ltd")
        a_client("Numbered Ltd", company_number="01234567")
        a_client("Mailed Ltd", "one@mailed.example")
        a_client("Rose & Crown Ltd", "rose@crown.example")
    text = (
        "Name,Company number,Email,City\n"
        "EXACT LTD,,,Leeds\n"
        "written-alike Limited,,,\n"
        "Renamed Ltd,1234567,,\n"
        "Another Name,,one@mailed.example,\n"
        "Rose and Crown Limited,,rose@crown.example,York\n"
        "Brand New Ltd,,,\n"
        "exact ltd,,,\n"
    )
    checked(brook, text)
    assert verdicts(brook) == ["update", "doubtful", "update", "doubtful", "update", "new", "repeated"]
    with practice_scope(brook.pk):
        assert Client.objects.count() == 5


def test_the_same_name_with_another_number_is_asked_about(brook):
    with practice_scope(brook.pk):
        a_client("Acme Ltd", company_number="01234567")
    checked(brook, "Name,Company number\nAcme Ltd,7654321\n")
    assert verdicts(brook) == ["doubtful"]


def test_two_clients_of_one_name_are_never_guessed_between(brook):
    with practice_scope(brook.pk):
        a_client("Acme Ltd")
        a_client("Acme Ltd")
    checked(brook, "Name,City\nAcme Ltd,Leeds\n")
    assert verdicts(brook) == ["doubtful"]


def test_g55_an_address_that_several_share_tells_nobody_apart(brook):
    with practice_scope(brook.pk):
        a_client("Alpha Ltd", "office@group.example")
        a_client("Beta Ltd", "office@group.example")
    checked(brook, "Name,Email,City\nAlpha Limited,office@group.example,Leeds\n")
    assert verdicts(brook) == ["doubtful"]


def test_an_update_changes_what_the_file_says_and_leaves_the_rest(brook):
    with practice_scope(brook.pk):
        client = a_client("Acme Ltd", "a@acme.example", city="Leeds", phone="0113 496 0000")
        tag_client(client, ["Old"])
    imported(brook, f"Id,Name,Town,Phone,Email,Tags\n{client.pk},Acme Dental Ltd,York,,b@acme.example,New\n")
    with practice_scope(brook.pk):
        client = Client.objects.get()
        assert (client.name, client.city, client.phone) == ("Acme Dental Ltd", "York", "0113 496 0000")
        assert [person.email for person in client.people.all()] == ["a@acme.example", "b@acme.example"]
        assert sorted(client.tags.values_list("name", flat=True)) == ["New", "Old"]


def test_clients_that_are_here_can_be_left_as_they_are(brook):
    with practice_scope(brook.pk):
        a_client("Acme Ltd", city="Leeds")
    imported(brook, "Name,City\nAcme Ltd,York\nNew Ltd,York\n", on_match="skip")
    with practice_scope(brook.pk):
        assert dict(Client.objects.values_list("name", "city")) == {"Acme Ltd": "Leeds", "New Ltd": "York"}
    assert outcomes(brook) == ["skipped", "done"]


def test_what_nobody_decided_is_not_imported_and_said_so(brook):
    with practice_scope(brook.pk):
        a_client("Acme Ltd")
    text = "Name,City\nAcme Limited,York\nACME LIMITED.,Hull\nacme (limited),Bath\nNew Ltd,\n"
    imported(brook, text, choices={1: "new", 2: "update"})
    assert outcomes(brook) == ["needs_you", "done", "done", "done"]
    with practice_scope(brook.pk):
        assert Client.objects.filter(name__startswith="acme (").exists()
        assert Client.objects.count() == 3


def test_reimporting_a_file_adds_nobody(brook):
    text = "Name,City\nAcme Ltd,York\nBravo Ltd,Hull\n"
    imported(brook, text)
    checked(brook, text)
    with practice_scope(brook.pk):
        assert list(ImportRow.objects.order_by("-pk").values_list("verdict", flat=True)[:2]) == [
            "same",
            "same",
        ]
        assert Client.objects.count() == 2


def test_a_client_added_between_check_and_import_is_not_made_twice(brook):
    source = checked(brook, "Name\nAcme Ltd\nBravo Ltd\n")
    with practice_scope(brook.pk):
        a_client("acme ltd")
        start_import(source, on_match="update", now=NOW)
    run_jobs(brook.pk)
    assert outcomes(brook) == ["needs_you", "done"]
    with practice_scope(brook.pk):
        assert Client.objects.count() == 2


def test_two_rows_with_one_number_become_one_client(brook):
    imported(brook, "Name,UTR\nAcme Ltd,1955839661\nAcme Dental Ltd,1955839661\n")
    assert outcomes(brook) == ["done", "needs_you"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (",Leeds,", "no name"),
        ("🙂,,", "no name"),
        ("x" * 300 + ",,", "300 characters"),
        ("Acme Ltd,,GB123456789", "check digits"),
        ("Acme Ltd," + "y" * 51 + ",", "51 characters"),
    ],
)
def test_a_row_that_cannot_be_read_says_why_and_keeps_nobody_else(brook, row, words):
    checked(brook, f"Name,City,VAT number\n{row}\nGood Ltd,Leeds,\n")
    with practice_scope(brook.pk):
        bad, good = ImportRow.objects.order_by("position")
        assert (bad.verdict, good.verdict) == ("invalid", "new")
        assert words in bad.message


def test_names_in_any_script_are_kept_as_they_are(brook):
    imported(brook, "Name\nמאפיית הנמל\nCafé 🙂 Noir\nO'Brien & Søn\n")
    with practice_scope(brook.pk):
        assert set(Client.objects.values_list("name", flat=True)) == {
            "מאפיית הנמל",
            "Café 🙂 Noir",
            "O'Brien & Søn",
        }


def test_the_pages_lead_from_the_file_to_the_clients_and_back(client_of, brook):
    browser = client_of("bob")
    with practice_scope(brook.pk):
        a_client("Acme Ltd")
    file = SimpleUploadedFile("x.csv", b"Name,Town\nAcme Limited,York\nBravo Ltd,Hull\n<b>X</b>,\n")
    page = browser.post(reverse("clients:import-new", args=["brook-co"]), {"file": file}).headers["Location"]
    assert "Bravo Ltd" in browser.get(page).content.decode()
    browser.post(f"{page}columns/", {"column-0": "name", "column-1": "city"})
    assert "You can leave this page" in browser.get(page).content.decode()
    run_jobs(brook.pk)
    review = browser.get(page).content.decode()
    assert "Written almost like Acme Ltd." in review
    assert "<b>X</b>" not in browser.get(f"{page}?verdict=new").content.decode()
    browser.post(f"{page}decide/", {"row-0": "update"})
    browser.post(f"{page}start/", {"on_match": "update"})
    run_jobs(brook.pk)
    assert "3 rows brought in" in browser.get(page).content.decode()
    browser.post(f"{page}undo/")
    run_jobs(brook.pk)
    assert "taken back" in browser.get(page).content.decode()
    with practice_scope(brook.pk):
        assert list(Client.objects.values_list("name", "city")) == [("Acme Ltd", "")]


def test_the_choice_of_columns_is_remembered_for_the_next_file(brook):
    source = uploaded(brook, "Firma,Ort\nAcme Ltd,York\n")
    assert source.mapping == {}
    with practice_scope(brook.pk):
        choose_columns(source, {0: "name", 1: "city"})
    assert uploaded(brook, "Ort,Firma\nHull,Bravo Ltd\n").mapping == {"0": "city", "1": "name"}


def test_without_a_name_column_nothing_is_checked(brook):
    source = uploaded(brook, "Firma\nAcme Ltd\n")
    with practice_scope(brook.pk), pytest.raises(NameColumnMissing):
        choose_columns(source, {0: "city"})


def test_pressing_import_twice_imports_once(brook):
    source = checked(brook, "Name\nAcme Ltd\n")
    with practice_scope(brook.pk):
        start_import(source, on_match="update", now=NOW)
        with pytest.raises(ImportIsElsewhere):
            start_import(source, on_match="update", now=NOW)


def test_the_other_practices_clients_and_ids_are_nobodys(brook, cedar):
    with practice_scope(cedar.pk):
        foreign = a_client("Acme Ltd")
    checked(brook, f"Id,Name\n,Acme Ltd\n{foreign.pk},Bravo Ltd\n")
    assert verdicts(brook) == ["new", "invalid"]


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\n=x"])
def test_a_formula_is_harmless_in_an_export_and_itself_again_in_an_import(value):
    assert harmless(value) == f"'{value}"
    assert harmed(harmless(value)) == value


def test_an_export_comes_back_in_as_nothing_new(client_of, brook, cast):
    with practice_scope(brook.pk):
        client = a_client("=Sum Ltd", "a@sum.example", "b@sum.example", city="-Leeds", manager=cast.bob)
        tag_client(client, ["@VIP"])
        a_client("Bravo, “Quoted” Ltd", company_number="01234567")
    answer = client_of("bob").get(reverse("clients:client-export", args=["brook-co"]))
    content = b"".join(answer.streaming_content)
    lines = content.decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert not any(cell.lstrip('"').startswith(("=", "-", "@")) for line in lines for cell in line.split(","))
    checked(brook, content)
    assert verdicts(brook) == ["same", "same"]


def test_an_export_holds_what_the_list_shows(client_of, brook):
    with practice_scope(brook.pk):
        a_client("Acme Ltd", city="Leeds")
        a_client("Bravo Ltd", city="York")
    address = reverse("clients:client-export", args=["brook-co"])
    answer = client_of("bob").get(address, {"q": "bravo", "columns": ["outstanding"]})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("Outstanding")
    assert "Bravo Ltd" in lines[1]


def test_a_compact_name_is_the_same_here_and_in_the_database(brook):
    from django.db import connection

    written = [
        "The Rose & Crown Ltd.",
        "O’Brien + Søn PLC",
        "Café-Noir (UK) Limited",
        "ltd",
        "A.B.C. llp",
        "עברית",
        "",
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT clients_compact_name(name) FROM unnest(%s) AS name", [written])
        assert [word for (word,) in cursor.fetchall()] == [compact_name(name) for name in written]
