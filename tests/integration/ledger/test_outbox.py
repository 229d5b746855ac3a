"""The outbox: which way a posting may go, who may move it, and that nobody waits or works twice."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection

from devtools.faults.database_clock import database_ahead
from ledger import batches, leases, outbox
from ledger.errors import CannotCancel, LeaseLost, NotFailed, NotHeld, PostingsAreClosed
from ledger.models import LedgerSettings, Posting
from ledger.signals import posting_due
from practices import audit
from practices.models import AuditEntry
from practices.tenancy import practice_scope

Kind, Status = Posting.Kind, Posting.Status
MORNING = datetime(2027, 3, 10, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def scope(brook, clock):
    """Opens Brook & Co's scope, with postings accepted."""
    with practice_scope(brook.pk):
        settings = outbox.ledger_settings()
        settings.accepts_postings = True
        settings.save()
    return lambda: practice_scope(brook.pk)


def request(subject: int = 1) -> Posting:
    return outbox.request_posting(Kind.INVOICE_CREATE, subject, label=f"INV-{subject:06d}")


def leased(subject: int = 1) -> Posting:
    request(subject)
    return next(posting for posting in leases.lease_due_postings() if posting.subject_id == subject)


def stored(posting: Posting) -> Posting:
    return Posting.objects.get(pk=posting.pk)


class TestRequesting:
    def test_a_posting_is_held_until_the_ledger_accepts_any(self, brook, clock):
        with practice_scope(brook.pk):
            assert request().status == Status.HELD
            assert leases.lease_due_postings() == []

    def test_a_request_rolled_back_leaves_nothing(self, scope):
        def request_and_fail() -> None:
            with scope():
                request()
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            request_and_fail()
        with scope():
            assert not Posting.objects.exists()

    def test_references_fit_sage_and_cannot_be_mistaken(self, scope):
        with scope():
            references = {request(subject).reference for subject in range(1, 40)}
        assert len(references) == 39
        for reference in references:
            label, _, mark = reference.rpartition("-")
            assert len(reference) <= 25
            assert label.startswith("INV-")
            assert not set(mark) & set("01OIL")
        assert len(outbox.reference_for("A-very-long-label-of-a-document")) == 25

    def test_a_second_copy_has_its_own_reference_and_idempotency_id(self, scope):
        with scope():
            first, second = request(), request()
        assert (first.copy, second.copy) == (1, 2)
        assert first.reference != second.reference
        assert first.idempotency_id != second.idempotency_id

    def test_ids_of_one_run_lie_together_and_differ_and_those_of_the_next_lie_elsewhere(self, scope):
        """FACTS.md 14: 32 hexadecimal characters, another for each document."""
        with scope():
            for subjects in (range(1, 40), range(40, 80)):
                documents = [outbox.NewDocument(subject, f"INV-{subject:06d}") for subject in subjects]
                outbox.request_postings(Kind.INVOICE_CREATE, documents)
            ids = list(Posting.objects.values_list("idempotency_id", flat=True))
        assert len(set(ids)) == 79
        assert all(len(bytes.fromhex(each)) == 16 for each in ids)
        assert len({each[:16] for each in ids}) == 2

    def test_the_database_refuses_the_same_copy_twice(self, scope):
        with scope():
            request()
        with pytest.raises(IntegrityError, match="one_live_posting_for_a_copy"), scope():
            Posting.objects.create(
                kind=Kind.INVOICE_CREATE, subject_id=1, copy=1, reference="R", idempotency_id="i"
            )

    def test_a_due_posting_is_announced(self, scope):
        heard = []
        receiver = lambda **_: heard.append(1)  # noqa: E731
        posting_due.connect(receiver)
        with scope():
            request()
            outbox.hold_posting(Kind.INVOICE_CREATE, 2, label="INV-000002")
        posting_due.disconnect(receiver)
        assert heard == [1]


