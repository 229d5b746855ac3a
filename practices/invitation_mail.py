"""What the invitation to a colleague looks like, for the page of messages."""

from practices.mail_kinds import InternalKind, describe


def describe_messages() -> None:
    """Make the message known; called once, when the application starts."""
    describe(
        InternalKind(
            "practices/invitation",
            "Invitation to a colleague",
            "the colleague",
            {"inviter": "Robin Example"},
        )
    )
