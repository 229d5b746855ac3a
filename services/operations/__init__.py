"""Everything that changes the price list and the VAT rates. Each runs inside the caller's transaction."""

from services.operations.services import (
    add_service,
    amend_service,
    amend_services,
    archive_service,
    category_named,
    remove_empty_categories,
    reprice_service,
    reprice_services,
    restore_service,
)
from services.operations.starters import add_starters
from services.operations.tax_rates import (
    add_tax_rate,
    archive_tax_rate,
    rename_tax_rate,
    restore_tax_rate,
    set_vat_settings,
)

__all__ = [
    "add_service",
    "add_starters",
    "add_tax_rate",
    "amend_service",
    "amend_services",
    "archive_service",
    "archive_tax_rate",
    "category_named",
    "remove_empty_categories",
    "rename_tax_rate",
    "reprice_service",
    "reprice_services",
    "restore_service",
    "restore_tax_rate",
    "set_vat_settings",
]
