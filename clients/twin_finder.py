"""Pairs of our clients that are likely the same, found in the background (`clients.likeness` says which and why)."""

from django.db.models import Q

from clients.likeness import Alike, Party, twins
from clients.models import Client, ContactPerson, TwinPair
from practices.job_models import Job
from practices.jobs import Outcome, runs, start_job
from practices.permissions import Can

KIND = "clients.twins"
#: Shown at most; who has more begins with these.
MOST = 2000


def start_finding() -> Job:
    """The job that looks through all current clients."""
    return start_job(KIND, "Find possible duplicates", total=1, right=Can.MANAGE_CLIENTS)


@runs(KIND, chunk=1)
def find_twins(_job: Job, _start: int, _stop: int) -> list[Outcome]:
    """Hold all current clients against each other, and keep the pairs nobody has decided."""
    pairs = twins(parties())[:MOST]
    known = {(pair.first_id, pair.second_id) for pair in TwinPair.objects.filter(dismissed_at__isnull=False)}
    TwinPair.objects.filter(dismissed_at=None).delete()
    found = [_pair(alike) for alike in pairs]
    TwinPair.objects.bulk_create([pair for pair in found if (pair.first_id, pair.second_id) not in known])
    count = len(found)
    return [Outcome("All clients", "done", f"{count} pair{'' if count == 1 else 's'} found.")]


def parties() -> list[Party]:
    """Every current client as far as it can be compared."""
    emails: dict[int, list[str]] = {}
    people = ContactPerson.objects.filter(~Q(email=""), has_left=False).order_by("pk")
    for client, email in people.values_list("client_id", "email"):
        emails.setdefault(client, []).append(email)
    rows = Client.objects.current().order_by("pk")
    return [
        Party(
            client.pk,
            client.name,
            emails=tuple(emails.get(client.pk, ())),
            postal_code=client.postal_code,
            vat_number=client.vat_number,
            company_number=client.company_number,
            is_person=client.kind == Client.Kind.INDIVIDUAL,
        )
        for client in rows.only("name", "postal_code", "vat_number", "company_number", "kind").iterator()
    ]


def _pair(alike: Alike) -> TwinPair:
    first, second = sorted((int(str(alike.left.key)), int(str(alike.right.key))))
    reasons = [f"-{reason}" if reason.is_against else str(reason) for reason in alike.reasons]
    return TwinPair(
        first_id=first, second_id=second, verdict=int(alike.verdict), score=alike.score, reasons=reasons
    )
