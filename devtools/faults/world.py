"""The world of one random history: two practices, their Sage, the clock; and how it is brought to rest again."""

import random
import time
from datetime import UTC, datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
from django.db.models import F, Min
from django.db.models.functions import Coalesce
from django.utils import timezone
from redis import Redis
from time_machine import Traveller

from devtools.faults.houses import House, open_house, sign_in_again
from devtools.faults.invariants import Violation, violations
from devtools.faults.victim import JOBS
from invoicing.errors import AlreadyRunning
from ledger.models import Posting
from ledger.outbox import retry_posting
from practices.tenancy import practice_scope
from sage_integration.connections import current_connection
from sage_integration.models import SageConnection
from sage_integration.sage.errors import SageError
from sage_integration.sessions import forget_everything
from sage_sandbox.handle import SandboxHandle

log = structlog.get_logger(__name__)

#: A weekday morning in the middle of a month.
MORNING = datetime(2027, 3, 10, 9, 0, tzinfo=UTC)
#: What only a person can settle, however often it is tried again.
FOR_A_PERSON = {"VoidedInSage", "TotalsDiffer", "NotIssued"}
#: So is this one where an accountant gave the invoice another customer before we heard that it had arrived.
ANOTHER_CUSTOMER = "ContactDiffers"
#: Turns after which a queue that is not empty counts as stuck.
PATIENCE = 60


class World:
    """Two practices that work on, whatever happens to them."""

    def __init__(self, handle: SandboxHandle, clock: Traveller, name: str) -> None:
        self.handle, self.clock = handle, clock
        self.faults = self.kills = 0
        self.mistakes: list[str] = []
        #: References of the invoices that were given another customer in Sage.
        self.switched: set[str] = set()
        clock.move_to(MORNING)
        handle.reset()
        handle.switch("rate_limit_per_minute", 0)
        self.empty_valkey()
        businesses = [handle.business_id(), handle.add_business("Mill Lane Ltd")]
        self.houses = [
            open_house(f"{name} {number}", business, handle) for number, business in enumerate(businesses)
        ]

    def house(self, draw: random.Random) -> House:
        """One of the practices, the first one mostly: much has to happen to the same rows."""
        return self.houses[0 if draw.random() < 0.8 else 1]

    def document(self, draw: random.Random) -> dict[str, Any] | None:
        """One of the invoices in Sage, if there are any."""
        found = self.handle.sales_invoices()
        return draw.choice(found) if found else None

    def move(self, seconds: float) -> None:
        """Let time pass for everybody; Valkey's clock cannot be moved, so what would have run out is taken away."""
        self.clock.shift(seconds)
        if seconds >= 60:
            self.empty_valkey()

    def empty_valkey(self) -> None:
        """Valkey and the workers are restarted: nothing is left of the messages and counters."""
        with Redis.from_url(settings.REDIS_URL) as valkey:
            valkey.flushdb()
        forget_everything()

    def work(self, job: str, practice_id: int) -> bool:
        """A worker does a job in this process, unless another one is at it; what it could not foresee is noted."""
        try:
            JOBS[job](practice_id)
        except AlreadyRunning:
            return False
        except SageError:
            return True  # Told to whom it concerns by the row it is kept on.
        except Exception as mistake:  # noqa: BLE001 - a worker outlives everything, and nothing is forgotten
            self.mistakes.append(f"{job}: {type(mistake).__name__}: {str(mistake)[:300]}")
            connection.close()
        return True

    def come_to_rest(self) -> list[Violation]:
        """Let the faults end, the workers work and the people do what is asked of them; then what is broken."""
        self.handle.disarm()
        for house in self.houses:
            self._drain(house)
        self.move(600)
        for house in self.houses:
            for job in ("night", "poll", "night", "poll"):
                self.work(job, house.pk)
                self.move(61)
                with practice_scope(house.pk):
                    self._reconnect(house)
        found = violations(
            self.handle,
            practices=[house.pk for house in self.houses],
            polled=True,
            billed_until=timezone.localdate(),
        )
        found += [Violation("I8", f"A worker stumbled. {mistake}") for mistake in self.mistakes]
        for house in self.houses:
            with practice_scope(house.pk):
                found += [
                    Violation("I8", f"{posting.reference} still needs somebody: {posting.failure_detail}")
                    for posting in self._failed()
                ]
        return found

    def _drain(self, house: House) -> None:
        # The server may need a moment to notice that a killed run is gone, and its lock with it.
        for _ in range(PATIENCE):
            if self.work("bill", house.pk):
                break
            time.sleep(0.1)
        for _ in range(PATIENCE):
            self.work("push", house.pk)
            with practice_scope(house.pk):
                self._reconnect(house)
                for posting in self._failed():
                    retry_posting(posting)
                soonest = self._soonest()
            if soonest is None:
                return
            self.move(max(61.0, (soonest - timezone.now()).total_seconds() + 1))

    def _failed(self) -> list[Posting]:
        """What was refused and should go through once it is tried again."""
        refused = Posting.objects.filter(status=Posting.Status.FAILED).exclude(failure__in=FOR_A_PERSON)
        return list(refused.exclude(failure=ANOTHER_CUSTOMER, reference__in=self.switched))

    def _reconnect(self, house: House) -> None:
        connection = current_connection()
        if connection and connection.status == SageConnection.Status.NEEDS_REAUTHORISATION:
            sign_in_again(house, self.handle)

    def _soonest(self) -> datetime | None:
        waiting = Posting.objects.filter(status__in=[Posting.Status.PENDING, Posting.Status.LEASED])
        found: datetime | None = waiting.aggregate(
            soonest=Min(Coalesce(F("lease_expires_at"), F("not_before")))
        )["soonest"]
        return found
