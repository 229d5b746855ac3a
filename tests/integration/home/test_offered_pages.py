"""Nobody is led to a page that is closed to them: what somebody else does is said in words, without a link."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from clients.likeness import Verdict
from clients.operations import archive_client
from practices.permissions import Role
from practices.tenancy import practice_scope
from sage_integration.models import SageContact, TaxRateMapping
from tests.factories import member, user
from tests.integration.invoicing.documents import a_client
from tests.sage import connected

HOME = "/p/brook-co/"
STEPS = f"{HOME}first-steps/"
LINK = re.compile(r'<a [^>]*?href="(/p/[^"#]+)')


@pytest.fixture
def colleague(brook, client):
    """A browser of a new member with a role."""

    def sign_in(role: str):
        person = user(role.title(), f"{role}@brook.example")
        member(brook, person, role)
        client.force_login(person)
        return client

    return sign_in


def links_of(browser, page: str) -> set[str]:
    shown = browser.get(page).content.decode().replace("&amp;", "&")
    return set(LINK.findall(shown[shown.index("<main") : shown.index("</main>")]))


@pytest.mark.parametrize("role", [Role.STAFF, Role.READ_ONLY])
def test_no_link_of_home_or_the_first_steps_is_closed_to_a_colleague(brook, sage, colleague, role):
    connection = connected(brook, sage)
    with practice_scope(brook.pk):
        TaxRateMapping.objects.all().delete()
        SageContact.objects.create(
            business_id=connection.business_id,
            sage_id="x",
            name="X",
            verdict=Verdict.DOUBTFUL,
            changed_at=timezone.now(),
            seen_at=timezone.now(),
        )
    browser = colleague(role)
    home = browser.get(HOME)
    assert "not mapped to Sage" in home.content.decode()
    assert "customer in Sage needs a decision" in home.content.decode()
    assert home.context["first_steps"]["left"]
    for link in sorted(links_of(browser, HOME) | links_of(browser, STEPS)):
        assert browser.get(link).status_code != 403, link


def test_the_first_steps_lead_an_owner_and_tell_a_colleague_who_can_do_them(colleague, client_of):
    assert reverse("practices:profile-edit", args=["brook-co"]) in links_of(client_of("alice"), STEPS)
    shown = colleague(Role.READ_ONLY).get(STEPS).content.decode()
    assert "Fill in the practice&#x27;s profile" in shown
    assert "An owner can do it." in shown


def test_an_empty_list_offers_to_begin_only_to_who_may(brook, colleague, client_of):
    pages = {
        reverse(name, args=["brook-co"]): reverse(offered, args=["brook-co"])
        for name, offered in [
            ("proposals:proposal-list", "proposals:proposal-new"),
            ("proposals:proposal-pipeline", "proposals:proposal-new"),
            ("clients:client-list", "clients:client-new"),
            ("services:service-list", "services:starter-list"),
            ("invoicing:uplift-list", "invoicing:uplift-new"),
        ]
    }
    for page, offered in pages.items():
        assert offered in links_of(client_of("alice"), page)
    browser = colleague(Role.READ_ONLY)
    for page, offered in pages.items():
        assert offered not in links_of(browser, page), page


def test_a_client_without_services_is_offered_its_own_proposal_unless_archived_or_not_allowed(
    brook, colleague, client_of
):
    with practice_scope(brook.pk):
        served = a_client()
    page = reverse("invoicing:client-services", args=["brook-co", served.pk])
    new = reverse("proposals:proposal-new", args=["brook-co"])

    def offers(browser) -> list[str]:
        shown = browser.get(page).content.decode()
        return [link for link in LINK.findall(shown[shown.index("No services yet") :]) if new in link]

    assert offers(client_of("alice")) == [f"{new}?client={served.pk}"]
    assert offers(colleague(Role.READ_ONLY)) == []
    with practice_scope(brook.pk):
        archive_client(served)
    assert offers(client_of("alice")) == []
