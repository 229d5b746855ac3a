"""Puts a practice on one of the operator's plans: `./dev manage set_plan brook-co plus`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from practices.models import Practice
from practices.operations import set_plan
from practices.tenancy import practice_scope


class Command(BaseCommand):
    """Which apps a plan holds is a setting, such as SAGE_PLANS."""

    help = "Put a practice on one of your plans."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("practice", help="the practice's short name in addresses")
        parser.add_argument("plan")

    def handle(self, *args: Any, practice: str, plan: str, **options: Any) -> None:
        found = Practice.objects.filter(slug=practice).first()
        if found is None:
            raise CommandError(f"There is no practice called {practice}.")
        with practice_scope(found.pk):
            set_plan(found, plan)
