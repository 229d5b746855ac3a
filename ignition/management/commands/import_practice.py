"""For the operator: `./dev manage import_practice FILE` takes in a practice that another installation exported."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ignition.moving_in import CannotTakeIn, opened_archive, take_in


class Command(BaseCommand):
    """The file is checked from end to end first; then everything is written, or nothing."""

    help = "Take in a full export of a practice: checked first, then all of it or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--check", action="store_true", help="only say whether it could be taken in")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with opened_archive(options["file"]) as archive:
                name, exported = archive.practice["name"], archive.exported_at
                if options["check"]:
                    rows = sum(len(table.ids) for table in archive.tables)
                    self.stdout.write(f"{name}, exported {exported}: whole, {rows} rows.")
                    return
                arrival = take_in(archive, now=timezone.now())
        except CannotTakeIn as refusal:
            raise CommandError(refusal.message) from refusal
        said = [f"{name}, exported {exported}: {arrival.rows} rows are here, at /p/{arrival.practice.slug}/."]
        if arrival.found:
            said.append(f"Here already, and members now: {', '.join(arrival.found)}.")
        if arrival.invited:
            said.append(f"New here, and sent a message to choose a password: {', '.join(arrival.invited)}.")
        said.append("Sage has to be connected again before anything is copied.")
        self.stdout.write("\n".join(said))
