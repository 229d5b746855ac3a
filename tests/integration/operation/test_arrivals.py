"""A practice arrives by a file that an operator brings: checked, looked at, taken in by a worker, or given up."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from clients.models import Client
from devtools.faults.interference import Moment
from devtools.faults.victim import KILLED, run_victim
from ignition import tasks
from ignition.models import ArrivalPart, PracticeArrival
from ignition.moving_in import uploads
from ignition.moving_in.uploads import MOST_TRIES, rows_written, take_in_what_waits
from ignition.retention import keep_to_retention
from invoicing.tasks import check_practice_tallies
from practices import audit
from practices.models import AuditEntry, Membership, Practice, User
from practices.tasks import practices_from
from practices.tenancy import acting_for, practice_scope
from tests import locks
from tests.factories import PASSWORD, TODAY
from tests.integration.operation.moving import exported
from tests.integration.proposals import offers


@pytest.fixture
def operator(cast, client, settings):
    settings.OPERATORS_NEED_SECOND_FACTOR = False
    client.force_login(User.objects.create_superuser("olive@service.example", PASSWORD, name="Olive"))
    return client


@pytest.fixture
def file(brook, tmp_path):
    with practice_scope(brook.pk):
        offers.a_client("Ann", name="Moving Ltd")
    return exported(brook, tmp_path / "export.zip")


@pytest.fixture
def arriving(operator, file):
    """The id of a practice whose file was brought and found whole."""
    with file.open("rb") as upload:
        answer = operator.post(reverse("operator-arrival-new"), {"file": upload})
    assert answer.status_code == 302
    return Practice.objects.latest("pk").pk


def page(operator, pk):
    return operator.get(reverse("operator-arrival", args=[pk])).content.decode()


def test_p24_a_file_is_checked_first_and_shows_what_would_arrive(operator, arriving, brook, cedar):
    shown = page(operator, arriving)
    for word in ("Checked, nothing is written yet", "clients.client", "alice@brook.example", "known here"):
        assert word in shown
    assert not Membership.objects.filter(practice=arriving).exists()
    with practice_scope(arriving):
        assert not Client.objects.exists()
    for other in (brook, cedar):
        with practice_scope(other.pk):
            assert not PracticeArrival.objects.exists()
            assert not ArrivalPart.objects.exists()
        assert operator.get(reverse("operator-arrival", args=[other.pk])).status_code == 404


def test_p24_a_worker_takes_it_in_once_and_says_how_far_it_is(operator, arriving, brook):
    assert operator.post(reverse("operator-arrival-take-in", args=[arriving])).status_code == 303
    assert "Waits for a worker" in page(operator, arriving)
    for _ in range(2):
        with acting_for(arriving):
            take_in_what_waits()
    with practice_scope(arriving):
        assert Client.objects.get().name == "Moving Ltd"
        arrival = PracticeArrival.objects.get()
        assert not arrival.parts.exists()
        assert rows_written() == arrival.rows
    here = Practice.objects.get(pk=arriving)
    assert (here.name, here.slug) == (brook.name, "brook-co-2")
    assert f"/p/{here.slug}/" in page(operator, arriving)
    assert set(Membership.objects.filter(practice=here).values_list("user__email", flat=True)) == {
        "alice@brook.example",
        "bob@brook.example",
    }
    operator.post(reverse("operator-arrival-give-up", args=[arriving]))
    assert Practice.objects.filter(pk=arriving).exists()


def test_what_fails_half_way_leaves_nothing_and_may_be_tried_again(operator, arriving, monkeypatch):
    operator.post(reverse("operator-arrival-take-in", args=[arriving]))
    with monkeypatch.context() as broken:
        broken.setattr("ignition.moving_in.taking_in._invite", lambda _: 1 / 0)
        with acting_for(arriving), pytest.raises(ZeroDivisionError):
            take_in_what_waits()
    assert not locks.is_held(uploads.TAKING_IN), "the lock was let go"
    with practice_scope(arriving):
        assert not Client.objects.exists()
    assert "Try again" in page(operator, arriving)
    operator.post(reverse("operator-arrival-take-in", args=[arriving]))
    with acting_for(arriving):
        take_in_what_waits()
    with practice_scope(arriving):
        assert Client.objects.count() == 1


def test_an_arrival_that_its_workers_die_of_stops_and_says_so_to_the_operator(operator, arriving):
    operator.post(reverse("operator-arrival-take-in", args=[arriving]))
    at_the_end = Moment("commit", nth=2)
    for number in range(1, MOST_TRIES + 1):
        assert practices_from("arrival_practices_due") == [arriving]
        assert run_victim("arrive", arriving, at_the_end) == KILLED
        shown = page(operator, arriving)
        assert ("the worker before was lost" in shown) == (number > 1)
    assert run_victim("arrive", arriving, None) == 0
    shown = page(operator, arriving)
    assert "3 workers in a row ended" in shown
    assert "Stopped, nothing was written" in shown
    assert practices_from("arrival_practices_due") == []
    with practice_scope(arriving):
        assert not Client.objects.exists()
    operator.post(reverse("operator-arrival-take-in", args=[arriving]))
    with acting_for(arriving):
        take_in_what_waits()
    with practice_scope(arriving):
        assert Client.objects.count() == 1


def test_a_file_that_is_given_up_leaves_nothing(operator, arriving):
    assert operator.post(reverse("operator-arrival-give-up", args=[arriving])).status_code == 303
    assert not Practice.objects.filter(pk=arriving).exists()
    with practice_scope(arriving):
        assert not ArrivalPart.objects.exists()


def test_a_sweep_finds_what_waits_where_its_message_was_lost(operator, arriving, monkeypatch):
    """A message is only a hint."""
    assert practices_from("arrival_practices_due") == []
    operator.post(reverse("operator-arrival-take-in", args=[arriving]))
    woken = []
    monkeypatch.setattr(tasks, "wake", lambda task, practice_id: woken.append((task.name, practice_id)))
    tasks.sweep_arrivals()
    assert woken == [("ignition.tasks.take_in_arrival", arriving)]
    scheduled = {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()}
    assert tasks.sweep_arrivals.name in scheduled
    with acting_for(arriving):
        take_in_what_waits()
    assert practices_from("arrival_practices_due") == []


def in_another_worker(arriving: int) -> None:
    def take_in() -> None:
        with acting_for(arriving):
            take_in_what_waits()
        connection.close()

    ThreadPoolExecutor(1).submit(take_in).result(timeout=5)


def test_a_worker_counts_no_try_once_another_one_has_begun(operator, arriving, monkeypatch):
    """Not even between the counting and the work, when nothing is locked by a transaction."""
    operator.post(reverse("operator-arrival-take-in", args=[arriving]))
    take_in = uploads._take_in_or_stop

    def take_in_overtaken() -> None:
        in_another_worker(arriving)
        take_in()

    monkeypatch.setattr(uploads, "_take_in_or_stop", take_in_overtaken)
    with acting_for(arriving):
        take_in_what_waits()
    with practice_scope(arriving):
        arrival = PracticeArrival.objects.get()
    assert (arrival.status, arrival.tries) == ("done", 1)


def test_a_worker_that_comes_while_another_one_takes_it_in_does_not_wait_for_it(
    operator, arriving, monkeypatch
):
    operator.post(reverse("operator-arrival-take-in", args=[arriving]))
    arrive = uploads.arrive

    def arrive_slowly(*given, **named):
        in_another_worker(arriving)
        arrive(*given, **named)

    monkeypatch.setattr(uploads, "arrive", arrive_slowly)
    with acting_for(arriving):
        take_in_what_waits()
    with practice_scope(arriving):
        assert PracticeArrival.objects.get().status == "done"


def test_what_nobody_takes_in_is_given_up_once_work_is_kept_no_longer(arriving):
    """Nor does what every practice is checked for at night keep it here."""
    now = timezone.now()
    check_practice_tallies(arriving)
    with practice_scope(arriving):
        keep_to_retention(on=TODAY, now=now + timedelta(days=89))
        assert ArrivalPart.objects.exists()
        assert keep_to_retention(on=TODAY, now=now + timedelta(days=91)) == {"arrivals": 1}
        assert not ArrivalPart.objects.exists()
    assert not Practice.objects.filter(pk=arriving).exists()


def test_nobody_enters_a_practice_before_it_is_here(operator, arriving):
    address = reverse("operator-enter", args=[arriving])
    refused = operator.post(address, {"reason": "Ticket 4711: it does not arrive"})
    assert refused.status_code == 422
    assert "still to be taken in" in refused.content.decode()
    with practice_scope(arriving):
        assert not AuditEntry.objects.exists()
    operator.post(reverse("operator-arrival-take-in", args=[arriving]))
    with acting_for(arriving):
        take_in_what_waits()
    assert operator.post(address, {"reason": "Ticket 4711: it does not arrive"}).status_code == 303


def test_a_practice_with_a_trail_is_given_up_all_the_same_and_stays_empty(operator, arriving):
    with practice_scope(arriving):
        audit.record("operator.entered", Practice.objects.get(pk=arriving), reason="A look")
    answer = operator.post(reverse("operator-arrival-give-up", args=[arriving]), follow=True)
    assert "The empty practice stays" in answer.content.decode()
    assert Practice.objects.get(pk=arriving).name.endswith(" (given up)")
    with practice_scope(arriving):
        assert not PracticeArrival.objects.exists()
        assert not ArrivalPart.objects.exists()


def test_a_file_that_is_no_export_or_too_large_is_refused_in_words(operator, file, settings, tmp_path):
    practices = Practice.objects.count()
    words = tmp_path / "words.zip"
    words.write_text("no archive")
    with words.open("rb") as upload:
        refused = operator.post(reverse("operator-arrival-new"), {"file": upload})
    assert refused.status_code == 422
    assert "not a full export of a practice" in refused.content.decode()
    settings.UPLOAD_MAX_BYTES = 1000
    with file.open("rb") as upload:
        refused = operator.post(reverse("operator-arrival-new"), {"file": upload})
    assert "import_practice" in refused.content.decode()
    assert Practice.objects.count() == practices


def test_arrivals_are_for_operators_alone(cast, client_of, operator, arriving):
    alice = client_of("alice")
    for name in ("operator-arrival", "operator-arrival-take-in", "operator-arrival-give-up"):
        method = alice.get if name == "operator-arrival" else alice.post
        assert method(reverse(name, args=[arriving])).status_code == 404, name
