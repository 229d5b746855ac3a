"""What goes by itself once it has been kept long enough."""

from datetime import date, datetime, timedelta

from django.db.models import Q

from clients.models import ClientImport
from ignition.erasure import erasures_to_finish, finish, retention
from ignition.moving_in.uploads import give_up_forgotten
from practices import audit
from practices.job_models import Job
from practices.models import EmailAttachment, IdempotentAnswer, OutgoingEmail, Practice
from practices.tenancy import acting_practice_id
from practices.webhook_models import WebhookDelivery

MONTH = timedelta(days=30)
DAY = timedelta(days=1)


def keep_to_retention(*, on: date, now: datetime) -> dict[str, int]:
    """How much went, by what it was: texts of messages, imported files, lists of work, erasures finished.

    A practice that nobody has taken in for so long goes itself, with the file it was to come from.
    """
    settings = retention()
    old_mail, old_work = now - settings.mail_months * MONTH, now - settings.work_months * MONTH
    if give_up_forgotten(old_work):
        return {"arrivals": 1}
    is_old = Q(status=OutgoingEmail.Status.SENT, sent_at__lt=old_mail) | Q(
        status=OutgoingEmail.Status.FAILED, created_at__lt=old_mail
    )
    mails = OutgoingEmail.objects.filter(is_old).exclude(text="")
    EmailAttachment.objects.filter(email__in=mails.values("pk")).delete()
    over = [Job.Status.DONE, Job.Status.CANCELLED, Job.Status.FAILED]
    gone = {
        "messages": mails.update(text="", html=""),
        "imports": ClientImport.objects.filter(created_at__lt=old_work).delete()[0],
        "work": Job.objects.filter(status__in=over, finished_at__lt=old_work).delete()[0],
        "webhooks": WebhookDelivery.objects.filter(finished_at__lt=old_work).delete()[0],
        "answers": IdempotentAnswer.objects.filter(created_at__lt=now - DAY).delete()[0],
        "erasures": len([finish(erasure) for erasure in erasures_to_finish(on)]),
    }
    if any(gone.values()):
        practice = Practice.objects.get(pk=acting_practice_id())
        audit.record("retention.kept", practice, **{name: count for name, count in gone.items() if count})
    return gone
