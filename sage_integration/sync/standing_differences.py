"""What differs between a document here and in Sage, kept from when it was first seen until it is gone."""

from django.utils import timezone

from sage_integration.models import SageLink
from sage_integration.sync.comparison import Difference

LONGEST = 400


def keep_difference(link: SageLink, difference: Difference | None) -> bool:
    """Whether a copy differs otherwise than when it was read last; from now on it is known to.

    A void is a state of the invoice itself, so nothing differs any more once it was taken over.
    """
    held: SageLink = SageLink.objects.select_for_update().get(pk=link.pk)
    kind, words = "", ""
    if difference is not None and difference.kind != "voided":
        kind, words = difference.kind, difference.sentence[:LONGEST]
    if (held.difference, held.difference_in_words) == (kind, words):
        return False
    if kind != held.difference:
        held.differs_since = timezone.now() if kind else None
    held.difference, held.difference_in_words = kind, words
    held.save(update_fields=["difference", "difference_in_words", "differs_since"])
    return True
