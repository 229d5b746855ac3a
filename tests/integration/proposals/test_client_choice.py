"""The client of a draft: found by a few letters, or added on the spot."""

from django.urls import reverse

from clients.models import Client
from practices.tenancy import practice_scope
from tests.integration.proposals.offers import a_client

HTMX = {"HX-Request": "true"}


def at(name: str) -> str:
    return reverse(f"proposals:{name}", args=["brook-co"])


def test_f47_the_client_is_found_by_a_few_letters(client_of, brook):
    with practice_scope(brook.pk):
        client = a_client("Mara Hill", name="Harbour Bakery Ltd")
    browser = client_of("alice")
    assert f'value="{client.pk}"' in browser.get(at("client-pick"), {"client_words": "Harb"}).text
    assert "No client here matches" in browser.get(at("client-pick"), {"client_words": "zzz"}).text
    assert "Harbour Bakery Ltd" in browser.get(at("proposal-new"), {"client": client.pk}).text


def test_without_any_client_the_fields_for_a_new_one_stand_open(client_of, brook):
    browser = client_of("alice")
    fold = '<details class="fold" open><summary>'
    assert fold in browser.get(at("proposal-new")).text
    assert fold not in browser.get(at("proposal-new"), {"client_words": "zzz"}).text
    with practice_scope(brook.pk):
        a_client("Mara Hill")
    assert fold not in browser.get(at("proposal-new")).text


def test_g02_a_client_is_added_and_chosen_without_leaving_the_draft(client_of, brook):
    browser = client_of("alice")
    entered = {
        "new_client": "Fenwick Joinery",
        "new_person": "Tom Fenwick",
        "new_email": "tom@fenwick.example",
    }
    answer = browser.post(at("client-add"), entered, headers=HTMX)
    with practice_scope(brook.pk):
        client = Client.objects.get(name="Fenwick Joinery")
        assert [(person.name, person.is_primary) for person in client.people.all()] == [("Tom Fenwick", True)]
    assert f'value="{client.pk}" checked' in answer.text
    again = browser.post(at("client-add"), entered, headers=HTMX)
    assert again.status_code == 422
    assert "has the same name or e-mail address" in again.text
    other = browser.post(at("client-add"), {**entered, "new_is_another": "on"})
    assert other.status_code == 303
    assert "Fenwick Joinery" in browser.get(other.headers["Location"]).text
    nameless = browser.post(at("client-add"), {**entered, "new_client": ""}, headers=HTMX)
    assert "This field is required" in nameless.text
