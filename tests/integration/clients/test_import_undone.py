"""Imports that end early, and imports that are taken back within a day (G48)."""

from datetime import timedelta

import pytest
from django.urls import reverse

from clients import import_steps
from clients.errors import CannotBeUndone
from clients.models import Client, ClientImport, ContactPerson
from clients.operations import tag_client
from clients.operations.imports import start_import, undo_import
from practices import job_steps
from practices.job_models import Job
from practices.jobs import resume_job
from practices.tasks import run_jobs
from practices.tenancy import practice_scope
from tests.integration.clients.books import a_client
from tests.integration.clients.importing import NOW, checked, imported, outcomes


def test_an_undone_import_leaves_what_was_there_before(brook):
    with practice_scope(brook.pk):
        a_client("Acme Ltd", "a@acme.example", city="Leeds")
    source = imported(
        brook, "Name,City,Email,Tags\nAcme Ltd,York,b@acme.example,New\nBravo Ltd,Hull,b@b.example,\n"
    )
    with practice_scope(brook.pk):
        undo_import(source, now=NOW + timedelta(hours=23))
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        client = Client.objects.get()
        assert (client.name, client.city) == ("Acme Ltd", "Leeds")
        assert not client.tags.exists()
        assert list(ContactPerson.objects.filter(has_left=False).values_list("email", flat=True)) == [
            "a@acme.example"
        ]


def test_an_undo_takes_nothing_that_somebody_built_on(brook):
    from tests.integration.proposals.offers import a_draft

    source = imported(brook, "Name\nUsed Ltd\nChanged Ltd\nIdle Ltd\n")
    with practice_scope(brook.pk):
        tag_client(Client.objects.get(name="Changed Ltd"), ["VIP"])
        a_draft(client=Client.objects.get(name="Used Ltd"))
        undo_import(source, now=NOW)
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert set(Client.objects.values_list("name", flat=True)) == {"Used Ltd", "Changed Ltd"}
    assert outcomes(brook, "clients.import_undo") == ["needs_you", "needs_you", "done"]


@pytest.mark.parametrize("status", [Job.Status.CANCELLED, Job.Status.FAILED])
def test_an_import_that_stopped_half_way_is_taken_back_whole(client_of, brook, monkeypatch, status):
    monkeypatch.setitem(job_steps._runners, "clients.import", job_steps._Runner(import_steps.import_rows, 2))
    source = checked(brook, "Name\n" + "".join(f"Client {n} Ltd\n" for n in range(5)))
    with practice_scope(brook.pk):
        job = start_import(source, on_match="update", now=NOW)
    with practice_scope(brook.pk):
        job_row = Job.objects.get(pk=job.pk)
        job_row.status, job_row.attempts = Job.Status.RUNNING, 1
        rows = import_steps.import_rows(job_row, 0, 2)
        job_row.done = len(rows)
        job_row.save()
        job_steps.end_job(job_row, status)
        assert Client.objects.count() == 2
    page = reverse("clients:import-detail", args=["brook-co", source.pk])
    assert "undo what was brought in" in client_of("bob").get(page).content.decode()
    assert client_of("bob").post(f"{page}undo/").status_code == 303
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert not Client.objects.exists()
        assert ClientImport.objects.get().status == "undone"
        if status == Job.Status.FAILED:
            resume_job(job)
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert not Client.objects.exists()


def test_after_a_day_an_import_stays(brook):
    source = imported(brook, "Name\nAcme Ltd\n")
    with practice_scope(brook.pk), pytest.raises(CannotBeUndone):
        undo_import(source, now=NOW + timedelta(hours=25))


def test_a_worker_killed_in_the_middle_imports_each_row_once(brook, monkeypatch):
    monkeypatch.setitem(job_steps._runners, "clients.import", job_steps._Runner(import_steps.import_rows, 2))
    source = checked(brook, "Name\n" + "".join(f"Client {n} Ltd\n" for n in range(5)))
    with practice_scope(brook.pk):
        start_import(source, on_match="update", now=NOW)
    deaths = [True]

    def dies(source, job, stop, status):
        if deaths and stop == 4:
            deaths.clear()
            raise KeyboardInterrupt
        return go_on(source, job, stop, status)

    go_on = import_steps._go_on
    monkeypatch.setattr(import_steps, "_go_on", dies)
    with pytest.raises(KeyboardInterrupt):
        run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert Client.objects.count() == 2
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert Client.objects.count() == 5
        assert ClientImport.objects.get().status == "imported"
