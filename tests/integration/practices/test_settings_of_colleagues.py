"""What a colleague without the right to change settings is shown of them: nothing that leads into a refusal."""

import re

import pytest

from tests.sage import signed_in


def test_every_tab_of_the_settings_opens_for_a_colleague_who_sees_it(client_of, brook):
    bob = client_of("bob")
    page = bob.get(f"/p/{brook.slug}/settings/").content.decode()

    tabs = re.search(r'<nav class="tabs".*?</nav>', page, re.DOTALL).group()
    addresses = re.findall(r'href="([^"]+)"', tabs)

    assert len(addresses) > 4
    assert [bob.get(address).status_code for address in addresses] == [200] * len(addresses)


@pytest.mark.parametrize(("who", "is_locked"), [("alice", False), ("bob", True)])
@pytest.mark.parametrize("address", ["settings/", "clients/settings/"])
def test_fields_are_locked_for_whoever_may_not_save_them(client_of, brook, who, is_locked, address):
    page = client_of(who).get(f"/p/{brook.slug}/{address}").content.decode()

    assert bool(re.search(r"<fieldset[^>]* disabled", page)) is is_locked


@pytest.mark.parametrize(("who", "is_led"), [("alice", True), ("bob", False)])
def test_only_whoever_connects_sage_is_led_through_the_steps(client_of, brook, sage, who, is_led):
    signed_in(brook)

    page = client_of(who).get(f"/p/{brook.slug}/sage/").content.decode()

    assert ("Setting up Sage" in page) is is_led
