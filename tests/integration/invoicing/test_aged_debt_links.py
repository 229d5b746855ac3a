"""From what is owed to the invoices it is owed on."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from invoicing.listing import AGES
from invoicing.models import Invoice
from practices.tenancy import practice_scope
from tests.integration.invoicing.documents import a_client, an_invoice

#: Days since an invoice was due, and the word of the address for it.
DUE = [(-5, "not-due"), (10, "1-30"), (45, "31-60"), (75, "61-90"), (200, "over-90")]


@pytest.mark.parametrize("age", [age for _, age in DUE])
def test_each_figure_of_aged_debt_leads_to_the_invoices_behind_it(brook, client_of, age):
    with practice_scope(brook.pk):
        client = a_client()
        numbers = {}
        for each, word in DUE:
            owed = an_invoice(client, on=brook.today() - timedelta(days=220))
            Invoice.objects.filter(pk=owed.pk).update(due_on=brook.today() - timedelta(days=each))
            numbers[word] = owed.number_label
    browser = client_of("alice")
    debts = browser.get(reverse("invoicing:aged-debt", args=["brook-co"])).text
    address = f"?view=unpaid&amp;client={client.pk}&amp;age={age}"
    assert f'href="/p/brook-co/invoices/{address}"' in debts
    found = browser.get("/p/brook-co/invoices/" + address.replace("&amp;", "&")).text
    assert set(re.findall(r">(INV-\d+)<", found)) == {numbers[age]}
    assert len(AGES) == len(DUE)
