"""What posting, polling and the nightly comparison send and read is what Sage has published."""

from practices.tenancy import acting_for, practice_scope
from sage_integration.sync import audit, pull
from tests.integration.sage_integration.posting import (
    add_client,
    issue,
    line,
    posting_of,
    push_once,
    service_named,
)
from tests.sage import connected


def test_an_invoice_its_contact_and_its_payment_keep_to_the_contract(brook, sage, sage_contract):
    connected(brook, sage)
    with practice_scope(brook.pk):
        zero = service_named("Children's books", rate="zero")
        client = add_client(vat_number="GB123456789", phone="0117 496 0000")
        invoice = issue(client, line("33.3333", "3", description="<p>All</p>"), line("50", service=zero))
    push_once(brook)
    posting = posting_of(invoice)
    assert posting.status == "posted", posting.failure_detail
    payment = sage.record_payment(posting.external_id, "40")
    sage.edit_payment(payment["id"], amount="45")
    with acting_for(brook.pk):
        assert pull.poll_payments().problem == ""
        sage.delete_payment(payment["id"])
        assert pull.poll_payments().problem == ""
        assert audit.audit_documents().problem == ""
    asked = {(method, path.split("/")[1].split("?")[0]) for method, path, _ in sage_contract.exchanges}
    assert {
        ("POST", "contacts"),
        ("POST", "sales_invoices"),
        ("GET", "contact_payments"),
        ("GET", "sales_invoices"),
    } <= asked
