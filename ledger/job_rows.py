"""How the postings stand that rows of a job follow: in the ledger, on their way, or refused meanwhile."""

from django.db.models import Case, CharField, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Concat, NullIf

from ledger.models import Posting
from practices.job_models import JobRow
from practices.job_rows import WAITING, Later

Status = Posting.Status
ON_ITS_WAY = [Status.PENDING, Status.LEASED]
GONE_ASTRAY = "Sage did not take it. Look at it and try again."


def how_they_stand() -> Later:
    """A row needs somebody while its posting is refused, and waits while it is on its way."""
    postings = Posting.objects.filter(pk=OuterRef("follows")).order_by()
    stands = Case(
        When(status=Status.FAILED, then=Value(JobRow.Outcome.NEEDS_YOU)),
        When(status__in=ON_ITS_WAY, then=Value(WAITING)),
        When(status=Status.CANCELLED, then=Value(JobRow.Outcome.SKIPPED)),
    )
    says = Case(
        When(Q(status=Status.FAILED, failure_detail=""), then=Value(GONE_ASTRAY)),
        When(status=Status.FAILED, then=F("failure_detail")),
        When(
            Q(status=Status.POSTED) & ~Q(external_number=""),
            then=Concat(Value("In Sage as "), F("external_number")),
        ),
        When(status=Status.POSTED, then=Value("In Sage")),
        When(status=Status.CANCELLED, then=Value("It was withdrawn before it left.")),
        # Why it waits, where it was tried already.
        When(status__in=ON_ITS_WAY, then=NullIf(F("failure_detail"), Value(""))),
        output_field=CharField(),
    )
    return Later(
        Subquery(postings.values_list(stands), output_field=CharField()),
        Subquery(postings.values_list(says), output_field=CharField()),
    )
