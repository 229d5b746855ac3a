"""Answers that refuse, in the shapes of FACTS.md 5: an array for the API, an object for OAuth."""

from typing import Any

REQUIRED = "This field is required."


class Refusal(Exception):
    """An API answer other than success: a status and an array of error objects."""

    def __init__(
        self, status: int, entries: list[dict[str, str]], headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(status, entries)
        self.status = status
        self.entries = entries
        self.headers = headers or {}


class OAuthRefusal(Exception):
    """An answer of the token or revoke endpoint: 400 and an object (FACTS.md 1.2)."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error, description)
        self.error = error
        self.description = description


def entry(message: str, source: str = "", code: str = "RecordInvalid") -> dict[str, str]:
    """One error object as Sage writes it."""
    return {"$severity": "error", "$dataCode": code, "$message": message, "$source": source}


def invalid(source: str, message: str = REQUIRED) -> Refusal:
    """422 RecordInvalid about one field."""
    return Refusal(422, [entry(message, source)])


def bad_request(message: str, source: str = "") -> Refusal:
    """400: the request cannot be read (the body of real answers is not documented)."""
    return Refusal(400, [entry(message, source, "BadRequest")])


def not_found(message: str = "The requested resource could not be found.") -> Refusal:
    """404: unknown id or path, or the id of another business."""
    return Refusal(404, [entry(message, "", "RecordNotFound")])


def role_missing() -> Refusal:
    """403 as recorded: the user's role does not allow this method."""
    message = "The current user is not allowed to access that resource with that method."
    return Refusal(403, [entry(message, "", "MultiUserAccessDenied")])


def forbidden(message: str) -> Refusal:
    """403 for a plan that lacks the endpoint or a grant that is gone (body not documented)."""
    return Refusal(403, [entry(message, "", "AuthorizationFailure")])


def unauthorised(message: str = "The access token is invalid or has expired.") -> Refusal:
    """401: expired or bad bearer token."""
    return Refusal(401, [entry(message, "", "AuthorizationFailure")], {"WWW-Authenticate": "Bearer"})


def no_subscription() -> Refusal:
    """401 as recorded: trial over or plan cancelled, not cured by refreshing."""
    return Refusal(401, [entry("No active subscription. (MSE)", "", "AuthorizationFailure")])


class Problems:
    """Collects what is wrong with a body, so that one answer names everything (FACTS.md 5)."""

    def __init__(self) -> None:
        self.entries: list[dict[str, str]] = []

    def add(self, source: str, message: str = REQUIRED) -> None:
        """Note one fault of one field."""
        self.entries.append(entry(message, source))

    def too_long(self, attributes: dict[str, Any], limits: dict[str, int], prefix: str = "") -> None:
        """Note every text that is not text or is longer than Sage allows."""
        for name, limit in limits.items():
            value = attributes.get(name)
            if value is None:
                continue
            if not isinstance(value, str):
                self.add(prefix + name, "is not valid")
            elif len(value) > limit:
                self.add(prefix + name, f"is too long (maximum is {limit} characters)")

    def refuse_if_any(self) -> None:
        """Raise 422 when something was noted."""
        if self.entries:
            raise Refusal(422, self.entries)
