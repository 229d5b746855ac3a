"""Practices that an operator brings here by a file: kept and checked first, then taken in by a worker, or given up.

From its upload on an arrival belongs to a practice of its own that has nobody and nothing else in it, so that its rows
and its file are behind the same wall as everybody's (docs/decisions/0031-practices-that-arrive.md).
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO

import structlog
from django.core.cache import cache
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from redis.exceptions import RedisError

from ignition.models import ArrivalPart, PracticeArrival
from ignition.moving_in.archive import Archive, CannotTakeIn, opened_archive
from ignition.moving_in.taking_in import arrive, new_practice, next_practice_id, practice_values
from practices.change_marks import ChangeMark
from practices.errors import DomainError
from practices.models import Practice, User
from practices.tenancy import acting_practice_id, alone_at, practice_scope, practice_transaction

PART_BYTES = 1 << 20
#: How often a worker begins before an operator has to look: it may be the file that its workers die of.
MOST_TRIES = 3
#: The lock of whoever is at it, from counting the try to its end.
TAKING_IN = 0x0A221
ARRIVING, GIVEN_UP = " (arriving)", " (given up)"
Status = PracticeArrival.Status

log = structlog.get_logger(__name__)


class ArrivalIsOver(DomainError):
    message = "This practice is being taken in, or was. Nothing was changed; this page says how far it is."


class NotHereYet(DomainError):
    message = (
        "This practice is still to be taken in. Until then there is nothing in it to look at, and nobody enters it. "
        "Take it in first, or forget its file."
    )


class LosesItsWorkers(CannotTakeIn):
    message = (
        f"{MOST_TRIES} workers in a row ended while they took this practice in, and nothing was written. Most likely "
        "they ran out of memory or were stopped: look at the worker's machine and its log, then try again, or use "
        "`manage.py import_practice FILE` on a machine with more of it."
    )


class BrokeOff(CannotTakeIn):
    message = "This did not work, and nothing was written. The worker's log says why; it may be tried again."


def keep_upload(file: IO[bytes], name: str, *, by: User) -> PracticeArrival:
    """The uploaded export, read from end to end and kept; raises `CannotTakeIn`. Opens the new practice's scope."""
    with opened_archive(file) as archive, practice_scope(next_practice_id()):
        practice = new_practice(archive)
        Practice.objects.filter(pk=practice.pk).update(name=f"{practice.name[:80]}{ARRIVING}")
        return _kept(archive, file, name, by)


def _kept(archive: Archive, file: IO[bytes], name: str, by: User) -> PracticeArrival:
    members = [person for person in archive.people if person["role"] is not None]
    arrival: PracticeArrival = PracticeArrival.objects.create(
        file_name=name[:200],
        exported_at=archive.exported_at[:40],
        counts=[[table.label, len(table.ids)] for table in archive.tables if table.ids],
        people=[
            [person["email"], person["role"], User.objects.filter(email__iexact=person["email"]).exists()]
            for person in members
        ],
        uploaded_by=by,
    )
    file.seek(0)
    position = 0
    while piece := file.read(PART_BYTES):
        ArrivalPart.objects.create(arrival=arrival, position=position, content=piece)
        position += 1
    return arrival


def ask_for(arrival: PracticeArrival) -> None:
    """Let a worker take it in; raises `ArrivalIsOver`. Safe to repeat while one is at it."""
    if arrival.status == Status.WAITING:
        return
    arrival = _still_open(arrival)
    arrival.status, arrival.failure, arrival.tries = Status.WAITING, "", 0
    arrival.save(update_fields=["status", "failure", "tries"])


def require_arrived() -> None:
    """Raises `NotHereYet` while the acting practice is still to be taken in."""
    if PracticeArrival.objects.exclude(status=Status.DONE).exists():
        raise NotHereYet


def give_up(arrival: PracticeArrival) -> bool:
    """Forget the file, and the practice that was to be; whether that went too. Raises `ArrivalIsOver`.

    A practice with a trail, which nobody can delete, stays as an empty one.
    """
    _still_open(arrival).delete()
    practice = Practice.objects.get(pk=acting_practice_id())
    try:
        with transaction.atomic():
            ChangeMark.objects.all().delete()  # it has had those from its first moment
            practice.delete()
    except ProtectedError:
        practice.name = f"{practice.name.removesuffix(ARRIVING)}{GIVEN_UP}"
        practice.save(update_fields=["name"])
        return False
    return True


