"""What happens here when a practice opens."""

from typing import Any

from ledger.models import LedgerSettings
from practices.signals import practice_opened


def connect() -> None:
    """Listen to the apps below."""
    practice_opened.connect(add_ledger_settings, dispatch_uid="ledger settings")


def add_ledger_settings(sender: Any, **_: Any) -> None:
    """Every practice starts closed: nothing leaves before a connection is enabled."""
    LedgerSettings.objects.create()
