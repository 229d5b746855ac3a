"""Names that are unique in a practice."""

from django.db import IntegrityError, transaction

from services.errors import NameTaken
from services.models import Service, TaxRate


def save_under_free_name(item: Service | TaxRate, fields: list[str] | None = None) -> None:
    """Save the row, or these fields of it; raises `NameTaken`."""
    try:
        with transaction.atomic():
            item.save(update_fields=fields)
    except IntegrityError as error:
        if "of_a_name" in str(error):
            raise NameTaken(item) from error
        raise
