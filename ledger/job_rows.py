"""How the postings stand that rows of a job follow: in the ledger, on their way, or refused meanwhile."""

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Concat, NullIf

from ledger.models import Posting, PostingQuerySet
from practices.job_models import JobRow
from practices.job_rows import WAITING, Later

Status, Kind = Posting.Status, Posting.Kind
ON_ITS_WAY = [Status.PENDING, Status.LEASED]
_MADE_WAY = Q(kind=Kind.INVOICE_VOID, then=Posting.Then.COPY_AGAIN, status=Status.POSTED)
GONE_ASTRAY = "Sage did not take it. Look at it and try again."


def how_they_stand() -> Later:
    """A row needs somebody while its posting is refused, and waits while it is on its way."""
    postings = _followed()
    stands = Case(
        When(status=Status.FAILED, then=Value(JobRow.Outcome.NEEDS_YOU)),
        When(status__in=ON_ITS_WAY, then=Value(WAITING)),
        When(status=Status.CANCELLED, then=Value(JobRow.Outcome.SKIPPED)),
    )
    says = Case(
        When(Q(status=Status.FAILED, failure_detail=""), then=Value(GONE_ASTRAY)),
        When(status=Status.FAILED, then=F("failure_detail")),
        When(status=Status.POSTED, kind=Kind.INVOICE_VOID, then=Value("Voided in Sage")),
        When(
            Q(status=Status.POSTED) & ~Q(external_number=""),
            then=Concat(Value("In Sage as "), F("external_number")),
        ),
        When(status=Status.POSTED, then=Value("In Sage")),
        When(
            Exists(_voided_for_it()),
            status=Status.CANCELLED,
            then=Value("The old copy is void in Sage, and the new one was withdrawn here before it left."),
        ),
        When(status=Status.CANCELLED, then=Value("It was withdrawn before it left.")),
        # Why it waits, where it was tried already.
        When(status__in=ON_ITS_WAY, then=NullIf(F("failure_detail"), Value(""))),
        output_field=CharField(),
    )
    return Later(
        Subquery(postings.values_list(stands), output_field=CharField()),
        Subquery(postings.values_list(says), output_field=CharField()),
    )


def _voided_for_it() -> PostingQuerySet:
    """The void that made way for a copy, in the ledger."""
    made_way: PostingQuerySet = Posting.objects.filter(
        _MADE_WAY, subject_id=OuterRef("subject_id"), pk__lt=OuterRef("pk")
    )
    return made_way


def _followed() -> PostingQuerySet:
    """What a row follows; once a void is through after which it is copied again, the newest copy made since.

    Also one that was withdrawn: then nothing of the invoice is in the ledger, and the row must not read as done.
    """
    named: PostingQuerySet = Posting.objects.filter(pk=OuterRef(OuterRef("follows"))).order_by()
    copies = Posting.objects.filter(kind=Kind.INVOICE_CREATE, subject_id=OuterRef("subject_id"))
    since = copies.filter(pk__gt=OuterRef("pk")).order_by("-copy", "-id")
    through = When(_MADE_WAY, then=Coalesce(Subquery(since.values("pk")[:1]), F("pk")))
    now = named.values_list(Case(through, default=F("pk")))
    followed: PostingQuerySet = Posting.objects.filter(pk=Subquery(now)).order_by()
    return followed
