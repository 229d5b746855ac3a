"""The cast and the documents tests begin with, made through the operations wherever those exist."""

from datetime import date
from types import SimpleNamespace

from practices.models import Membership, Practice, User
from practices.operations import open_practice

PASSWORD = "correct-horse-battery"
#: A day in the middle of a month and of a year, so that nothing falls on an edge by accident.
TODAY = date(2027, 3, 10)


def user(name: str, email: str) -> User:
    """A person who can sign in with PASSWORD."""
    return User.objects.create_user(email, PASSWORD, name=name)


def member(practice: Practice, person: User, role: str) -> Membership:
    """The person's membership in the practice."""
    return Membership.objects.create(practice=practice, user=person, role=role)


def cast() -> SimpleNamespace:
    """Two practices and their people."""
    alice, bob, carol = (
        user(name, f"{name.lower()}@{place}.example")
        for name, place in (("Alice", "brook"), ("Bob", "brook"), ("Carol", "cedar"))
    )
    brook, cedar = open_practice(alice, "Brook & Co"), open_practice(carol, "Cedar LLP")
    member(brook, bob, Membership.Role.STAFF)
    return SimpleNamespace(alice=alice, bob=bob, carol=carol, brook=brook, cedar=cedar)
