"""Choices are drawn by a template of our own, as Django draws them."""

import re

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates, TemplatesSetting

CHOICES = [("", "Choose"), ("a", "Ann & Co"), ("b", "<Bob>"), ("Others", [("c", "Cy"), (4, "Four")])]


@pytest.mark.parametrize("value", ["", "a", "c", 4, None, "gone"])
@pytest.mark.parametrize("widget", [forms.Select, forms.SelectMultiple])
def test_a_list_of_choices_is_the_one_django_draws(widget, value):
    attributes = {"id": "id_client", "required": True, "disabled": False, "data-words": "a < b"}
    values = [value] if widget is forms.SelectMultiple else value
    ours, djangos = (
        widget(choices=CHOICES).render("client", values, attributes, renderer)
        for renderer in (TemplatesSetting(), DjangoTemplates())
    )
    assert re.sub(r"\s*\n\s*", "", ours) == re.sub(r"\s*\n\s*", "", djangos)
    assert "\n  <option" in djangos
    assert "\n  <option" not in ours
