"""How the practice's invoices are dated and worded."""

from invoicing.models import InvoicingSettings
from practices import audit


def invoicing_settings() -> InvoicingSettings:
    """The practice's invoicing settings; the defaults, unsaved, until somebody changes them."""
    return InvoicingSettings.objects.first() or InvoicingSettings()


def set_invoicing_settings(
    *, manual_terms_days: int, automatic_terms_days: int, includes_descriptions: bool
) -> InvoicingSettings:
    """The changed settings, recorded; invoices issued before keep their dates (F26)."""
    settings: InvoicingSettings
    settings, _ = InvoicingSettings.objects.select_for_update().get_or_create()
    wanted = {
        "manual_terms_days": manual_terms_days,
        "automatic_terms_days": automatic_terms_days,
        "includes_descriptions": includes_descriptions,
    }
    changes = {
        name: [getattr(settings, name), value]
        for name, value in wanted.items()
        if getattr(settings, name) != value
    }
    if changes:
        for name, value in wanted.items():
            setattr(settings, name, value)
        settings.save(update_fields=list(wanted))
        audit.record("invoicing_settings.amended", settings, changes=changes)
    return settings
