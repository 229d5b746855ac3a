"""Edits here and in Sage in any order: in the end both sides say and owe the same, or a difference is on screen.

One seed is one interleaving: two invoices, a few steps of an accountant, a bookkeeper and workers that may be lost,
then the workers finish. The pretend Sage is called in this process. Several interleavings are played side by side in
one practice: each has people of its own, who act on its invoices alone, and all share when the workers come, as the
invoices of a practice do. So a reading is paid for once and not for each of them.
"""

import multiprocessing
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import partial
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import time_machine
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from redis import Redis

from clients.models import Client
from devtools.faults.agreement import disagreement, earlier_disagreement
from devtools.faults.database_clock import move_along
from devtools.faults.houses import House, open_house, sign_in_again
from devtools.faults.in_process import near_sage
from devtools.faults.interference import Moment, at
from devtools.faults.people import Accountant, Bookkeeper, Copied, SageOffice
from devtools.faults.sage_books import money_on_documents
from devtools.faults.world import MORNING
from invoicing.models import Invoice, InvoiceLine
from invoicing.operations import copy_again, draft_invoice, issue_invoice
from invoicing.queries import ledger_facts, state_of
from ledger.models import Posting
from ledger.outbox import ledger_settings
from practices.prepared import keep_plans
from practices.tenancy import acting_for, practice_scope
from sage_integration.connections import current_connection
from sage_integration.mappings import load_rules
from sage_integration.models import SageConnection, SageLink
from sage_integration.sessions import forget_everything
from sage_integration.sync import pull, push
from sage_integration.sync.audit import audit_documents
from sage_integration.sync.comparison import FINISHES_WITHIN
from sage_integration.sync.wanted import is_anything_wanted
from sage_sandbox.handle import SandboxHandle
from services.models import Service

#: How many interleavings one practice serves: more would make its lists long, fewer would cost a new practice each.
SHARED_BY = 40
#: How many are played side by side; a practice serves one batch after the other.
AT_ONCE = 20
#: How many one process plays before it tells of them.
GROUP = 3 * SHARED_BY
#: So many broken ones are enough to look at.
ENOUGH = 5
#: Short histories hold most of what can go wrong, and many of them can be played.
LENGTHS = (3, 4, 5, 6, 8, 12)
#: Commits of a reading in which little had changed.
FEW_COMMITS = 12
#: What a reading may be lost at: the answer to one of these.
LOST_AT = ("/contact_payments", "/contact_allocations", "/sales_invoices", "/transactions")
#: Open points of Sage, each now and then the other way round (FACTS.md 11.3, 17.2, 17.12).
WORLDS: tuple[dict[str, object], ...] = (
    {},
    {},
    {"payment_bumps_invoice_updated_at": True},
    {"deleted_payment_lists_artefacts": True},
    {"void_feed": "deleted"},
    {"put_lines": "replace"},
    {"index_delay_seconds": 60},
)
#: Turns after which a queue that is not empty counts as stuck.
PATIENCE = 25


class Lost(BaseException):
    """A worker that is no more: nothing may catch it."""


@dataclass
class Played:
    """What came of some interleavings."""

    rounds: int = 0
    #: Seed and what differs without being said.
    broken: list[tuple[int, str]] = field(default_factory=list)
    #: States the invoices ended in: dice that never leave one standing would test nothing.
    met: Counter[str] = field(default_factory=Counter)


def run(rounds: int, first: int, workers: int, say: Callable[[str], None]) -> Played:
    """Play so many from a seed on, rounded up to whole practices, in processes of their own side by side."""
    start = first - first % SHARED_BY
    starts = range(start, start + rounds, GROUP)
    groups = [range(each, min(each + GROUP, start + rounds)) for each in starts]
    total = Played()
    connection.close()  # What is forked must not share it.
    forking = multiprocessing.get_context("fork")
    taken = forking.Value("i", 0)
    with ProcessPoolExecutor(workers, forking, initializer=_take_a_valkey, initargs=(taken,)) as pool:
        for played in pool.map(play, groups):
            total.rounds += played.rounds
            total.met.update(played.met)
            total.broken += played.broken
            say(f"{total.rounds} interleavings, {len(total.broken)} with a difference that nobody is told of")
            for seed, words in played.broken:
                say(f"    seed {seed}: {words}")
            if len(total.broken) >= ENOUGH:
                pool.shutdown(cancel_futures=True)
                break
    return total


