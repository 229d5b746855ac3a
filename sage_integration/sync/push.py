"""Posting to Sage exactly once: transaction, network, transaction.

Lease, map, look up if an earlier try may have landed, resolve the contact, record the intent, send once with
the posting's own idempotency id, record what came back. Nothing here sleeps; what has to wait is postponed.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from django.db import Error as DatabaseError

from ledger import leases
from ledger.errors import LeaseLost
from ledger.models import Posting
from practices import figures
from practices.tenancy import practice_transaction
from sage_integration import crash_points, exchanges
from sage_integration.connections import current_connection
from sage_integration.models import SageConnection
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import SageError, SageRateLimited
from sage_integration.sessions import all_went_well, open_sage, room_for, shortest_rest
from sage_integration.sync import outcomes
from sage_integration.sync.dispatch import Dispatch

log = structlog.get_logger(__name__)

#: Postings of one practice in one turn; the rest goes behind everybody else's.
TURN = 50
#: Seconds after which a turn begins no further document: where Sage answers slowly, fewer make a turn, so that a thread
#: is soon there for somebody else.
LASTS_FOR = 5.0


@dataclass(frozen=True)
class Turn:
    """What came of one practice's turn."""

    taken: int = 0
    #: Seconds until the next turn is worth it; None when nothing that we know of is left to do.
    next_in: float | None = None


def take_turn(limit: int = TURN) -> Turn:
    """Push due postings of the acting practice, at most so many, and for some seconds only.

    Exceptions that nothing foresaw come out together at the end, after the other postings had their turn.
    """
    with practice_transaction():
        connection = current_connection()
    if connection is None or not connection.is_enabled:
        return Turn()
    # A business whose budget is used up is left alone: nothing is leased only to be put back.
    room = room_for(connection)
    if wait := outcomes.rest(room.wait):
        return Turn(next_in=wait)
    most = min(limit, room.requests or limit)
    taken, mistakes, until = 0, list[Exception](), time.monotonic() + LASTS_FOR
    next_in: float | None = None
    try:
        with open_sage(connection) as sage:
            while taken < most and (batch := _lease(most - taken, connection)):
                taken += len(batch)
                mistakes += _push_batch(batch, connection, sage, until)
                if time.monotonic() > until:
                    next_in = 0.0
                    break
    except SageError as error:
        next_in = outcomes.rest(error.retry_after) if isinstance(error, SageRateLimited) else None
        if not outcomes.is_our_own_budget(error):
            log.warning("pushing stopped", failure=type(error).__name__, status=error.status)
    else:
        if taken == most and next_in is None:
            next_in = 0.0 if most == limit else _when_there_is_room(connection)
    if mistakes:
        raise ExceptionGroup("Postings that could not be handled", mistakes)
    return Turn(taken, next_in)


def _when_there_is_room(connection: SageConnection) -> float | None:
    """Seconds until the next turn after one that took all there was room for."""
    return outcomes.rest(room_for(connection).wait) or shortest_rest()


def _lease(limit: int, connection: SageConnection) -> list[Posting]:
    """Due postings, contacts first: an invoice may wait for one of them.

    Announced with the lease where what was sent last went through, as the whole batch would be in a moment anyway.
    """
    with practice_transaction():
        due = leases.lease_due_postings(limit, announced=all_went_well(connection.business_id))
        batch = [posting for posting in due if not outcomes.is_parked(posting)]
    crash_points.reach("leased")
    return sorted(batch, key=lambda posting: (posting.kind != Posting.Kind.CONTACT_UPSERT, posting.id))


def _push_batch(
    batch: list[Posting], connection: SageConnection, sage: SageClient, until: float
) -> list[Exception]:
    """Push one after the other, until that moment; raises a `SageError` that concerns the whole business.

    Returns mistakes.
    """
    mistakes: list[Exception] = []
    is_calm = False
    with (
        structlog.contextvars.bound_contextvars(posting_id=None),
        Dispatch(batch, connection, sage) as dispatch,
        _counted() as came_of_it,
    ):
        for position, posting in enumerate(batch):
            if position and time.monotonic() > until:
                dispatch.take_back()
                outcomes.leave_for_next_turn(batch[position:])
                break
            # Until the next one: binding and unbinding each costs several times as much.
            structlog.contextvars.bind_contextvars(posting_id=posting.id)
            with exchanges.about(posting.id):
                try:
                    went_through = _push_and_settle(posting, dispatch, connection, came_of_it)
                    if went_through and not is_calm:
                        outcomes.business_answers(connection.business_id)
                    is_calm = went_through
                except SageError as error:
                    outcomes.settle_untried(batch[position + 1 :], error)
                    raise
                except LeaseLost:
                    log.info("another worker took this posting over")
                except DatabaseError:
                    raise  # Nothing can be recorded now; the lease runs out and the posting is due again.
                except Exception as mistake:
                    log.exception("a mistake of ours")
                    mistakes.append(mistake)
    return mistakes


@contextmanager
def _counted() -> Iterator[Counter[str]]:
    """What came of each posting, in one word; told to the operator's figures at the end."""
    outcome = Counter[str]()
    try:
        yield outcome
    finally:
        figures.add("postings", outcome)


def _push_and_settle(
    posting: Posting, dispatch: Dispatch, connection: SageConnection, came_of_it: Counter[str]
) -> bool:
    """Push one posting and record what became of it: whether it went through.

    Raises what concerns more than this posting.
    """
    try:
        dispatch.push(posting)
    except SageError as error:
        came_of_it[type(error).__name__] += 1
        keeps_failing = outcomes.pause_business(error, connection.business_id)
        outcomes.settle(posting, error)
        if keeps_failing or isinstance(error, outcomes.BUSINESS_WIDE):
            raise
        return False
    except (LeaseLost, DatabaseError):
        raise
    except Exception:
        came_of_it["mistake"] += 1
        outcomes.settle_unexpected(posting)
        raise
    came_of_it["posted"] += 1
    return True
