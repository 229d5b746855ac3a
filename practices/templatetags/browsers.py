"""Browsers on screen."""

from django import template

from practices.browsers import browser_in_words

register = template.Library()
register.filter("browser_in_words", browser_in_words)
