"""How the connection is doing right now: queue, last and next sync, the day's budget of requests."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone
from redis.exceptions import RedisError

from ledger.outbox import ledger_settings
from ledger.queries import columns_of_counters
from practices.remembered import acting_practice
from practices.scalars import figures
from sage_integration.attention import columns_of_inbox
from sage_integration.health import troubles
from sage_integration.models import SageConnection, SyncRun
from sage_integration.readiness import unmapped_rates
from sage_integration.sessions import limiter

#: From this share of the day's budget on, a person is told.
NEARLY = 0.75


@dataclass(frozen=True)
class Budget:
    """Requests used today of those allowed; the day is Sage's, which begins at midnight UTC."""

    used: int
    allowed: int
    #: Automatic work stops here, because the rest is kept for what a person waits for.
    kept_from: int
    resumes_at: datetime

    @property
    def is_nearly_used(self) -> bool:
        """Whether automatic work will, or does, have to wait for the next day."""
        return self.used >= self.kept_from * NEARLY

    @property
    def is_held_back(self) -> bool:
        """Whether automatic work waits already."""
        return self.used >= self.kept_from


@dataclass(frozen=True)
class Standing:
    """What the tile shows of a working connection."""

    waiting: int
    #: As the menu counts them.
    need_you: int
    held: int
    last_sync: SyncRun | None
    #: When the company itself was looked at last: at the latest when it was chosen.
    looked_at: datetime | None
    next_sync: datetime
    #: None while the budget cannot be read.
    budget: Budget | None
    paused_at: datetime | None
    look_at: int
    #: The practice's VAT rates that no rate of Sage stands for.
    unmapped: int

    @property
    def in_words(self) -> str:
        """The health of the connection in a sentence."""
        if self.paused_at:
            return "Paused: nothing is copied until somebody resumes it."
        if self.unmapped:
            rates = "a VAT rate" if self.unmapped == 1 else f"{self.unmapped} VAT rates"
            return f"Working, but invoices with {rates} without a match in Sage wait here."
        if self.look_at:
            things = "1 thing" if self.look_at == 1 else f"{self.look_at} things"
            return f"Working; the health check found {things} to look at."
        return "Working."


def standing_of(connection: SageConnection) -> Standing:
    """The standing of a connection that has a company."""
    known = figures(**columns_of_counters(), **columns_of_inbox(acting_practice().today()))
    return Standing(
        waiting=known["waiting"],
        need_you=known["need_you"],
        held=known["held"],
        last_sync=SyncRun.objects.exclude(finished_at=None).order_by("-finished_at").first(),
        looked_at=connection.health_read_at,
        next_sync=_next_sync(),
        budget=budget_of(connection),
        paused_at=ledger_settings().paused_at,
        look_at=len(troubles(connection)),
        unmapped=len(unmapped_rates()) if connection.is_enabled else 0,
    )


def budget_of(connection: SageConnection) -> Budget | None:
    """The day's budget of the connected company; None while it cannot be read."""
    try:
        used = limiter().used_today(connection.business_id)
    except RedisError:
        return None
    allowed = settings.SAGE_REQUESTS_PER_DAY
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Budget(used, allowed, limiter().for_background(allowed), midnight)


def _next_sync() -> datetime:
    _, seconds = settings.CELERY_BEAT_SCHEDULE["nightly sync"]["schedule"].is_due(timezone.now())
    return timezone.now() + timedelta(seconds=seconds)
