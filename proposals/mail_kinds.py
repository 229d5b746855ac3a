"""The messages that proposals send, and their usual words."""

from practices.mail_kinds import InternalKind, MailKind, describe

_PLACEHOLDERS = {
    "person.name": "Name of whoever gets the message",
    "client.name": "Client name",
    "proposal.number": "Proposal number",
    "proposal.message": "Your message in the proposal",
    "proposal.valid_until": "Last day to sign",
}
_EXAMPLE = {
    "person.name": "Sam Example",
    "client.name": "Example Trading Ltd",
    "proposal.number": "P-0042",
    "proposal.message": "It was good to meet you. This is what we would do for you, and what it costs.",
    "proposal.valid_until": "9 Apr 2027",
}

PROPOSAL_SENT = MailKind(
    key="proposals/proposal_sent",
    name="Proposal to sign",
    to="whoever signs for the client, each when it is their turn",
    subject="{{practice.name}}: your proposal {{proposal.number}}",
    body="""\
Hello {{person.name}},

{{practice.name}} has prepared a proposal for {{client.name}}.

{{proposal.message}}

You can read and sign it until {{proposal.valid_until}}. Whoever has this link can read the proposal, so please do \
not pass it on.

{{practice.name}}""",
    button="Read the proposal and sign it",
    placeholders=_PLACEHOLDERS,
    example=_EXAMPLE,
)
LINK_RENEWED = MailKind(
    key="proposals/link_renewed",
    name="Fresh link to a proposal",
    to="whoever signs for the client and asks for a fresh link",
    subject="{{practice.name}}: a fresh link to proposal {{proposal.number}}",
    body="""\
Hello {{person.name}},

Somebody asked for a fresh link to proposal {{proposal.number}} for {{client.name}}, because the earlier one had run \
out. If it was not you, nothing needs to be done.

{{practice.name}}""",
    button="Open the proposal",
    placeholders=_PLACEHOLDERS,
    example=_EXAMPLE,
)
PROPOSAL_ACCEPTED = MailKind(
    key="proposals/proposal_accepted",
    name="Signed copy for the client",
    to="everybody who signed",
    subject="{{practice.name}}: proposal {{proposal.number}} is accepted",
    body="""\
Hello {{person.name}},

Proposal {{proposal.number}} for {{client.name}} is accepted. Thank you.

{{signatures}}

Your signed copy is attached.

{{practice.name}}""",
    button="Open your copy",
    placeholders=_PLACEHOLDERS | {"signatures": "Who signed, and when"},
    example=_EXAMPLE | {"signatures": "Signed by Sam Example on 10 Mar 2027, 09:30"},
)
DISENGAGEMENT = MailKind(
    key="proposals/disengagement",
    name="End of an engagement",
    to="everybody who signs for the client",
    subject="{{practice.name}}: end of our engagement",
    body="""\
Hello {{person.name}},

Our letter about the end of our engagement with {{client.name}} is attached.

{{practice.name}}""",
    placeholders={name: _PLACEHOLDERS[name] for name in ("person.name", "client.name")},
    example=_EXAMPLE,
)
_PROPOSAL = {
    "client": {"name": "Example Trading Ltd"},
    "number_label": "P-0042",
    "title": "Accounts and bookkeeping",
}


def describe_messages() -> None:
    """Make the messages known; called once, when the application starts."""
    describe(
        PROPOSAL_SENT,
        LINK_RENEWED,
        PROPOSAL_ACCEPTED,
        DISENGAGEMENT,
        InternalKind(
            "proposals/proposal_won",
            "A client has accepted",
            "the practice’s owners and whoever sent the proposal",
            {
                "proposal": _PROPOSAL,
                "signatures": [{"signed_name": "Sam Example"}],
                "page": "https://example.invalid/",
            },
        ),
        InternalKind(
            "proposals/question_asked",
            "A client has a question",
            "the practice’s owners and whoever sent the proposal",
            {
                "proposal": _PROPOSAL,
                "name": "Sam Example",
                "question": "Does the price include the VAT returns?",
                "page": "https://example.invalid/",
            },
        ),
    )