class TestPeople:
    def test_a_held_posting_is_released_once(self, scope):
        with scope():
            held = outbox.hold_posting(Kind.INVOICE_CREATE, 1, label="INV-000001")
            outbox.release_posting(held)
            with pytest.raises(NotHeld):
                outbox.release_posting(held)
            assert stored(held).status == Status.PENDING
            assert AuditEntry.objects.filter(action="posting.released").count() == 1

    def test_nothing_is_released_while_the_ledger_is_closed(self, brook, clock):
        with practice_scope(brook.pk):
            held = request()
            with pytest.raises(PostingsAreClosed):
                outbox.release_posting(held)

    def test_only_what_failed_is_retried_and_its_reason_goes(self, scope):
        with scope():
            posting = leased()
            with pytest.raises(NotFailed):
                outbox.retry_posting(posting)
            outbox.mark_failed(posting, failure="SageRejected", detail="No")
            outbox.retry_posting(posting)
            again = stored(posting)
        assert (again.status, again.failure, again.failure_detail) == (Status.PENDING, "", "")

    @pytest.mark.parametrize("state", [Status.HELD, Status.PENDING, Status.FAILED])
    def test_what_has_not_left_is_withdrawn(self, scope, state):
        with scope():
            posting = request()
            Posting.objects.update(status=state)
            assert outbox.cancel_posting(posting).status == Status.CANCELLED
            assert leases.lease_due_postings() == []
            assert request().copy == 1, "a withdrawn copy does not count"

    @pytest.mark.parametrize("state", [Status.LEASED, Status.POSTED, Status.CANCELLED])
    def test_what_may_have_left_is_not_withdrawn(self, scope, state):
        with scope():
            posting = request()
            Posting.objects.update(status=state, lease="x", lease_expires_at=MORNING, external_id="1")
            with pytest.raises(CannotCancel):
                outbox.cancel_posting(posting)

    def test_once_tried_it_may_be_there_so_it_is_not_withdrawn(self, scope):
        with scope():
            posting = leased()
            leases.mark_attempted(posting)
            outbox.postpone(posting, seconds=60, failure="OutcomeUnknown")
            with pytest.raises(CannotCancel):
                outbox.cancel_posting(posting)

    def test_what_was_clearly_refused_is_withdrawn(self, scope):
        with scope():
            posting = leased()
            leases.mark_attempted(posting)
            outbox.mark_refused(posting, failure="SageRejected")
            withdrawn = outbox.cancel_posting(posting)
            assert withdrawn.status == Status.CANCELLED
            assert list(audit.trail_of(withdrawn).values_list("action", flat=True)) == [
                "posting.cancelled",
                "posting.failed",
            ]

    def test_a_try_after_a_refusal_may_have_landed_again(self, scope):
        with scope():
            posting = leased()
            leases.mark_attempted(posting)
            outbox.mark_refused(posting, failure="SageRejected")
            outbox.retry_posting(posting)
            [posting] = leases.lease_due_postings()
            assert not posting.may_have_landed
            leases.mark_attempted(posting)
            outbox.postpone(posting, seconds=60, failure="OutcomeUnknown")
            with pytest.raises(CannotCancel):
                outbox.cancel_posting(posting)

    def test_intents_are_taken_back_only_while_the_lease_is_ours(self, scope):
        with scope():
            first, second = leased(1), request(2)
            assert batches.mark_all_attempted([first]) == [first]
            assert batches.mark_all_attempted([second]) == [], "nobody has leased it"
            Posting.objects.filter(pk=first.pk).update(lease="somebody else")
            batches.withdraw_intents([first])
            assert stored(first).attempted_at is not None


