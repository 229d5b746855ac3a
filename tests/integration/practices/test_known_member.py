"""Who is signed in is read together with the membership: nobody gets in that Django would keep out."""

import pytest

from practices import prepared
from practices.models import Membership
from practices.remembered import remembered
from tests.factories import PASSWORD
from tests.integration.home.questions import questions_of

PAGE = "/p/brook-co/clients/"


def is_in(browser) -> bool:
    return browser.get(PAGE).status_code == 200


def test_person_and_membership_are_read_with_one_question(client_of, monkeypatch):
    monkeypatch.setattr(prepared, "_keeps_plans", False)  # so that questions are seen in their own words
    browser = client_of("alice")
    browser.get(PAGE)
    asked = questions_of(browser, "/p/brook-co/search/")
    about_people = [sql for sql in asked if '"practices_user"' in sql]
    assert len(about_people) == 1, about_people
    assert "practices_membership" in about_people[0]


def test_a_session_ends_when_the_password_changes_elsewhere(client_of, cast):
    browser = client_of("alice")
    assert is_in(browser)
    cast.alice.set_password(f"{PASSWORD}-anew")
    cast.alice.save()
    assert not is_in(browser)


def test_a_session_ends_when_the_account_is_closed(client_of, cast):
    browser = client_of("alice")
    cast.alice.is_active = False
    cast.alice.save()
    assert not is_in(browser)


def test_a_session_sees_nothing_of_a_practice_that_its_person_has_left(client_of, cast):
    browser = client_of("bob")
    assert is_in(browser)
    Membership.objects.filter(user=cast.bob).delete()
    assert browser.get(PAGE).status_code == 404


@pytest.mark.parametrize("forged", ["0", "-1", "9" * 40])
def test_a_session_of_nobody_gets_in_nowhere(client_of, forged):
    browser = client_of("alice")
    session = browser.session
    session["_auth_user_id"] = forged
    session.save()
    assert not is_in(browser)


def test_nothing_is_remembered_where_something_may_change():
    read = iter([1, 2])
    assert [remembered("figure", lambda: next(read)) for _ in range(2)] == [1, 2]
