"""Which part of the menu a page stands under."""

import pytest

from ignition.shell import navigation

NOTHING = {"need_you": 0, "waiting": 0}


@pytest.mark.parametrize(
    ("page", "part"),
    [
        ("", "Home"),
        ("pictures/", "Home"),
        ("first-steps/", "Home"),
        ("jobs/3/", "Home"),
        ("clients/3/data/", "Clients"),
        ("clients/settings/", "Settings"),
        ("sage/clients/3/", "Clients"),
        ("sage/app-clients/", "Clients"),
        ("sage/clients/", "Sage"),
        ("proposals/clients/3/", "Clients"),
        ("proposals/clients/3/disengagement/", "Clients"),
        ("proposals/clients/", "Proposals"),
        ("proposals/3/", "Proposals"),
        ("credit-notes/", "Invoices"),
        ("service-use/", "Library"),
        ("weekly-summary/", "Settings"),
    ],
)
def test_every_page_lights_one_part_of_the_menu(page, part):
    shown = navigation(f"/p/brook-co/{page}", "brook-co", NOTHING)
    assert [item["label"] for item in shown if item["active"]] == [part]
