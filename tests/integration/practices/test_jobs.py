"""Long work: done chunk by chunk, each row once, whatever dies on the way."""

import re

import pytest
from django.urls import reverse

from practices import audit, job_steps
from practices.job_models import Job, JobRow
from practices.jobs import JobIsOver, Outcome, cancel_job, resume_job, runs, start_job
from practices.models import AuditEntry
from practices.permissions import Can
from practices.tasks import practices_from, run_jobs
from practices.tenancy import practice_scope


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs."""


@pytest.fixture
def step():
    """Registers a step under a name of this test's own, which is forgotten afterwards."""
    kinds = []

    def register(function, *, chunk=2) -> str:
        kind = f"test.{len(job_steps._runners)}"
        runs(kind, chunk=chunk)(function)
        kinds.append(kind)
        return kind

    yield register
    for kind in kinds:
        del job_steps._runners[kind]


def note(job, start, stop):
    """A step that leaves a mark for each row it did."""
    for number in range(start, stop):
        audit.record("test.row", job, number=number)
    return [Outcome(f"Row {number}") for number in range(start, stop)]


def started(practice, kind, total=5):
    with practice_scope(practice.pk):
        return start_job(kind, "Test work", total=total, right=Can.MANAGE_CLIENTS)


def marks(practice) -> list[int]:
    with practice_scope(practice.pk):
        return sorted(entry.data["number"] for entry in AuditEntry.objects.filter(action="test.row"))


def job_of(practice) -> Job:
    with practice_scope(practice.pk):
        return Job.objects.select_related("practice").get()


def test_a_job_does_each_row_once_and_counts_the_outcomes(brook, step):
    words = [JobRow.Outcome.DONE, "skipped", "needs_you", "failed", "done"]
    kind = step(lambda _job, start, stop: [Outcome(f"Row {n}", words[n]) for n in range(start, stop)])
    started(brook, kind)
    run_jobs(brook.pk)
    job = job_of(brook)
    assert (job.status, job.done, job.succeeded) == ("done", 5, 2)
    assert (job.skipped, job.needs_you, job.failed) == (1, 1, 1)
    with practice_scope(brook.pk):
        assert list(JobRow.objects.values_list("position", "outcome")) == list(enumerate(words))


def test_a_worker_killed_in_a_chunk_leaves_nothing_of_it_and_the_next_does_it_once(brook, step):
    deaths = [True]

    def dies_once(job, start, stop):
        outcomes = note(job, start, stop)
        if start == 2 and deaths:
            deaths.clear()
            raise Killed
        return outcomes

    started(brook, step(dies_once))
    with pytest.raises(Killed):
        run_jobs(brook.pk)
    assert marks(brook) == [0, 1]
    assert practices_from("job_practices_due") == [brook.pk]
    run_jobs(brook.pk)
    assert marks(brook) == [0, 1, 2, 3, 4]
    assert job_of(brook).status == "done"
    assert practices_from("job_practices_due") == []


def test_a_chunk_that_its_workers_die_of_is_parked_and_can_be_taken_up(brook, step):
    ill = [True]

    def poisoned(job, start, stop):
        if ill:
            raise Killed
        return note(job, start, stop)

    started(brook, step(poisoned))
    for _ in range(3):
        with pytest.raises(Killed):
            run_jobs(brook.pk)
    run_jobs(brook.pk)
    assert job_of(brook).status == "failed"
    ill.clear()
    with practice_scope(brook.pk):
        resume_job(Job.objects.get())
    run_jobs(brook.pk)
    assert marks(brook) == [0, 1, 2, 3, 4]


def test_a_cancelled_job_keeps_what_is_done_and_does_no_more(brook, step):
    def cancels_itself(job, start, stop):
        if start == 2:
            cancel_job(job)
        return note(job, start, stop)

    started(brook, step(cancels_itself))
    run_jobs(brook.pk)
    job = job_of(brook)
    assert (job.status, job.done) == ("cancelled", 4)
    assert marks(brook) == [0, 1, 2, 3]
    with practice_scope(brook.pk), pytest.raises(JobIsOver):
        cancel_job(job)


def test_a_step_that_answers_for_fewer_rows_than_it_was_given_is_refused(brook, step):
    started(brook, step(lambda *_: []))
    with pytest.raises(ValueError, match="0 outcomes for 2 rows"):
        run_jobs(brook.pk)
    assert job_of(brook).done == 0


def test_a_job_acts_as_whoever_started_it(brook, cast, step):
    with audit.acting_as(cast.bob):
        started(brook, step(note))
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        actors = set(AuditEntry.objects.filter(action="test.row").values_list("actor", flat=True))
    assert actors == {cast.bob.pk}


def test_the_page_shows_progress_rows_and_the_tray_leads_to_it(brook, client_of, step):
    kind = step(
        lambda _job, start, stop: [Outcome(f"Row {n}", "needs_you", "Ambiguous") for n in range(start, stop)]
    )
    started(brook, kind)
    browser = client_of("alice")
    page = job_of(brook).get_absolute_url()
    assert "Test work: 0 of 5" in browser.get(reverse("home", args=[brook.slug])).content.decode()
    waiting = browser.get(page).content.decode()
    assert "every 2s" in waiting
    run_jobs(brook.pk)
    shown = browser.get(page, {"outcome": "needs_you"}).content.decode()
    assert shown.count("Ambiguous") == 5
    assert "every 2s" not in shown
    assert 'live=1"' in waiting
    ended = browser.get(page, {"live": "1"}, headers={"HX-Request": "true"})
    assert ended.headers["HX-Refresh"] == "true"
    assert "Test work" in browser.get(reverse("practices:job-list", args=[brook.slug])).content.decode()


def test_the_progress_counts_under_the_words_of_the_rows(brook, client_of, step):
    """Ten that were left out are not done, and do not read as done beside their tab."""
    kinds = ["done"] * 2 + ["skipped"] * 10 + ["needs_you", "failed"]
    kind = step(lambda _job, start, stop: [Outcome(f"Row {n}", kinds[n]) for n in range(start, stop)])
    started(brook, kind, total=len(kinds))
    run_jobs(brook.pk)
    page = client_of("alice").get(job_of(brook).get_absolute_url()).content.decode()
    progress = page.partition('class="progress"')[2].partition("</div>\n")[2].partition("</ul>")[0]
    said = re.findall(r"<li>(?:<a[^>]*>)?([^<]+)", progress)
    assert said == ["2 done", "1 needs you", "1 failed", "10 left out"]
    assert f'max="{len(kinds)}"' in page


def test_cancelling_takes_the_right_the_job_names(brook, client_of, step):
    with practice_scope(brook.pk):
        start_job(step(note), "Owners' work", total=5, right=Can.MANAGE_CONNECTION)
    cancel = reverse("practices:job-cancel", args=[brook.slug, job_of(brook).pk])
    assert client_of("bob").post(cancel).status_code == 403
    assert job_of(brook).is_live
    assert client_of("alice").post(cancel).status_code == 303
    assert job_of(brook).status == "cancelled"
