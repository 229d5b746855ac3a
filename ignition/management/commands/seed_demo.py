from typing import Any

from django.core.management.base import BaseCommand

from ignition.demo import seed


class Command(BaseCommand):
    help = "Puts the two demo practices into the database; does nothing when they are there."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("Demo practices added." if seed() else "The demo practices are there already.")
