"""Files of clients on their way through an import, as far as a test wants them."""

import io

from django.utils import timezone

from clients.models import ClientImport, ImportRow
from clients.operations.imports import begin_import, choose_columns, decide_rows, start_import
from practices.job_models import Job, JobRow
from practices.tasks import run_jobs
from practices.tenancy import practice_scope

NOW = timezone.now()


def uploaded(brook, text: str | bytes, name="clients.csv") -> ClientImport:
    content = text.encode() if isinstance(text, str) else text
    with practice_scope(brook.pk):
        return begin_import(io.BytesIO(content), name, now=NOW)


def checked(brook, text: str | bytes, **mapping) -> ClientImport:
    source = uploaded(brook, text)
    with practice_scope(brook.pk):
        choose_columns(source, {int(number): key for number, key in source.mapping.items()} | mapping)
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        return ClientImport.objects.select_related("job", "practice").get(pk=source.pk)


def imported(brook, text: str | bytes, on_match="update", choices=None) -> ClientImport:
    source = checked(brook, text)
    with practice_scope(brook.pk):
        decide_rows(source, choices or {})
        start_import(source, on_match=on_match, now=NOW)
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        return ClientImport.objects.select_related("job", "practice").get(pk=source.pk)


def verdicts(brook) -> list[str]:
    with practice_scope(brook.pk):
        return list(ImportRow.objects.order_by("position").values_list("verdict", flat=True))


def outcomes(brook, kind="clients.import") -> list[str]:
    with practice_scope(brook.pk):
        rows = JobRow.objects.filter(job=Job.objects.filter(kind=kind).latest("pk"))
        return list(rows.order_by("position").values_list("outcome", flat=True))
