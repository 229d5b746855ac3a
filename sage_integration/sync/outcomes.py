"""What becomes of a posting after a try: decided here alone, from the error's own `retry`."""

import random
from contextlib import suppress
from datetime import timedelta

import structlog
from redis.exceptions import RedisError

from ledger import outbox
from ledger.models import Posting
from practices.tenancy import practice_transaction
from sage_integration.explanations import UNEXPECTED, failure_of, remedy_of, sentence_of, unexpected_sentence
from sage_integration.sage.errors import (
    AppRefused,
    OutcomeUnknown,
    ReauthorisationRequired,
    RefreshOutcomeUnknown,
    Retry,
    SageError,
    SageRateLimited,
    SageUnavailable,
    SubscriptionInactive,
    UnexpectedAnswer,
)
from sage_integration.sessions import limiter, shortest_rest
from sage_integration.sync.errors import NotSeenYet

log = structlog.get_logger(__name__)

#: A late answer gets this long to settle before anybody looks.
SETTLING = timedelta(minutes=2)
#: Between the two looks that must both find nothing before a document is sent again.
BETWEEN_LOOKS = timedelta(seconds=60)
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 900.0
#: An unexpected exception parks its posting at this try.
PARKED_AT = 3
#: A shorter wait for our own budget is not worth a word to anybody.
WORTH_A_WORD = 120.0
#: These concern every posting of the business, so the rest of a batch need not find out one by one.
BUSINESS_WIDE = (
    SageUnavailable,
    SageRateLimited,
    ReauthorisationRequired,
    RefreshOutcomeUnknown,
    AppRefused,
    SubscriptionInactive,
)


#: What a business says while it, or the way to it, is in trouble.
SIGNS_OF_TROUBLE = (SageRateLimited, SageUnavailable, OutcomeUnknown, UnexpectedAnswer)
#: So many failures in a row open its circuit, and seconds between two probes from then on.
STRIKES_TO_OPEN, BETWEEN_PROBES = 3, 300.0


def pause_after(attempts: int, jitter: float) -> float:
    """Seconds until the next try: from one minute, doubling up to a quarter of an hour; jitter is 0 to 1."""
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(max(attempts, 1) - 1, 10))
    return float(min(LONGEST_PAUSE, pause * (1 + jitter / 4)))


def looked_already(posting: Posting) -> bool:
    """Whether the first of the two looks was taken since the last try to send, and found nothing."""
    if posting.failure != NotSeenYet.__name__ or posting.attempted_at is None:
        return False
    return posting.not_before > posting.attempted_at


def settle(posting: Posting, error: SageError) -> None:
    """Postpone the posting or fail it, in a transaction of its own, as the error's `retry` says."""
    failure, detail = failure_of(error), sentence_of(error)
    with practice_transaction():
        if is_our_own_budget(error):
            _wait_for_budget([posting], error)
        elif error.retry is Retry.NEVER:
            mark = outbox.mark_refused if error.nothing_landed else outbox.mark_failed
            mark(posting, failure=failure, detail=detail, remedy=remedy_of(failure))
        else:
            outbox.postpone(posting, seconds=_pause(posting, error), failure=failure, detail=detail)
    log.info(
        "posting not through",
        posting_id=posting.pk,
        kind=posting.kind,
        failure=failure,
        status=error.status,
        request_id=error.request_id,
        attempts=posting.attempts,
    )


def settle_untried(postings: list[Posting], error: SageError) -> None:
    """Give back what was leased with a posting that met a business-wide error: none of them was tried."""
    if not postings:
        return
    with practice_transaction():
        if not isinstance(error, BUSINESS_WIDE):
            # The business is in trouble, and these had no part in it: they keep their place.
            outbox.put_back(postings, seconds=None)
        elif is_our_own_budget(error):
            _wait_for_budget(postings, error)
        else:
            seconds, failure = _pause(postings[0], error), failure_of(error)
            outbox.put_back(postings, seconds=seconds, failure=failure, detail=sentence_of(error))


