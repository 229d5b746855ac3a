"""What Sage would refuse is refused here first; what it refuses all the same is explained, and mended in one click."""

from datetime import date

import pytest

from clients.models import Client
from ledger.errors import CannotCancel
from ledger.models import Posting
from ledger.outbox import cancel_posting, retry_posting
from practices.errors import DomainError
from practices.models import Membership, OutgoingEmail
from practices.tenancy import practice_scope
from sage_integration import contact_links
from sage_integration.connections import current_connection
from sage_integration.models import (
    AccountMapping,
    ContactLink,
    SageConnection,
    SageLedgerAccount,
    SageTaxRate,
    TaxRateMapping,
)
from tests.integration.sage_integration.posting import (
    add_client,
    issue,
    issued_invoice,
    line,
    posted,
    posting_of,
    push_once,
    push_until_settled,
    service_named,
)

Status = Posting.Status


def refused(brook, sage) -> Posting:
    """An invoice that was looked at once and not sent; what became of it."""
    sage.forget_requests()
    invoice = issued_invoice(brook)
    push_once(brook)
    return posting_of(invoice)


CASES = {
    "a hidden account": (
        lambda: SageLedgerAccount.objects.update(is_usable=False),
        "AccountNotMapped",
        "Choose the account",
    ),
    "a service's own account that is gone": (
        lambda: AccountMapping.objects.create(service=service_named(), ledger_account_id="gone"),
        "AccountNotMapped",
        "Choose the account",
    ),
    "a rate without a mapping": (
        lambda: TaxRateMapping.objects.all().delete(),
        "RateNotMapped",
        "Map the VAT rate",
    ),
    "a rate that vanished from Sage": (
        lambda: SageTaxRate.objects.update(is_usable=False),
        "RateNotMapped",
        "Map the VAT rate",
    ),
    "VAT on a rate without VAT": (
        lambda: TaxRateMapping.objects.update(sage_tax_rate_id="GB_ZERO"),
        "RateUnsuitable",
        "Map the VAT rate",
    ),
    "VAT of a company that is not registered": (
        lambda: SageConnection.objects.update(tax_scheme="NOT_REGISTERED"),
        "VatNotRegistered",
        "Look at the invoice",
    ),
    "a date before the books begin": (
        lambda: SageConnection.objects.update(accounts_start_on=date(2027, 4, 1)),
        "PeriodClosed",
        "Look at the invoice",
    ),
    "a date in a locked period": (
        lambda: SageConnection.objects.update(locked_until=date(2027, 3, 10)),
        "PeriodClosed",
        "Look at the invoice",
    ),
    "a company in another currency": (
        lambda: SageConnection.objects.update(base_currency="EUR"),
        "CurrencyDiffers",
        "Choose the Sage contact",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_sage_would_refuse_is_refused_before_any_request_f28_f29(brook, enabled, sage, case):
    """P09: the matrix of what makes VAT, account, date or currency wrong."""
    break_it, failure, remedy = CASES[case]
    with practice_scope(brook.pk):
        break_it()
    posting = refused(brook, sage)
    assert (posting.status, posting.failure, posting.remedy) == (Status.FAILED, failure, remedy)
    assert posting.attempted_at is None
    assert sage.requests() == []


def test_what_sage_clearly_refused_can_be_withdrawn_and_copied_anew(brook, enabled, sage):
    """Fault 61: nothing is in Sage, so a person may take it out of the queue; the next copy is one document."""
    sage.change_business(enabled.business_id, financial_settings={"year_end_lockdown_date": "2027-12-31"})
    posting = refused(brook, sage)
    assert (posting.attempted_at is not None, posting.may_have_landed) == (True, False)
    with practice_scope(brook.pk):
        assert cancel_posting(posting).status == Status.CANCELLED


def test_a_refusal_after_an_earlier_try_that_may_have_landed_is_not_withdrawn(brook, enabled, sage, clock):
    """The first try may be in Sage, whatever the second one was told."""
    invoice = issued_invoice(brook)
    sage.switch("index_delay_seconds", 3600)
    sage.arm("status_after_saving", on="POST /sales_invoices", status=500)
    sage.arm("status", on="POST /sales_invoices", skip=1, status=422, body="json")
    push_until_settled(brook, clock)
    posting = posting_of(invoice)
    assert (posting.status, posting.may_have_landed) == (Status.FAILED, True)
    with practice_scope(brook.pk), pytest.raises(CannotCancel):
        cancel_posting(posting)


def test_a_lock_lifted_in_sage_counts_as_soon_as_somebody_tries_again(brook, enabled, sage):
    """Fault 61: refused with the date, never a second invoice."""
    sage.change_business(enabled.business_id, financial_settings={"year_end_lockdown_date": "2027-12-31"})
    posting = refused(brook, sage)
    assert (posting.status, posting.failure) == (Status.FAILED, "PeriodClosed")
    assert "locked up to 31 Dec 2027" in posting.failure_detail
    assert "Sage says:" in posting.failure_detail
    with practice_scope(brook.pk):
        assert current_connection().locked_until == date(2027, 12, 31)
    sage.forget_requests()
    another = issued_invoice(brook)
    push_once(brook)
    assert posting_of(another).failure == "PeriodClosed"
    assert sage.requests() == []
    sage.change_business(enabled.business_id, financial_settings={"year_end_lockdown_date": None})
    waiting = posting_of(another)
    with practice_scope(brook.pk):
        retry_posting(waiting)
    push_once(brook)
    assert posting_of(another).status == Status.POSTED
    assert len(sage.sales_invoices()) == 1


def test_an_account_hidden_in_sage_since_is_named_and_marked_f15(brook, enabled, sage):
    """Fault 56: the account was usable when it was read last."""
    [account] = [each for each in sage.records("ledger_accounts") if each["id"] == enabled.default_account_id]
    sage.change_record("ledger_accounts", account["id"], visible_in_sales=False, visible_scopes=[])
    posting = refused(brook, sage)
    assert (posting.status, posting.failure) == (Status.FAILED, "AccountNotMapped")
    with practice_scope(brook.pk):
        assert not SageLedgerAccount.objects.get(sage_id=account["id"]).is_usable


def linked_contact(practice, client_id) -> str:
    with practice_scope(practice.pk):
        return ContactLink.objects.get(client=client_id).sage_contact_id


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"gdpr_obfuscated": True}, "was erased in Sage"),
        ({"contact_types": [{"id": "VENDOR", "displayed_as": "Vendor", "$path": ""}]}, "is a supplier"),
    ],
)
def test_a_contact_that_takes_no_invoices_any_more_is_never_replaced_silently(
    brook, enabled, sage, clock, change, says
):
    """Fault 54, F54: a person links the client again, and what waited leaves."""
    first = posted(brook, sage)
    contact_id = linked_contact(brook, first.invoice.client_id)
    sage.change_record("contacts", contact_id, **change)
    second = issued_invoice(brook)
    push_once(brook)
    posting = posting_of(second)
    assert (posting.status, posting.failure) == (Status.FAILED, "ContactUnusable")
    assert says in posting.failure_detail
    assert posting.remedy == "Choose the Sage contact"
    assert len(sage.contacts(name="Acme Ltd")) == 1
    other = sage.add_contact("Acme Trading Ltd")
    with practice_scope(brook.pk):
        client = Client.objects.get(pk=second.client_id)
        assert contact_links.link_client(client, other, enabled.business_id, currency="GBP") == 1
    push_until_settled(brook, clock)
    [stored] = sage.sales_invoices(reference=posting_of(second).reference)
    assert stored["contact"]["id"] == other["id"]
    assert first.theirs["contact"]["id"] == contact_id, "the older invoice stays where it is"


