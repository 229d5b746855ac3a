"""The practice's engagement terms."""

from practices import audit
from practices.models import User
from proposals.models import Terms
from proposals.queries import current_terms


def write_terms(body: str, *, by: User) -> Terms:
    """The terms that are sent from now on: a new version, or the current one when nothing changed.

    Saving the starter wording unchanged is a review, so it makes a version too. What was sent keeps its own.
    """
    # The first version is there for good, so two people writing at once take turns at it.
    Terms.objects.select_for_update().order_by("version").first()
    current = current_terms()
    if current and current.body == body and not current.is_starter_wording:
        return current
    version = current.version + 1 if current else 1
    terms: Terms = Terms.objects.create(version=version, body=body, written_by=by)
    audit.record("terms.written", terms, version=version)
    return terms
