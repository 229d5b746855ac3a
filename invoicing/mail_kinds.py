"""The messages about fees, and their usual words."""

from practices.mail_kinds import MailKind, describe

_PLACEHOLDERS = {
    "person.name": "Name of whoever gets the message",
    "client.name": "Client name",
    "fees.from": "First day of the new fees",
    "fees.changes": "Each service with its fee before and after, and that VAT is added where you charge it",
    "fees.notice": "What you wrote about this change",
}
_EXAMPLE = {
    "person.name": "Sam Example",
    "client.name": "Example Trading Ltd",
    "fees.from": "1 Apr 2027",
    "fees.changes": "Bookkeeping: £100.00 becomes £105.00, every month\nThese fees are before VAT.",
    "fees.notice": "We have reviewed our fees, as we do once a year.",
}

FEE_CHANGE = MailKind(
    key="invoicing/fee_change",
    name="Change of fees",
    to="whoever signs for the client",
    subject="{{practice.name}}: your fees from {{fees.from}}",
    body="""\
Hello {{person.name}},

{{fees.notice}}

From {{fees.from}} we charge {{client.name}}:

{{fees.changes}}

Our letter about it is attached. If you have a question, just answer this message.

{{practice.name}}""",
    placeholders=_PLACEHOLDERS,
    example=_EXAMPLE,
)
FEE_CHANGE_UNDONE = MailKind(
    key="invoicing/fee_change_undone",
    name="Change of fees undone",
    to="whoever was told of the change",
    subject="{{practice.name}}: your fees stay as they are",
    body="""\
Hello,

We wrote to you that the fees of {{client.name}} would change from {{fees.from}}. They will not: what you pay \
now stays as it is.

{{practice.name}}""",
    placeholders={name: _PLACEHOLDERS[name] for name in ("client.name", "fees.from")},
    example=_EXAMPLE,
)


def describe_messages() -> None:
    """Make the messages known; called once, when the application starts."""
    describe(FEE_CHANGE, FEE_CHANGE_UNDONE)