def test_a_contact_deleted_in_sage_asks_f54(brook, enabled, sage, clock):
    first = posted(brook, sage)
    contact_id = linked_contact(brook, first.invoice.client_id)
    sage.delete_record("contacts", contact_id)
    second = issued_invoice(brook)
    push_once(brook)
    assert posting_of(second).failure == "ContactUnusable"
    assert "deleted or merged" in posting_of(second).failure_detail
    with practice_scope(brook.pk):
        client = Client.objects.get(pk=second.client_id)
        contact_links.unlink_client(client, enabled.business_id)
    push_until_settled(brook, clock)
    assert posting_of(second).status == Status.POSTED, posting_of(second).failure_detail
    assert linked_contact(brook, second.client_id) != contact_id


def test_a_hand_mapping_beats_the_name_f53_f54_f55(brook, enabled, sage):
    same_name, chosen = sage.add_contact("Acme Ltd"), sage.add_contact("Acme Co Ltd")
    with practice_scope(brook.pk):
        client = add_client("Acme Ltd")
        contact_links.link_client(client, chosen, enabled.business_id, currency="GBP")
        invoice = issue(client)
    push_once(brook)
    [stored] = sage.sales_invoices()
    assert stored["contact"]["id"] == chosen["id"] != same_name["id"]
    assert [row["path"] for row in sage.requests("POST", "/contacts")] == []
    assert posting_of(invoice).status == Status.POSTED


