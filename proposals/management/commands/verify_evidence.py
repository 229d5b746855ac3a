"""manage.py verify_evidence FILE: is this evidence file as it was handed out?"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from proposals.evidence import faults_of


class Command(BaseCommand):
    help = "Check an evidence file: every hash, the chain of events, the signatures and the seal."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--without-seal",
            action="store_true",
            help="for a file of another installation, whose seal only that one can check",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            content = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"The file cannot be read: {error.strerror}.") from error
        if faults := faults_of(content, checks_seal=not options["without_seal"]):
            raise CommandError("NOT as it was handed out:\n" + "\n".join(f"- {fault}" for fault in faults))
        self.stdout.write("As it was handed out: every file, signature and event agrees.")
