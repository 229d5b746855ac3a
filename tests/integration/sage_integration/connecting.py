"""How tests walk through the connection's pages, as a browser would."""

from html import unescape

from django.urls import reverse

from practices.tenancy import practice_scope
from sage_integration.models import SageLedgerAccount
from services.models import TaxRate
from tests.sage import answer_of_consent, callback_path

SETTINGS = {
    "manual_terms_days": "7",
    "automatic_terms_days": "14",
    "posts_new_clients": "on",
    "includes_descriptions": "on",
    "pulls_payments": "on",
    "number_owner": "sage",
    "pdf_owner": "sage",
    "arrives_as": "final",
    "vat_by_hand": "mapped",
    "name_direction": "to_sage",
}


def page(name: str, practice="brook-co") -> str:
    return reverse(f"sage:{name}", kwargs={"practice": practice})


def text_of(answer) -> str:
    return unescape(answer.content.decode())


def sign_in(browser, decision="allow"):
    begun = browser.post(page("connection-begin"))
    assert begun.status_code == 303
    return browser.get(callback_path(answer_of_consent(begun.headers["Location"], decision)))


def settings_of(practice, **changes) -> dict[str, str]:
    with practice_scope(practice.pk):
        account = SageLedgerAccount.objects.get(nominal_code=4010)
    return {**SETTINGS, "default_account_id": account.sage_id, **changes}


def rates_of(practice, **by_name) -> dict[str, str]:
    """The VAT form's fields: our rates by name, each with Sage's id."""
    with practice_scope(practice.pk):
        return {
            f"rate_{rate.pk}": by_name.get(rate.name, "GB_STANDARD") for rate in TaxRate.objects.offered()
        }
