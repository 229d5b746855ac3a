"""The messages about the connection to Sage, for the page of messages."""

from decimal import Decimal

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
            "Documents that no longer wait for Sage",
            "the practice’s owners",
            {"connection": connection, "days": 30, "number": 3},
        ),
        InternalKind(
            "sage_integration/needs_you",
            "What needs you in Sage",
            "the practice’s owners, and whoever looks after one of the things",
            {
                "number": 2,
                "more": 0,
                "minutes": 60,
                "stake": Decimal("540.00"),
                "things": [
                    {
                        "label": "INV-000012",
                        "client": "Example Ltd",
                        "sentence": "Sage refused this document.",
                    },
                    {
                        "label": "INV-000014",
                        "client": "Sample Ltd",
                        "sentence": "Sage takes no invoice of this date.",
                    },
                ],
            },
        ),
    )
