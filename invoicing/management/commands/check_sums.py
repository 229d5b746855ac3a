"""manage.py check_sums [--practice SLUG] [--make-anew]: are the kept sums what the invoices come to?"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from invoicing.tallies import check_tallies, differences, make_anew
from practices.models import Practice
from practices.tenancy import practice_scope


class Command(BaseCommand):
    help = (
        "Hold the kept sums of invoices against the invoices; with --make-anew, put these in place of those."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--practice", help="the short name of one practice; all of them without it")
        parser.add_argument("--make-anew", action="store_true", help="mend what differs")

    def handle(self, *args: Any, **options: Any) -> None:
        practices = Practice.objects.order_by("pk")
        if options["practice"]:
            practices = practices.filter(slug=options["practice"])
            if not practices.exists():
                raise CommandError(f"There is no practice {options['practice']}. Nothing was checked.")
        differing = sum(self._check(practice, mends=options["make_anew"]) for practice in practices)
        if differing and not options["make_anew"]:
            raise CommandError(
                f"{differing} kept sums are not what the invoices come to. The invoices are right, and what is owed in "
                "total is shown wrongly until you run this again with --make-anew."
            )

    def _check(self, practice: Practice, *, mends: bool) -> int:
        with practice_scope(practice.pk):
            found = differences()
            for (status, source, month, due_on), (kept, live) in found.items():
                due = f", due {due_on}" if due_on else ""
                self.stdout.write(
                    f"{practice.slug}: {status}, {source}, {month:%Y-%m}{due}: {kept}, not {live}"
                )
            if found and mends:
                make_anew()
            check_tallies(timezone.now())
        self.stdout.write(f"{practice.slug}: {f'{len(found)} differ' if found else 'as the invoices'}")
        return len(found)
