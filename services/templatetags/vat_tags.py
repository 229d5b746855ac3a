"""How the practice stands to VAT, for templates that speak of it."""

from django import template

from services import queries
from services.models import VatSettings

register = template.Library()


@register.simple_tag
def vat_settings() -> VatSettings:
    """`{% vat_settings as vat %}`: whether VAT is charged, and what the tax is called."""
    return queries.vat_settings()
