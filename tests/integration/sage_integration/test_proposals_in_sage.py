"""Before a proposal is sent: what stands in the way in Sage, and its first invoice as Sage would show it."""

from decimal import Decimal

from django.urls import reverse

from practices.tenancy import practice_scope
from sage_integration.models import AccountMapping, SageLedgerAccount
from tests.integration.proposals.offers import MONTHLY, ON_COMPLETION, a_client, a_draft, a_line
from tests.integration.sage_integration.test_posting_pages import text_of


def in_sage(browser, draft, **headers):
    return browser.get(reverse("sage:proposal-in-sage", args=["brook-co", draft.pk]), headers=headers)


def test_the_first_invoice_is_shown_with_its_contact_and_nothing_is_sent(brook, enabled, sage, client_of):
    with practice_scope(brook.pk):
        draft = a_draft(a_line(price="250"), a_line(MONTHLY, "Payroll", "7"), on=brook.today())
    browser = client_of("alice")
    page = text_of(in_sage(browser, draft, **{"HX-Request": "true"}))
    assert "<html" not in page
    assert "Every service has an account and a VAT rate in Sage." in page
    assert "“Acme Dental Ltd” will be created in Sage with this invoice" in page
    assert "Bookkeeping" in page
    assert "£300.00" in page
    assert "Payroll" not in page.partition("How the first invoice")[2]
    assert sage.requests("POST", "/sales_invoices") == sage.requests("POST", "/contacts") == []


def test_a_deposit_is_the_first_invoice_of_work_that_is_billed_when_it_is_done(
    brook, enabled, sage, client_of
):
    with practice_scope(brook.pk):
        draft = a_draft(a_line(ON_COMPLETION, price="600", deposit=Decimal(200)), on=brook.today())
    page = text_of(in_sage(client_of("alice"), draft))
    assert "Deposit: Bookkeeping" in page
    assert "£240.00" in page


def test_work_without_a_date_has_no_first_invoice_yet(brook, enabled, sage, client_of):
    with practice_scope(brook.pk):
        draft = a_draft(a_line(ON_COMPLETION), client=a_client("Mara Hill"), on=brook.today())
    assert "Nothing that is offered has a date yet" in text_of(in_sage(client_of("alice"), draft))


def test_without_a_connection_it_says_so(brook, client_of):
    with practice_scope(brook.pk):
        draft = a_draft()
    assert "Sage is not connected" in text_of(in_sage(client_of("alice"), draft))


def test_the_account_of_one_service_is_chosen_on_its_page(brook, enabled, sage, client_of):
    with practice_scope(brook.pk):
        service = a_line().service
        account = SageLedgerAccount.objects.filter(is_usable=True).last()
    browser = client_of("alice")
    page = text_of(browser.get(reverse("sage:service-in-sage", args=["brook-co", service.pk])))
    assert "Save the account" in page
    address = reverse("sage:service-map", args=["brook-co", service.pk])
    assert browser.post(address, {f"service_{service.pk}": account.sage_id}).status_code == 303
    browser.post(address, {f"service_{service.pk}": "made-up"})
    with practice_scope(brook.pk):
        assert AccountMapping.objects.get(service=service).ledger_account_id == account.sage_id
    assert client_of("bob").post(address, {}).status_code == 403