def leave_for_next_turn(postings: list[Posting]) -> None:
    """Give back what was leased and is not begun in this turn: it keeps its place."""
    with practice_transaction():
        outbox.put_back(postings, seconds=None)


def is_parked(posting: Posting) -> bool:
    """Whether a leased posting has been lost with so many workers in a row that it waits for a person from now on.

    In the caller's transaction.
    """
    if posting.times_lost < PARKED_AT:
        return False
    outbox.mark_failed(posting, failure=UNEXPECTED, detail=unexpected_sentence())
    log.error("a posting was lost with its worker again and again", posting_id=posting.pk)
    return True


def settle_unexpected(posting: Posting) -> None:
    """Try again later, or park the posting if this is not the first mistake in a row of tries."""
    with practice_transaction():
        if posting.attempts >= PARKED_AT:
            outbox.mark_failed(posting, failure=UNEXPECTED, detail=unexpected_sentence())
        else:
            pause = pause_after(posting.attempts, _jitter())
            outbox.postpone(posting, seconds=pause, failure=UNEXPECTED, detail=unexpected_sentence())


def pause_business(error: SageError, business_id: str) -> bool:
    """Ask a business in trouble nothing for a while; whether that is for longer, because it failed again and again.

    After 429 for as long as Sage says, else from one minute on, doubling. After several failures in a row, of
    whatever kind, for five minutes at least, so that a storm sees one probe in five minutes at most; each business
    has its own circuit.
    """
    if is_our_own_budget(error) or not isinstance(error, SIGNS_OF_TROUBLE):
        return False
    try:
        strikes = limiter().strike(business_id)
        is_open = strikes >= STRIKES_TO_OPEN
        pause = BETWEEN_PROBES if is_open else 0.0
        if isinstance(error, SageRateLimited):
            own = pause_after(strikes, _jitter())
            asked = error.retry_after or own
            pause = max(pause, asked, own) if is_open else asked
        limiter().pause(business_id, pause)
    except RedisError:
        # Nothing can be counted: without its budget no request leaves either.
        return False
    return is_open


def business_answers(business_id: str) -> None:
    """Something reached Sage: failures before it were none in a row."""
    with suppress(RedisError):
        limiter().calm(business_id)


def is_our_own_budget(error: SageError) -> bool:
    """Whether we held the request back ourselves: nothing left, so it is no failure."""
    return isinstance(error, SageRateLimited) and error.status is None


def rest(seconds: float | None) -> float | None:
    """Seconds until the business' next turn, where its wait is near enough to be kept to the moment."""
    if not seconds or seconds >= WORTH_A_WORD:
        return None
    return seconds + shortest_rest()


def _wait_for_budget(postings: list[Posting], error: SageError) -> None:
    """Due at once where the wait is short, as the budget itself holds the business back until then."""
    seconds = error.retry_after or FIRST_PAUSE
    if seconds < WORTH_A_WORD:
        outbox.put_back(postings, seconds=None)
    else:
        failure, detail = failure_of(error), sentence_of(error)
        # What went wrong with a posting itself says more than that its business rests because of it.
        outbox.put_back([each for each in postings if each.failure], seconds=seconds)
        unexplained = [each for each in postings if not each.failure]
        outbox.put_back(unexplained, seconds=seconds, failure=failure, detail=detail)


def _pause(posting: Posting, error: SageError) -> float:
    if error.retry is Retry.AFTER_LOOKUP:
        return SETTLING.total_seconds()
    if isinstance(error, NotSeenYet):
        return BETWEEN_LOOKS.total_seconds()
    if error.retry_after is not None:
        return max(1.0, error.retry_after)
    return pause_after(posting.attempts, _jitter())


def _jitter() -> float:
    return random.random()  # noqa: S311  # spreads retries, guards nothing
