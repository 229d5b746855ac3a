"""Which of a company's contacts are suggested, undecided, new, linked or set aside."""

from django.db.models import Q

from clients.likeness import Verdict
from practices.written import Given
from sage_integration.models import ContactLink, SageContact
from sage_integration.models.contacts import SageContactQuerySet


def contacts_of(tab: str, business_id: str | Given) -> SageContactQuerySet:
    """A company's contacts by what is known of them: `suggested`, `decide`, `new`, `linked` or `ignored`."""
    unlinked: SageContactQuerySet = SageContact.objects.unlinked(business_id)
    if tab == "linked":
        links = ContactLink.objects.filter(business_id=business_id).values("sage_contact_id")
        linked: SageContactQuerySet = SageContact.objects.of_business(business_id).filter(sage_id__in=links)
        return linked
    if tab == "ignored":
        return unlinked.filter(is_ignored=True)
    verdicts = {
        "suggested": Q(verdict__gte=Verdict.SUGGESTED),
        "decide": Q(verdict=Verdict.DOUBTFUL),
        "new": Q(verdict=Verdict.NEW),
    }
    return unlinked.filter(verdicts[tab], is_ignored=False)
