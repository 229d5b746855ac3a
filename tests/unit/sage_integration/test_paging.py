import pytest

from sage_integration.sage.errors import UnexpectedAnswer
from sage_integration.sage.paging import rows

BASE = "https://sage.test/v3.1"


class Pages:
    """Answers page by page and keeps what was asked."""

    def __init__(self, *pages: dict[str, object]) -> None:
        self.pages = list(pages)
        self.asked: list[dict[str, object]] = []

    def __call__(self, path, params):
        self.asked.append(dict(params))
        return self.pages.pop(0)


def page(next_page: object, *ids: str) -> dict[str, object]:
    return {"$items": [{"id": item} for item in ids], "$next": next_page}


@pytest.mark.parametrize(
    "following",
    [
        "/contacts?page=2&attributes=name&search=a%26b",
        "/v3.1/contacts?page=2&attributes=name&search=a%26b",
        "https://sage.test/v3.1/contacts?page=2&attributes=name&search=a%26b",
    ],
)
def test_the_next_page_is_followed_until_there_is_none(following):
    pages = Pages(page(following, "a", "b"), page(None, "c"))
    assert [row["id"] for row in rows(pages, BASE, "/contacts", {"attributes": "name"})] == ["a", "b", "c"]
    assert pages.asked[1] == {"page": "2", "attributes": "name", "search": "a&b"}


@pytest.mark.parametrize(
    "following",
    [
        "https://elsewhere.test/v3.1/contacts?page=2",
        "http://sage.test/v3.1/contacts?page=2",
        "//elsewhere.test/v3.1/contacts?page=2",
        "/sales_invoices?page=2",
        7,
    ],
)
def test_a_next_page_elsewhere_is_refused(following):
    with pytest.raises(UnexpectedAnswer):
        list(rows(Pages(page(following, "a")), BASE, "/contacts", {}))


def test_a_list_that_runs_in_a_circle_is_refused():
    pages = Pages(page("/contacts?page=2", "a"), page("/contacts?page=2", "b"), page(None))
    with pytest.raises(UnexpectedAnswer):
        list(rows(pages, BASE, "/contacts", {}))


def test_pages_are_fetched_only_as_they_are_needed():
    pages = Pages(page("/contacts?page=2", "a"), page(None, "b"))
    assert next(rows(pages, BASE, "/contacts", {}))["id"] == "a"
    assert len(pages.asked) == 1


@pytest.mark.parametrize("answer", [{}, {"$items": None}, {"$items": {}}, {"$items": ["a"]}])
def test_what_is_no_list_is_refused(answer):
    with pytest.raises(UnexpectedAnswer):
        list(rows(Pages(answer), BASE, "/contacts", {}))