def test_a_contact_stands_for_one_client_only(brook, enabled, sage):
    contact = sage.add_contact("Acme Ltd")
    with practice_scope(brook.pk):
        contact_links.link_client(add_client("One"), contact, enabled.business_id, currency="GBP")
        with pytest.raises(contact_links.ContactOfAnotherClient):
            contact_links.link_client(add_client("Two"), contact, enabled.business_id, currency="GBP")


def test_a_supplier_cannot_be_linked(brook, enabled, sage):
    supplier = sage.add_contact("Paper Ltd", contact_type_ids=["VENDOR"])
    with practice_scope(brook.pk), pytest.raises(DomainError, match="supplier"):
        contact_links.link_client(add_client(), supplier, enabled.business_id, currency="GBP")


def test_a_same_named_contact_that_is_switched_off_asks_instead_of_making_another_d15(brook, enabled, sage):
    """F51: never guess."""
    contact = sage.add_contact("Acme Ltd")
    sage.change_record("contacts", contact["id"], is_active=False)
    invoice = issued_invoice(brook)
    push_once(brook)
    assert posting_of(invoice).failure == "ContactUnusable"
    assert "switched off" in posting_of(invoice).failure_detail
    assert len(sage.contacts(name="Acme Ltd")) == 1


def test_a_login_that_lost_the_company_stops_and_nothing_goes_elsewhere(brook, enabled, sage):
    """Fault 57."""
    invoice = issued_invoice(brook)
    sage.arm("forbidden", on="POST /sales_invoices")
    sage.arm("status", on="GET /businesses", status=403, times=None)
    push_once(brook)
    posting = posting_of(invoice)
    assert posting.status == Status.PENDING
    with practice_scope(brook.pk):
        connection = current_connection()
        assert connection.status == SageConnection.Status.NEEDS_REAUTHORISATION
        owners = Membership.objects.filter(practice=brook, role=Membership.Role.OWNER).count()
        assert OutgoingEmail.objects.count() == owners
    assert sage.sales_invoices() == []
    assert push_once(brook) == 0


def test_a_company_on_the_start_plan_gets_quantities_in_words(brook, enabled, sage):
    """P25: its total is ours all the same."""
    sage.change_business(enabled.business_id, plan="T")
    with practice_scope(brook.pk):
        SageConnection.objects.update(plan_id="START")
        invoice = issue(add_client(), line("50.00", "3"))
    push_once(brook)
    [stored] = sage.sales_invoices(reference=posting_of(invoice).reference)
    [sent] = stored["invoice_lines"]
    assert (sent["quantity"], sent["unit_price"]) == ("1.0", "150.0")
    assert sent["description"] == "Bookkeeping (3 × 50.00)"
    assert stored["total_amount"] == "180.0"
