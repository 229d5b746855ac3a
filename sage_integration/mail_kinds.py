"""The messages about the connection to Sage, for the page of messages."""

from practices.mail_kinds import InternalKind, describe


def describe_messages() -> None:
    """Make the messages known; called once, when the application starts."""
    connection = {"business_name": "Example Trading Ltd"}
    describe(
        InternalKind(
            "sage_integration/needs_reauthorisation",
            "Sign in to Sage again",
            "the practice’s owners",
            {"connection": connection},
        ),
        InternalKind(
            "sage_integration/queue_withdrawn",
            "Documents that wait for Sage no longer",
            "the practice’s owners",
            {"connection": connection, "days": 30, "number": 3},
        ),
    )
