"""Any number of beats: one starts the sweeps, the others wait, and a dead one is replaced."""

from datetime import timedelta

import pytest
from celery.schedules import schedule
from django.conf import settings
from redis import Redis

from ignition import beat
from ignition.celery import app


class Counting(beat.SingleBeat):
    """A beat that counts what it would start."""

    def setup_schedule(self) -> None:
        self.started = 0
        super().setup_schedule()

    def apply_entry(self, entry, producer=None) -> None:
        self.started += 1


@pytest.fixture
def beats(db, tmp_path):
    """Two beats with one entry that is always due."""
    made = []
    for number in range(2):
        each = Counting(app=app, schedule_filename=str(tmp_path / str(number)), lazy=True)
        each.setup_schedule()
        for name in list(each.schedule):
            del each.schedule[name]
        each.add(name="always", schedule=schedule(timedelta(0)), task="practices.tasks.sweep_jobs")
        made.append(each)
    yield made
    for each in made:
        each.close()


def test_a_second_beat_starts_nothing(beats):
    first, second = beats
    for _ in range(3):
        first.tick()
        assert second.tick() == beat.WAIT_SECONDS
    assert first.started >= 1
    assert second.started == 0


def test_fault_31_the_turn_of_a_beat_that_died_goes_to_the_other(beats):
    first, second = beats
    first.tick()
    with Redis.from_url(settings.CELERY_BROKER_URL) as valkey:
        assert 0 < valkey.ttl(beat.KEY) <= beat.TURN_SECONDS
        valkey.delete(beat.KEY)  # what the end of its time does
    second.tick()
    assert second.started == 1
    assert first.tick() == beat.WAIT_SECONDS


def test_a_beat_that_ends_in_order_hands_its_turn_on(beats):
    first, second = beats
    first.tick()
    first.close()
    second.tick()
    assert second.started == 1


def test_without_valkey_no_sweep_is_started_and_nothing_breaks(db):
    assert beat.Turn("redis://127.0.0.1:1/0").is_ours() is False
