"""What a page asks the database."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from practices import kept

NOT_COUNTED = ("BEGIN", "SAVEPOINT", "RELEASE", "COMMIT", "SELECT set_config")


def questions_of(browser, address: str, *, htmx: bool = False) -> list[str]:
    """The statements behind a page that read or write rows, where no answer is known from an earlier page."""
    kept.forget()
    with CaptureQueriesContext(connection) as seen:
        answer = browser.get(address, headers={"HX-Request": "true"} if htmx else {})
    assert answer.status_code == 200
    return [query["sql"] for query in seen if not query["sql"].startswith(NOT_COUNTED)]
