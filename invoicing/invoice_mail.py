"""The messages about invoices, and their usual words."""

from practices.mail_kinds import MailKind, describe

_PLACEHOLDERS = {
    "person.name": "Name of whoever gets the message",
    "client.name": "Client name",
    "invoice.number": "Invoice number",
    "invoice.date": "Invoice date",
    "invoice.due": "Day by which it is to be paid",
    "invoice.total": "Total with VAT",
    "invoice.outstanding": "What is still owed",
    "how_to_pay": "Your words on how to pay; or that you collect it by Direct Debit",
}
_EXAMPLE = {
    "person.name": "Sam Example",
    "client.name": "Example Trading Ltd",
    "invoice.number": "INV-000042",
    "invoice.date": "1 Apr 2027",
    "invoice.due": "15 Apr 2027",
    "invoice.total": "£216.00",
    "invoice.outstanding": "£216.00",
    "how_to_pay": "Please pay to Brook & Co, sort code 00-00-00, account 00000000.",
}

INVOICE_SENT = MailKind(
    key="invoicing/invoice_sent",
    name="Invoice",
    to="whoever receives the client’s invoices",
    subject="{{practice.name}}: invoice {{invoice.number}}",
    body="""\
Hello {{person.name}},

Attached is invoice {{invoice.number}} of {{invoice.date}} for {{client.name}}: {{invoice.total}}, due on \
{{invoice.due}}.

{{how_to_pay}}

{{practice.name}}""",
    placeholders=_PLACEHOLDERS,
    example=_EXAMPLE,
)
PAYMENT_COMING = MailKind(
    key="invoicing/payment_coming",
    name="Payment reminder, before it is due",
    to="whoever receives the client’s invoices",
    subject="{{practice.name}}: invoice {{invoice.number}} is due on {{invoice.due}}",
    body="""\
Hello {{person.name}},

A short note that invoice {{invoice.number}} for {{client.name}} is due on {{invoice.due}}; {{invoice.outstanding}} \
is open. If you have paid it in the last few days, nothing needs to be done.

{{how_to_pay}}

{{practice.name}}""",
    placeholders=_PLACEHOLDERS,
    example=_EXAMPLE,
)
PAYMENT_OVERDUE = MailKind(
    key="invoicing/payment_overdue",
    name="Payment reminder, once it is due",
    to="whoever receives the client’s invoices",
    subject="{{practice.name}}: invoice {{invoice.number}} was due on {{invoice.due}}",
    body="""\
Hello {{person.name}},

Invoice {{invoice.number}} of {{invoice.date}} for {{client.name}} was due on {{invoice.due}}, and \
{{invoice.outstanding}} of {{invoice.total}} is still open. Please pay it, or answer this message if something is \
not as it should be. If you have paid it in the last few days, nothing needs to be done.

{{how_to_pay}}

{{practice.name}}""",
    placeholders=_PLACEHOLDERS,
    example=_EXAMPLE,
)


def describe_messages() -> None:
    """Make the messages known; called once, when the application starts."""
    describe(INVOICE_SENT, PAYMENT_COMING, PAYMENT_OVERDUE)
