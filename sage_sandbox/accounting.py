"""What an accountant does in Sage's own pages, in one step each."""

from decimal import Decimal

from sage_sandbox import contact_payments
from sage_sandbox.books import Books
from sage_sandbox.decimals import parse_decimal, sage_string
from sage_sandbox.store import Doc


def pay_invoice(books: Books, invoice: Doc, given: Doc) -> Doc:
    """A receipt of `amount` for one invoice; what exceeds its outstanding amount stays on account."""
    amount = _number(given.get("amount"))
    discount = _number(given.get("discount") or 0)
    allocated = min(amount, Decimal(invoice["outstanding_amount"]) - discount)
    current = books.all("bank_accounts")[0]
    attributes: Doc = {
        "transaction_type_id": "CUSTOMER_RECEIPT",
        "contact_id": invoice["contact"]["id"],
        "bank_account_id": current["id"],
        "date": given.get("date") or str(books.clock.today()),
        "total_amount": sage_string(amount),
        "reference": given.get("reference") or "",
        "allocated_artefacts": [
            {
                "artefact_id": invoice["id"],
                "amount": sage_string(allocated),
                "discount": sage_string(discount),
            }
        ],
    }
    return contact_payments.create(books, attributes)


def edit_payment(books: Books, payment: Doc, given: Doc) -> Doc:
    """The payment changed; `amount` sets the total and, when it pays one document, that allocation too."""
    attributes = dict(given)
    if "amount" in attributes:
        amount = sage_string(_number(attributes.pop("amount")))
        attributes["total_amount"] = amount
        allocated = payment["allocated_artefacts"]
        if len(allocated) == 1:
            item = allocated[0]
            attributes["allocated_artefacts"] = [
                {"artefact_id": item["artefact"]["id"], "amount": amount, "discount": item["discount"]}
            ]
    return contact_payments.update(books, payment, attributes)


def _number(value: object) -> Decimal:
    try:
        return parse_decimal(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is not an amount.") from error
