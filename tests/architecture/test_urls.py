"""Every address under `/p/<practice>/` names a right and is closed to strangers; a new one is covered here."""

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from practices.permissions import RIGHTS, Can, Role

#: Stands for any row, word or address in a path; nothing has this id.
PLACEHOLDERS = {"IntConverter": 987654, "StringConverter": "x", "SlugConverter": "x"}
#: Open to the world on purpose: what they show is guarded by a signed token, or is nobody's.
PUBLIC = {"health", "invitation-accept", "proposal-public", "sage-callback"}


def addresses() -> Iterator[tuple[str, URLPattern, dict[str, object]]]:
    """Every address of a practice: its full name, its pattern, arguments that match it."""
    yield from _walk(get_resolver().url_patterns, "", inside=False, arguments={})


def _walk(patterns, namespace, *, inside, arguments) -> Iterator[tuple[str, URLPattern, dict[str, object]]]:
    for pattern in patterns:
        found = {
            name: PLACEHOLDERS.get(type(converter).__name__, "x")
            for name, converter in getattr(pattern.pattern, "converters", {}).items()
        }
        here = inside or str(pattern.pattern).startswith("p/<slug:practice>")
        if isinstance(pattern, URLResolver):
            below = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern.url_patterns, below, inside=here, arguments=arguments | found)
        elif here:
            yield f"{namespace}{pattern.name}", pattern, arguments | found


def address_of(name: str, arguments: dict[str, object], practice: str) -> str:
    return reverse(name, kwargs=arguments | {"practice": practice})


ADDRESSES = list(addresses())
each_address = pytest.mark.parametrize(
    ("name", "pattern", "arguments"), ADDRESSES, ids=[name for name, _, _ in ADDRESSES]
)


def test_there_are_addresses_to_test():
    assert len(ADDRESSES) > 50


@each_address
def test_an_address_names_its_right(name, pattern, arguments):
    assert isinstance(getattr(pattern.callback, "requires", None), Can)


@each_address
def test_f89_an_address_is_not_found_by_the_other_practices_people(client_of, name, pattern, arguments):
    browser = client_of("carol")
    address = address_of(name, arguments, "brook-co")
    assert browser.get(address).status_code == 404
    assert browser.post(address).status_code == 404


@each_address
def test_an_address_sends_the_anonymous_to_sign_in(cast, client, name, pattern, arguments):
    answer = client.get(address_of(name, arguments, "brook-co"))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


@each_address
def test_f88_an_address_is_forbidden_to_a_member_without_its_right(client_of, name, pattern, arguments):
    if pattern.callback.requires in RIGHTS[Role.STAFF]:
        return
    browser = client_of("bob")
    address = address_of(name, arguments, "brook-co")
    assert browser.get(address).status_code == 403
    assert browser.post(address).status_code == 403


@each_address
def test_an_address_with_an_unknown_row_is_not_found_or_not_a_page(client_of, name, pattern, arguments):
    if not set(arguments) - {"practice"}:
        return
    assert client_of("alice").get(address_of(name, arguments, "brook-co")).status_code in (404, 405)


@each_address
def test_a_page_without_arguments_opens_on_an_empty_practice(client_of, name, pattern, arguments):
    if set(arguments) - {"practice"}:
        return
    assert client_of("alice").get(address_of(name, arguments, "brook-co")).status_code in (200, 302, 303, 405)


def test_everything_outside_a_practice_is_known():
    outside = {pattern.name for pattern in get_resolver().url_patterns if isinstance(pattern, URLPattern)}
    assert outside == {"front-door", "health", "account_signup", "styleguide", "invitation-accept"}
