"""Every address under `/p/<practice>/` names a right and is closed to strangers; a new one is covered here."""

import re
from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from practices.models import Membership
from practices.permissions import RIGHTS, Can

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


def row_addresses() -> list[tuple[str, URLPattern, dict[str, object]]]:
    """The addresses that name a row."""
    return [address for address in ADDRESSES if set(address[2]) - {"practice"}]


def answers(browser, practice: str, method: str, addresses=ADDRESSES) -> dict[str, int]:
    """What each address answers this browser: its name to the status."""
    ask = getattr(browser, method)
    statuses = {}
    for name, _, arguments in addresses:
        answer = ask(address_of(name, arguments, practice))
        answer.close()  # a file is a file until somebody has read it
        statuses[name] = answer.status_code
    return statuses


def test_there_are_addresses_to_test():
    assert len(ADDRESSES) > 50


def test_every_address_names_its_right():
    nameless = [
        name
        for name, pattern, _ in ADDRESSES
        if not isinstance(getattr(pattern.callback, "requires", None), Can)
    ]
    assert nameless == []


@pytest.mark.parametrize("method", ["get", "post"])
def test_f89_no_address_is_found_by_the_other_practices_people(client_of, method):
    found = answers(client_of("carol"), "brook-co", method)
    assert {name: status for name, status in found.items() if status != 404} == {}


def test_every_address_sends_the_anonymous_to_sign_in(cast, client):
    for name, _, arguments in ADDRESSES:
        answer = client.get(address_of(name, arguments, "brook-co"))
        assert answer.status_code == 302, name
        assert answer.headers["Location"].startswith("/accounts/login/"), name


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("role", [role for role in RIGHTS if RIGHTS[role] != frozenset(Can)])
def test_f88_every_address_is_forbidden_to_a_role_without_its_right(cast, client_of, role, method):
    Membership.objects.filter(user=cast.bob).update(role=role)
    closed = [address for address in ADDRESSES if address[1].callback.requires not in RIGHTS[role]]
    assert closed
    found = answers(client_of("bob"), "brook-co", method, closed)
    assert {name: status for name, status in found.items() if status != 403} == {}


@pytest.mark.parametrize("role", list(RIGHTS))
def test_f88_no_address_is_forbidden_to_a_role_with_its_right(cast, client_of, role):
    Membership.objects.filter(user=cast.bob).update(role=role)
    open_to_it = [address for address in ADDRESSES if address[1].callback.requires in RIGHTS[role]]
    found = answers(client_of("bob"), "brook-co", "get", open_to_it)
    assert [name for name, status in found.items() if status == 403] == []


@pytest.mark.parametrize("role", ["read_only", "accounts"])
def test_f88_no_page_offers_a_link_that_the_role_may_not_follow(cast, client_of, role):
    Membership.objects.filter(user=cast.bob).update(role=role)
    browser, refused = client_of("bob"), set()
    pages = [address for address in ADDRESSES if not set(address[2]) - {"practice"}]
    for name, pattern, arguments in pages:
        if pattern.callback.requires not in RIGHTS[role]:
            continue
        page = browser.get(address_of(name, arguments, "brook-co"))
        if page.status_code != 200 or not page.headers["Content-Type"].startswith("text/html"):
            page.close()
            continue
        for path in re.findall(r'href="(/p/brook-co/[^"?#]*)', page.content.decode()):
            if resolve(path).func.requires not in RIGHTS[role]:
                refused.add((name, path))
    assert refused == set()


#: Pages, and files that are kept as they are and only handed out; lists count their files themselves.
CHEAP = {
    *("practices:email-list", "practices:email-detail", "practices:email-html", "practices:email-file"),
    *("practices:profile-edit", "practices:export", "practices:export-file", "invoicing:export-list"),
    *("clients:file-open", "clients:file-remove", "clients:file-attach", "invoicing:sending-rules"),
}


def test_attack_58_every_address_that_makes_a_file_or_sends_mail_is_counted():
    words = re.compile(r"pdf|file|csv|zip|export|evidence|send|resend|mail|invite")
    makers = {name: pattern.callback for name, pattern, _ in ADDRESSES if words.search(name)}
    assert set(makers) >= CHEAP
    free = {name for name, view in makers.items() if not getattr(view, "is_costly", False)}
    assert free == CHEAP


def test_an_address_with_an_unknown_row_is_not_found_or_not_a_page(client_of):
    found = answers(client_of("alice"), "brook-co", "get", row_addresses())
    assert {name: status for name, status in found.items() if status not in (404, 405)} == {}


def test_every_page_without_arguments_opens_on_an_empty_practice(client_of):
    pages = [address for address in ADDRESSES if not set(address[2]) - {"practice"}]
    found = answers(client_of("alice"), "brook-co", "get", pages)
    assert {name: status for name, status in found.items() if status not in (200, 302, 303, 405)} == {}


def test_everything_outside_a_practice_is_known():
    outside = {pattern.name for pattern in get_resolver().url_patterns if isinstance(pattern, URLPattern)}
    assert outside == {
        *("front-door", "health", "ready", "metrics", "demo-open"),
        *("account_signup", "styleguide", "invitation-accept", "session-end"),
        *("operator-enter", "operator-leave", "operator-look", "operator-look-end", "operator-health"),
        *("operator-arrival-new", "operator-arrival", "operator-arrival-take-in", "operator-arrival-give-up"),
    }