class TestLeasing:
    def test_due_postings_are_leased_oldest_first_and_no_more_than_asked_for(self, scope):
        with scope():
            for subject in range(1, 5):
                request(subject)
            batch = leases.lease_due_postings(limit=3)
        assert [posting.subject_id for posting in batch] == [1, 2, 3]
        assert {posting.attempts for posting in batch} == {1}

    def test_nobody_leases_while_another_worker_drains_the_practice(self, scope, clock):
        with scope():
            leased(1)
            request(2)
            assert leases.lease_due_postings() == []
        clock.shift(timedelta(minutes=5, seconds=1))
        with scope():
            assert [posting.subject_id for posting in leases.lease_due_postings()] == [2]

    def test_what_its_worker_lost_is_taken_one_by_one_after_all_others(self, scope, clock):
        """A posting that kills every worker it meets holds up neither new ones nor those leased with it."""
        with scope():
            for subject in (1, 2, 3):
                request(subject)
            assert len(leases.lease_due_postings()) == 3
        handled = []
        for _ in range(4):
            clock.shift(timedelta(minutes=5, seconds=1))
            with scope():
                [posting] = leases.lease_due_postings()
                handled.append(posting.subject_id)
                if posting.subject_id != 1:
                    outbox.mark_posted(posting, external_id=f"sage-{posting.subject_id}")
        assert handled == [1, 2, 3, 1]

    def test_what_is_not_ripe_is_left(self, scope, clock):
        with scope():
            outbox.postpone(leased(), seconds=60)
            assert leases.lease_due_postings() == []
        clock.shift(61)
        with scope():
            assert len(leases.lease_due_postings()) == 1

    def test_nothing_is_leased_once_the_ledger_is_closed(self, scope):
        with scope():
            request()
            LedgerSettings.objects.update(accepts_postings=False)
            assert leases.lease_due_postings() == []

    def test_of_eight_workers_one_gets_the_batch_and_nobody_waits(self, brook, scope):
        with scope():
            for subject in range(1, 11):
                request(subject)
        barrier = threading.Barrier(8)

        def work(_: int) -> list[int]:
            try:
                barrier.wait(timeout=10)
                with practice_scope(brook.pk):
                    return [posting.pk for posting in leases.lease_due_postings()]
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            batches = [batch for batch in pool.map(work, range(8)) if batch]
        assert [len(batch) for batch in batches] == [10]

    def test_a_practice_does_not_see_the_other_ones_postings(self, cedar, scope):
        with scope():
            request()
        with practice_scope(cedar.pk):
            LedgerSettings.objects.update(accepts_postings=True)
            assert leases.lease_due_postings() == []

    def test_one_posting_can_be_leased_by_itself(self, scope):
        with scope():
            posting = request()
            mine = leases.lease_posting(posting)
            assert leases.still_ours(mine)
            assert mine.attempts == 1
            with pytest.raises(LeaseLost):
                leases.lease_posting(posting)

    @pytest.mark.parametrize("state", [Status.HELD, Status.FAILED, Status.POSTED, Status.CANCELLED])
    def test_only_what_waits_can_be_leased_by_itself(self, scope, state):
        with scope():
            posting = request()
            Posting.objects.update(status=state, external_id="1")
            with pytest.raises(LeaseLost):
                leases.lease_posting(posting)


