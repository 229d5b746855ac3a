"""The person who authorised us."""

from typing import Required, TypedDict

from sage_integration.sage.resources.resource import Resource


class User(TypedDict, total=False):
    """The signed-in Sage user."""

    id: Required[str]
    displayed_as: Required[str]
    first_name: str
    last_name: str
    email: str
    locale: str


class Users(Resource[User]):
    """The authorising user; there is only the one."""

    path = "/user"

    def get(self) -> User:
        """Who authorised us."""
        return self._one(self.path)
