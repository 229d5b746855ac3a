"""What Celery's workers and sweeps do, at the moment a test says so."""

from practices.models import Practice
from practices.tasks import deliver_emails
from sage_integration.tasks import poll_payments, push_due_postings


def work(practice: Practice) -> None:
    """One round of mail, posting and polling for the practice."""
    deliver_emails(practice.pk)
    push_due_postings(practice.pk)
    poll_payments(practice.pk)
