"""What the pages call a draft."""

import re

import pytest
from django.urls import reverse

from practices.tenancy import practice_scope
from tests.integration.invoicing.documents import a_draft

CHIP = re.compile(r'<span class="badge"(?:(?!</span>).)*</svg>([^<]*)</span>', re.DOTALL)


@pytest.mark.parametrize("name", ["invoice-detail", "invoice-list", "client-invoices"])
def test_a_draft_is_called_a_draft_once(brook, client_of, name):
    with practice_scope(brook.pk):
        draft = a_draft()
    whose = {"invoice-detail": [draft.pk], "client-invoices": [draft.client_id]}.get(name, [])
    page = client_of("alice").get(reverse(f"invoicing:{name}", args=[brook.slug, *whose])).content.decode()
    assert [chip for chip in CHIP.findall(page) if "Draft" in chip] == ["Draft"]