def _take_a_valkey(taken: Any) -> None:
    """A database of Valkey for this process alone: who finds its budgets forgotten by another rests for a minute."""
    with taken.get_lock():
        taken.value += 1
        settings.REDIS_URL = urlunsplit(urlsplit(settings.REDIS_URL)._replace(path=f"/{taken.value}"))


def play(seeds: Iterable[int]) -> Played:
    """Play these interleavings, on the database of this process and a pretend Sage inside it.

    Seeds that share a practice come to the same end only together: start with a multiple of `SHARED_BY`.
    """
    played = Played()
    for batch, table in _at_tables(seeds):
        played.broken += table.play(batch)
        played.rounds += len(batch)
        played.met.update(table.ended)
        if len(played.broken) >= ENOUGH:
            break
    return played


def _at_tables(seeds: Iterable[int]) -> Iterator[tuple[list[int], "Table"]]:
    settings.SAGE_CLIENT_ID, settings.SAGE_CLIENT_SECRET = "ignition/faults", "not-a-secret"
    settings.SAGE_REQUESTS_PER_MINUTE = 1_000_000
    settings.SAGE_REQUESTS_PER_DAY = settings.SAGE_APP_REQUESTS_PER_DAY = 100_000_000
    move_along()
    keep_plans()
    with (
        near_sage(settings.SAGE_CLIENT_ID, settings.SAGE_CLIENT_SECRET) as handle,
        time_machine.travel(MORNING, tick=True) as clock,
    ):
        for name, value in handle.settings.items():
            setattr(settings, name, value)
        for number, group in groupby(seeds, lambda seed: seed // SHARED_BY):
            clock.move_to(MORNING)
            cache.clear()
            handle.reset()
            for switch, setting in WORLDS[number % len(WORLDS)].items():
                handle.switch(switch, setting)
            handle.switch("rate_limit_per_minute", 0)
            _forget_budgets()
            table = Table(handle, clock, open_house(f"House {number}", handle.business_id(), handle))
            for _, batch in groupby(group, lambda seed: seed // AT_ONCE):
                yield list(batch), table


@dataclass(frozen=True)
class Story:
    """One interleaving while it is played: its dice, its invoices, who acts on them and how many steps it takes."""

    seed: int
    dice: random.Random
    invoices: Sequence[Copied]
    people: tuple[Accountant, Bookkeeper]
    steps: int

    def act(self) -> None:
        """One change on either side."""
        self.dice.choice(self.people).act()


class Table:
    """A practice, its Sage and the clock, at which interleavings are played side by side."""

    def __init__(self, handle: SandboxHandle, clock: time_machine.Traveller, house: House) -> None:
        self.handle, self.clock, self.house = handle, clock, house
        self.ended: list[str] = []

    def play(self, seeds: Sequence[int]) -> list[tuple[int, str]]:
        """These interleavings; by seed, what differs in the end and is not said."""
        dice = random.Random(f"workers of {seeds[0]}")  # noqa: S311 - repeatable on purpose
        stories = self._stories(seeds)
        for step in range(max(story.steps for story in stories)):
            self.clock.shift(dice.choice([0, 1, 30, 400]))
            what = dice.random()
            if what < 0.2:
                self._read(dice, FEW_COMMITS * dice.choice([1, len(stories)]))
            elif what < 0.35:
                self._push()
            else:
                for story in stories:
                    if step < story.steps:
                        story.act()
        # The night would hide what the polls between two nights leave out, so they are judged by themselves first.
        self._come_to_rest()
        wrong = dict(self._judged_of_earlier(stories))
        self._come_to_rest(pull.reread_open_invoices)
        wrong |= dict(self._judged(stories, finishes_within=FINISHES_WITHIN))
        self._come_to_rest(audit_documents, pull.reread_open_invoices)
        at_last = dict(self._judged_of_earlier(stories)) | dict(self._judged(stories))
        return sorted({**at_last, **wrong}.items())

    def _stories(self, seeds: Sequence[int]) -> list[Story]:
        copied = self._copied(len(seeds))
        with practice_scope(self.house.pk):
            connection_ = current_connection()
        account = connection_.default_account_id if connection_ else ""
        books = SageOffice(self.handle, self.house.business, account, lambda: self.clock.shift(1))
        today, stories = timezone.localdate(), []
        for seed, invoices in zip(seeds, copied, strict=True):
            dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
            people = (
                Accountant(books, invoices, dice, today),
                Bookkeeper(self.house.pk, invoices, dice, today),
            )
            stories.append(Story(seed, dice, invoices, people, dice.choice(LENGTHS)))
        return stories

    def _copied(self, pairs: int) -> list[list[Copied]]:
        """So many pairs of invoices that have just been copied; of every second pair, one is there twice on purpose."""
        with practice_scope(self.house.pk):
            service = (
                Service.objects.select_related("tax_rate")
                .filter(tax_rate__vat_code="standard")
                .get(name="Bookkeeping")
            )
            issued = [
                self._issued(client, service)
                for client in list(Client.objects.order_by("pk")[:2])
                for _ in range(pairs)
            ]
        self._settle()
        with practice_scope(self.house.pk):
            for invoice in Invoice.objects.filter(pk__in=issued[:pairs:2]).order_by("pk"):
                copy_again(invoice, reason="On purpose")
        self._come_to_rest()
        with practice_scope(self.house.pk):
            links = SageLink.objects.filter(
                posting__subject_id__in=issued, posting__kind=Posting.Kind.INVOICE_CREATE, posting__copy=1
            )
            found = dict(links.values_list("posting__subject_id", "sage_id"))
            if len(found) < len(issued):
                raise RuntimeError(f"Nothing leaves any more: {self._open_postings()}")
            return [
                [Copied(pk, found[pk]) for pk in pair]
                for pair in zip(issued[:pairs], issued[pairs:], strict=True)
            ]

    def _issued(self, client: Client, service: Service) -> int:
        line = InvoiceLine(
            service=service,
            name=service.name,
            tax_rate=service.tax_rate,
            quantity=Decimal(1),
            unit_price=Decimal(100),
        )
        today = timezone.localdate()
        draft = draft_invoice(client, [line], tax_point=today, source=Invoice.Source.INSTANT)
        return int(issue_invoice(draft, on=today).pk)

    def _open_postings(self) -> list[str]:
        """What waits, and how the connection stands, for whoever looks into it; inside a scope."""
        found = current_connection()
        standing = f"{found.status}, {found.trouble or 'no trouble'}" if found else "no connection"
        waiting = [
            f"{each.reference} {each.kind} {each.status} {each.failure} {each.attempts} {each.not_before}"
            for each in Posting.objects.open().order_by("pk")
        ]
        return [f"{timezone.now()}, {standing}", *waiting]

    def _push(self) -> None:
        with acting_for(self.house.pk):
            push.take_turn(limit=25)

    def _read(self, dice: random.Random, commits: int) -> None:
        """A reading, whole or in part, that may be lost: at an answer, or around one of so many commits."""
        whole, fate = dice.random() < 0.5, dice.random()
        with acting_for(self.house.pk):
            if fate < 0.2:
                self.handle.arm("status", on=f"GET {dice.choice(LOST_AT)}", status=500, times=4)
                pull.poll_payments(whole=whole)
                self.handle.disarm()
                _forget_budgets()
            elif fate < 0.45:
                when = "before" if dice.random() < 0.5 else "after"
                self._read_and_die(Moment("commit", dice.randint(1, commits), when), whole=whole)  # type: ignore[arg-type]
            else:
                pull.poll_payments(whole=whole)

    def _read_and_die(self, moment: Moment, *, whole: bool) -> None:
        with suppress(Lost), at(moment, _die):
            pull.poll_payments(whole=whole)
        _forget_budgets()

    def _settle(self) -> bool:
        """Push as sweeps would, moving the clock to whatever is due next, until nothing waits; whether anything did."""
        for turn in range(PATIENCE):
            with practice_scope(self.house.pk):
                self._reconnect()
                waiting = Posting.objects.filter(status__in=[Posting.Status.PENDING, Posting.Status.LEASED])
                moments = [each.lease_expires_at or each.not_before for each in waiting]
            if not moments:
                return turn > 0
            self.clock.shift(max(0.0, (min(moments) - timezone.now()).total_seconds() + 1))
            if turn:
                _forget_budgets()  # What rests, rests by the clock of Valkey, which nobody moves.
            self._push()
        return True

    def _reconnect(self) -> bool:
        """What the owner does once a worker died with the only copy of a new token (fault 17); inside a scope.

        Whether that was needed.
        """
        found = current_connection()
        if found is None or found.status != SageConnection.Status.NEEDS_REAUTHORISATION:
            return False
        sign_in_again(self.house, self.handle)
        return True

    def _come_to_rest(self, *nets: Callable[[], object]) -> None:
        """Let everybody finish; each time what was asked for is read, and after it what these nets find."""
        goes_on = True
        while goes_on:  # What is pushed last is read once more, and what could not be read before a sign-in.
            self.clock.shift(400)
            goes_on = self._settle()
            with acting_for(self.house.pk):
                pull.poll_payments()
                for net in nets:
                    net()
            with practice_scope(self.house.pk):
                # More may wait than one poll reads.
                goes_on = self._reconnect() or is_anything_wanted(self.house.business) or goes_on

    def _judged(
        self, stories: Sequence[Story], *, finishes_within: timedelta = timedelta(0)
    ) -> list[tuple[int, str]]:
        documents = {each["id"]: each for each in self.handle.sales_invoices(self.house.business)}
        self.ended, wrong = [], []
        with practice_scope(self.house.pk):
            asked = [each.pk for story in stories for each in story.invoices]
            facts, settled = ledger_facts(asked), ledger_settings()
            ours = Invoice.objects.select_related("client").in_bulk(asked)
            rules = load_rules(found) if (found := current_connection()) else None
            judge = partial(disagreement, documents=documents, rules=rules, finishes_within=finishes_within)
            for story in stories:
                for invoice in (ours[each.pk] for each in story.invoices):
                    self.ended.append(invoice.status)
                    chip = state_of(invoice, facts[invoice.pk], settled).key
                    wrong.append((story.seed, judge(invoice, chip, self.house.business)))
        return [(seed, words) for seed, words in wrong if words]

    def _judged_of_earlier(self, stories: Sequence[Story]) -> list[tuple[int, str]]:
        """What is not said of copies that newer ones replaced."""
        business = self.house.business
        documents = {each["id"]: each for each in self.handle.sales_invoices(business)}
        money = money_on_documents(self.handle.contact_payments(business))
        with practice_scope(self.house.pk):
            ours = Invoice.objects.in_bulk([each.pk for story in stories for each in story.invoices])
            told = [
                (story.seed, earlier_disagreement(ours[each.pk], business, documents, money))
                for story in stories
                for each in story.invoices
            ]
        return [(seed, words) for seed, words in told if words]


def _die() -> None:
    """What was not committed is gone with the connection, as when a process is killed."""
    connection.close()
    raise Lost


def _forget_budgets() -> None:
    """Valkey's clock is not moved, and a business that just failed would rest."""
    with Redis.from_url(settings.REDIS_URL) as valkey:
        valkey.flushdb()
    forget_everything()