def give_up_forgotten(before: datetime) -> bool:
    """Give up the acting practice's arrival if it was brought before that and never taken in; whether it was."""
    states = (Status.CHECKED, Status.STOPPED)
    arrival = PracticeArrival.objects.filter(status__in=states, uploaded_at__lt=before).first()
    if arrival is None:
        return False
    give_up(arrival)
    log.info("an arrival nobody took in was given up", practice_id=acting_practice_id())
    return True


def _still_open(arrival: PracticeArrival) -> PracticeArrival:
    locked: PracticeArrival = PracticeArrival.objects.select_for_update().get(pk=arrival.pk)
    if not locked.is_open:
        raise ArrivalIsOver(arrival)
    return locked


def take_in_what_waits() -> None:
    """Take in the acting practice's arrival if it waits: all of it in one transaction, or nothing.

    A second worker leaves it to the first. One that is lost on the way is followed by others, a few times.
    """
    with alone_at(TAKING_IN) as is_alone:
        if is_alone and _begin_a_try():
            _take_in_or_stop()


def _take_in_or_stop() -> None:
    try:
        with practice_transaction():
            arrival = _to_take_in()
            if arrival is None:
                return
            with _file_of_arrival() as file, opened_archive(file) as archive:
                _take_in(archive, arrival)
    except CannotTakeIn as refusal:
        _stop(refusal)
    except Exception:
        _stop(BrokeOff())
        raise


def _begin_a_try() -> bool:
    """Count this try before anything is done: a worker that is lost counts nothing afterwards."""
    with practice_transaction():
        arrival = _to_take_in()
        if arrival is None:
            return False
        if arrival.tries >= MOST_TRIES:
            arrival.status, arrival.failure = Status.STOPPED, LosesItsWorkers.message
            log.error("an arrival loses its workers", practice_id=acting_practice_id(), tries=arrival.tries)
        else:
            arrival.tries += 1
        arrival.save(update_fields=["status", "failure", "tries"])
        return arrival.status == Status.WAITING


def _to_take_in() -> PracticeArrival | None:
    """The arrival that waits, locked."""
    waiting = PracticeArrival.objects.select_for_update().filter(status=Status.WAITING)
    arrival: PracticeArrival | None = waiting.first()
    return arrival


def _take_in(archive: Archive, arrival: PracticeArrival) -> None:
    practice = Practice.objects.select_for_update().get(pk=acting_practice_id())
    for name, value in practice_values(archive).items():
        if name != "slug":
            setattr(practice, name, value)
    practice.save()
    arrive(archive, practice, now=timezone.now(), tell=_tell)
    arrival.parts.all().delete()
    arrival.status, arrival.finished_at = Status.DONE, timezone.now()
    arrival.save(update_fields=["status", "finished_at"])


@contextmanager
def _file_of_arrival() -> Iterator[IO[bytes]]:
    """The kept file; an empty one where nothing is kept any more."""
    with tempfile.TemporaryFile() as file:
        for part in ArrivalPart.objects.order_by("position").iterator(chunk_size=1):
            file.write(part.content)
        file.seek(0)
        yield file


def _stop(refusal: CannotTakeIn) -> None:
    with practice_transaction():
        PracticeArrival.objects.filter(status=Status.WAITING).update(
            status=Status.STOPPED, failure=refusal.message
        )


def _tell(rows: int) -> None:
    """Say how far it is; nobody else can see into the transaction."""
    try:
        cache.set(_name(acting_practice_id()), rows, timeout=3600)
    except RedisError:
        log.warning("cache away, nobody sees how far the arrival is")


def rows_written() -> int:
    """How many rows a worker has written so far for the acting practice, where one is at it."""
    try:
        return int(cache.get(_name(acting_practice_id()), 0))
    except RedisError:
        return 0


def _name(practice_id: int) -> str:
    return f"arrival:{practice_id}"
