"""For the operator, after restoring a backup and before starting the workers: `./dev manage look_before_sending`."""

from typing import Any

from django.core.management.base import BaseCommand

from ledger.outbox import doubt_all
from practices.models import Practice
from practices.tenancy import practice_scope


class Command(BaseCommand):
    """What left after the backup was made is in the ledger, and the restored rows do not know it."""

    help = "Have everything that still has to reach the ledger looked for there before it is sent."

    def handle(self, *args: Any, **options: Any) -> None:
        doubted = 0
        for practice_id in Practice.objects.order_by("pk").values_list("pk", flat=True):
            with practice_scope(practice_id):
                doubted += doubt_all()
        self.stdout.write(f"{doubted} postings will be looked for before they are sent.")
