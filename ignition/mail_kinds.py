"""The messages about all of a practice, for the page of messages."""

from practices.mail_kinds import InternalKind, describe


def describe_messages() -> None:
    """Make the messages known; called once, when the application starts."""
    sections = [
        {
            "title": "Accepted last week",
            "rows": [("Example Ltd",)],
            "named": ["Example Ltd, P-0012 Accounts and bookkeeping, 2027-03-09"],
            "more": 0,
        },
        {"title": "Payments taken back", "rows": [], "named": [], "more": 0},
    ]
    describe(
        InternalKind(
            "ignition/weekly_summary",
            "The week in short",
            "whoever in the practice wants it, on Mondays",
            {"sections": sections},
        )
    )
