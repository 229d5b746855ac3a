"""Addresses of pages, filled in."""

import pytest
from django.urls import reverse

from practices.addresses import _PLACE, address_of


@pytest.mark.parametrize("slug", ["brook-co", f"x{_PLACE}", f"x{_PLACE + 1}"])
def test_an_address_is_as_django_makes_it_whatever_digits_its_words_hold(slug):
    for number in (7, 8):
        given = {"practice": slug, "pk": number}
        assert address_of("invoicing:invoice-detail", (), given) == reverse(
            "invoicing:invoice-detail", kwargs=given
        )