class TestOutcomes:
    def test_the_intent_is_kept_for_good(self, scope, clock):
        with scope():
            posting = leased()
            leases.mark_attempted(posting)
            outbox.mark_failed(posting, failure="SageRejected")
            outbox.retry_posting(posting)
            again = stored(posting)
        assert again.attempted_at == MORNING
        assert again.outcome_is_unknown
        assert again.state_in_words == "Checking with Sage"

    def test_no_intent_without_a_lease_that_outlasts_the_request(self, scope, clock):
        with scope():
            posting = leased()
        clock.shift(timedelta(minutes=4, seconds=1))
        with scope(), pytest.raises(LeaseLost):
            leases.mark_attempted(posting)

    def test_after_a_take_over_the_first_worker_can_neither_intend_nor_settle(self, scope, clock):
        with scope():
            first = leased()
        clock.shift(timedelta(minutes=6))
        with scope():
            [second] = leases.lease_due_postings()
            assert not leases.still_ours(first)
        for act in (
            lambda: leases.mark_attempted(first),
            lambda: outbox.mark_posted(first, external_id="1"),
            lambda: outbox.postpone(first, seconds=1),
            lambda: outbox.mark_failed(first, failure="SageRejected"),
        ):
            with scope(), pytest.raises(LeaseLost):
                act()
        with scope():
            outbox.put_back([first], seconds=1)
            leases.mark_attempted(second)
            outbox.mark_posted(second, external_id="1", number="SI-1", url="https://sage.example/1")
            assert stored(second).state_in_words == "In Sage as SI-1"

    def test_fault_42_a_worker_whose_clock_is_ahead_takes_nothing_over(self, scope, clock):
        """Leases go by the database's clock: another machine's, an hour ahead, neither takes nor loses one."""
        with scope():
            first = leased()
            request(2)
        clock.shift(timedelta(hours=1))
        with database_ahead(timedelta(hours=-1)), scope():
            assert leases.lease_due_postings() == []
            with pytest.raises(LeaseLost):
                leases.lease_posting(first)
            assert leases.still_ours(first)
            leases.mark_attempted(first)
            assert batches.mark_all_attempted([first]) == [first]

    def test_fault_42_a_worker_whose_clock_stands_still_loses_its_lease_in_time(self, scope, clock):
        with scope():
            first = leased()
        with database_ahead(timedelta(minutes=6)), scope():
            assert not leases.still_ours(first)
            with pytest.raises(LeaseLost):
                leases.mark_attempted(first)
            assert batches.mark_all_attempted([first]) == []
            [second] = leases.lease_due_postings()
            leases.mark_attempted(second)
            assert second.lease_expires_at == MORNING + timedelta(minutes=11)

    @pytest.mark.parametrize(
        "intend", [leases.mark_attempted, lambda posting: batches.mark_all_attempted([posting])]
    )
    def test_fault_42_the_second_look_waits_its_minute_whatever_the_clock_of_the_worker(
        self, scope, clock, intend
    ):
        """A worker 90 seconds ahead tries and postpones; another that is as far ahead takes it no earlier."""
        with scope():
            posting = leased()
        clock.shift(timedelta(seconds=90))
        with database_ahead(timedelta(seconds=-90)), scope():
            intend(posting)
            assert posting.attempted_at == stored(posting).attempted_at == MORNING
            outbox.postpone(posting, seconds=60, failure="NotSeenYet")
            assert stored(posting).not_before == MORNING + timedelta(seconds=60)
            assert leases.lease_due_postings() == []
            assert not Posting.objects.due().exists()
        with database_ahead(timedelta(seconds=-30)), scope():
            assert Posting.objects.due().count() == 1
            [again] = leases.lease_due_postings()
            outbox.put_back([again], seconds=30)
            assert stored(again).not_before == MORNING + timedelta(seconds=90)

    def test_fault_42_a_worker_an_hour_ahead_sends_nothing_before_its_quiet_time_ends(self, scope, clock):
        with scope():
            outbox.request_posting(
                Kind.INVOICE_CREATE, 1, label="INV-000001", not_before=MORNING + timedelta(minutes=30)
            )
        clock.shift(timedelta(hours=1))
        with database_ahead(timedelta(hours=-1)), scope():
            assert leases.lease_due_postings() == []

    def test_posted_is_the_end(self, scope):
        with scope():
            posting = leased()
            outbox.mark_posted(posting, external_id="1")
            for act in (
                lambda: outbox.mark_failed(posting, failure="SageRejected"),
                lambda: outbox.postpone(posting, seconds=1),
            ):
                with pytest.raises(LeaseLost):
                    act()
            assert stored(posting).status == Status.POSTED

    def test_the_database_refuses_posted_without_an_identity(self, scope):
        with pytest.raises(IntegrityError, match="posted_means_known_in_the_ledger"), scope():
            outbox.mark_posted(leased(), external_id="")

    def test_what_is_put_back_was_not_tried(self, scope, clock):
        with scope():
            posting = leased()
            outbox.postpone(posting, seconds=0, failure="NotSeenYet", detail="Looking")
            [posting] = leases.lease_due_postings()
            outbox.put_back([posting], seconds=30)
            again = stored(posting)
            assert (again.status, again.attempts, again.lease) == (Status.PENDING, 1, "")
            assert again.failure == "NotSeenYet"
            assert again.not_before == MORNING + timedelta(seconds=30)

    def test_what_is_put_back_without_a_time_keeps_its_place_in_the_queue(self, scope, clock):
        with scope():
            for subject in (1, 2, 3):
                request(subject)
            batch = leases.lease_due_postings(limit=2)
            outbox.put_back(batch, seconds=None)
            assert [posting.not_before for posting in map(stored, batch)] == [MORNING, MORNING]
            assert [posting.subject_id for posting in leases.lease_due_postings(limit=2)] == [1, 2]

    def test_a_reason_given_at_putting_back_is_shown(self, scope):
        with scope():
            posting = leased()
            outbox.put_back([posting], seconds=900, failure="SageUnavailable", detail="Sage is away")
            assert stored(posting).failure_detail == "Sage is away"

    def test_an_outcome_gives_the_lease_back_so_the_next_worker_can_go_on(self, scope):
        with scope():
            outbox.mark_failed(leased(1), failure="SageRejected")
            request(2)
            assert [posting.subject_id for posting in leases.lease_due_postings()] == [2]
            assert not Posting.objects.filter(status=Status.FAILED).exclude(lease="").exists()
