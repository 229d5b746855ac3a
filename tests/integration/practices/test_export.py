"""The full export: everything that is the practice's, nothing of another's, no secret, checked by its own manifest."""

import hashlib
import io
import json
import zipfile
from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from clients.models import Attachment, Client
from clients.operations import add_client
from practices.export_format import LEFT_OUT, columns_of, exported_models, label_of
from practices.export_models import ExportPart, PracticeExport
from practices.exporting import ExportIsUnderWay, start_export
from practices.fields import SealedTextField
from practices.isolation import tenant_models
from practices.job_models import Job
from practices.job_steps import run_live_jobs
from practices.tenancy import acting_for, practice_scope
from services.models import Service, TaxRate
from services.operations import add_service


def stock(name: str) -> None:
    client = add_client(Client(name=name), [])
    rate = TaxRate.objects.create(name="Standard", vat_code="standard")
    add_service(
        Service(name="Books", tax_rate=rate), unit_price=Decimal("12.5"), effective_from=date(2027, 1, 1)
    )
    Attachment.objects.create(
        client=client, name="a.txt", content_type="text/plain", size=5, content=name.encode()[:5]
    )


@pytest.fixture
def fetched(brook, cedar, client_of):
    """The archive of Brook & Co, made by the job and fetched by its owner."""
    with practice_scope(cedar.pk):
        stock("Cedar's client")
    with practice_scope(brook.pk):
        stock("Łódź & Söhne")
    browser = client_of("alice")
    assert browser.post(reverse("practices:export-start", args=[brook.slug])).status_code == 303
    with acting_for(brook.pk):
        run_live_jobs()
    with practice_scope(brook.pk):
        export = PracticeExport.objects.get()
    answer = browser.get(reverse("practices:export-file", args=[brook.slug, export.pk]))
    assert answer["Content-Type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))


def rows_in(archive: zipfile.ZipFile, file: str) -> list[dict]:
    return [json.loads(line) for line in archive.read(file).decode().splitlines()]


def test_the_manifest_tells_every_file_with_rows_and_sum(fetched):
    manifest = json.loads(fetched.read("manifest.json"))
    assert (manifest["format"], manifest["version"]) == ("ignition-practice-export", 1)
    told = [manifest["practice"], manifest["people"], *manifest["tables"]]
    for each in told:
        content = fetched.read(each["file"])
        assert hashlib.sha256(content).hexdigest() == each["sha256"]
        assert content.count(b"\n") == each["rows"]
    for each in manifest["files"]:
        assert hashlib.sha256(fetched.read(each["file"])).hexdigest() == each["sha256"]
    named = {each["file"] for each in [*told, *manifest["files"]]}
    assert set(fetched.namelist()) == named | {"manifest.json", "README.txt"}


def test_every_table_of_a_practice_is_there_or_left_out_by_name(fetched):
    manifest = json.loads(fetched.read("manifest.json"))
    there = {each["name"] for each in manifest["tables"]}
    assert there | set(manifest["left_out"]) == {label_of(model) for model in tenant_models()}
    assert not there & set(LEFT_OUT)


def test_keys_point_to_rows_that_are_there_and_to_tables_before_unless_it_says_later(fetched):
    manifest = json.loads(fetched.read("manifest.json"))
    rows = {table["name"]: rows_in(fetched, table["file"]) for table in manifest["tables"]}
    rows["practices.user"] = rows_in(fetched, "people.ndjson")
    seen, later = {"practices.user"}, set()
    for table in manifest["tables"]:
        seen.add(table["name"])
        for column in table["columns"]:
            if target := column.get("references"):
                assert (target not in seen) == column.get("later", False)
                later |= {(table["name"], column["name"])} if "later" in column else set()
                pointed = {row[column["name"]] for row in rows[table["name"]]} - {None}
                assert pointed <= {row["id"] for row in rows[target]}
    assert ("invoicing.invoiceline", "invoice_id") not in later


def test_nothing_of_another_practice_and_no_secret_is_in_it(fetched):
    whole = b"".join(fetched.read(name) for name in fetched.namelist())
    assert "Łódź & Söhne".encode() in whole
    assert b"Cedar" not in whole
    assert b"carol@" not in whole
    assert b"password" not in whole
    sealed = [
        column
        for model in exported_models()
        for column in columns_of(model)
        if isinstance(column, SealedTextField)
    ]
    assert sealed == []


def test_amounts_and_files_come_back_as_they_were(fetched):
    price = rows_in(fetched, "tables/services.price.ndjson")[0]
    assert Decimal(price["unit_price"]) == Decimal("12.5")
    attachment = rows_in(fetched, "tables/clients.attachment.ndjson")[0]
    assert fetched.read(attachment["content"]["file"]) == "Łódź & Söhne".encode()[:5]


def test_only_one_is_made_at_a_time_and_a_new_one_takes_its_place(brook):
    with practice_scope(brook.pk):
        start_export()
        with pytest.raises(ExportIsUnderWay):
            start_export()
    with acting_for(brook.pk):
        run_live_jobs()
    with practice_scope(brook.pk):
        first = PracticeExport.objects.get()
        assert first.finished_at is not None
        start_export()
        assert PracticeExport.objects.get().pk != first.pk
        assert not ExportPart.objects.exists()


def test_what_is_added_after_the_request_is_not_in_it(brook):
    with practice_scope(brook.pk):
        stock("Before Ltd")
        start_export()
        add_client(Client(name="After Ltd"), [])
    with acting_for(brook.pk):
        run_live_jobs()
    with practice_scope(brook.pk):
        assert ExportPart.objects.get(table="clients.client").rows == 1
        assert Job.objects.get().status == "done"


def test_only_an_owner_exports_and_an_unfinished_one_cannot_be_fetched(brook, client_of):
    browser = client_of("bob")
    assert browser.get(reverse("practices:export", args=[brook.slug])).status_code == 403
    assert browser.post(reverse("practices:export-start", args=[brook.slug])).status_code == 403
    with practice_scope(brook.pk):
        export = start_export()
    answer = client_of("alice").get(reverse("practices:export-file", args=[brook.slug, export.pk]))
    assert answer.status_code != 200
