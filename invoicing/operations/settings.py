"""How the practice's invoices are dated, grouped, released and worded."""

from datetime import time
from typing import Any

from invoicing.models import InvoicingSettings
from practices import audit
from practices.remembered import row_of


def invoicing_settings() -> InvoicingSettings:
    """The practice's invoicing settings; the defaults, unsaved, until somebody changes them."""
    return row_of(InvoicingSettings) or InvoicingSettings()


def set_invoicing_settings(
    *, manual_terms_days: int, automatic_terms_days: int, includes_descriptions: bool
) -> InvoicingSettings:
    """The changed settings, recorded; invoices issued before keep their dates (F26)."""
    return _set(
        {
            "manual_terms_days": manual_terms_days,
            "automatic_terms_days": automatic_terms_days,
            "includes_descriptions": includes_descriptions,
        }
    )


def set_billing_rules(
    *,
    grouping: str,
    needs_approval: bool,
    asks_about_missed: bool,
    quiet_minutes: int = 0,
    quiet_until: time | None = None,
    merges_recurring: bool = False,
    merges_one_off: bool = False,
) -> InvoicingSettings:
    """The changed rules of billing, recorded; what was issued before stays as it is.

    ``quiet_until`` is a time of day in the practice's zone.
    """
    return _set(
        {
            "grouping": grouping,
            "needs_approval": needs_approval,
            "asks_about_missed": asks_about_missed,
            "quiet_minutes": quiet_minutes,
            "quiet_until": quiet_until,
            "merges_recurring": merges_recurring,
            "merges_one_off": merges_one_off,
        }
    )


def set_sending_rules(
    *, payment_instructions: str, emails_invoices: bool, reminder_days: list[int]
) -> InvoicingSettings:
    """The changed rules of e-mails about invoices, recorded; ``reminder_days`` count from the due date."""
    return _set(
        {
            "payment_instructions": payment_instructions.strip(),
            "emails_invoices": emails_invoices,
            "reminder_days": sorted(set(reminder_days)),
        }
    )


def set_documents_by(maker: str) -> InvoicingSettings:
    """Whose PDF clients get from now on, recorded: ours, or the ledger's (F11)."""
    return _set({"documents_by": maker})


def _set(wanted: dict[str, Any]) -> InvoicingSettings:
    settings: InvoicingSettings
    settings, _ = InvoicingSettings.objects.select_for_update().get_or_create()
    changes = {
        name: [_plain(getattr(settings, name)), _plain(value)]
        for name, value in wanted.items()
        if getattr(settings, name) != value
    }
    if changes:
        for name, value in wanted.items():
            setattr(settings, name, value)
        settings.save(update_fields=list(wanted))
        audit.record("invoicing_settings.amended", settings, changes=changes)
    return settings


def _plain(value: Any) -> Any:
    """As the audit trail keeps it."""
    return str(value) if isinstance(value, time) else value
