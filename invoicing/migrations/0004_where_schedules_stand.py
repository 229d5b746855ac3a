"""Note of every schedule what it bills next; until now the run worked it out from all periods ever billed."""

from collections import defaultdict

from django.db import migrations

from proposals.periods import Rhythm

BATCH = 1000


def note_where_they_stand(apps, schema_editor):
    schedules = apps.get_model("invoicing", "BillingSchedule").objects.exclude(status="ended").order_by("id")
    after = 0
    while batch := list(schedules.filter(pk__gt=after)[:BATCH]):
        _note(apps, batch)
        after = batch[-1].pk


def _note(apps, batch):
    days = dict(apps.get_model("practices", "Practice").objects.values_list("pk", "invoice_day"))
    settled = defaultdict(set)
    periods = apps.get_model("invoicing", "BilledPeriod").objects.filter(schedule__in=batch)
    for pk, starts_on in periods.values_list("schedule_id", "starts_on"):
        settled[pk].add(starts_on)
    for schedule in batch:
        if schedule.billing != "recurring":
            schedule.next_starts_on, schedule.next_bill_on = schedule.starts_on, schedule.completes_on
            continue
        rhythm = Rhythm(
            schedule.starts_on,
            schedule.every,
            schedule.period,
            days[schedule.practice_id],
            schedule.bills_from,
            schedule.ends_on,
        )
        left = (period for period in rhythm.after(None) if period.starts_on not in settled[schedule.pk])
        coming = next(left, None)
        schedule.next_starts_on = coming and coming.starts_on
        schedule.next_bill_on = coming and coming.billed_on
    type(batch[0]).objects.bulk_update(batch, ["next_starts_on", "next_bill_on"])


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0003_billing_run"), ("practices", "0001_initial")]
    operations = [migrations.RunPython(note_where_they_stand, migrations.RunPython.noop)]
