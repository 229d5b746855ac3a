"""The price list as a file: out for a spreadsheet, in again by name, prices added and never edited (G60)."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from practices.job_models import Job, JobRow
from practices.tasks import run_jobs
from practices.tenancy import practice_scope
from services.models import Service, TaxRate
from services.operations import add_service


def a_service(name: str, price: str, **values) -> Service:
    """A service with a price since 2020."""
    service = Service(name=name, tax_rate=TaxRate.objects.offered().first(), **values)
    return add_service(service, unit_price=Decimal(price), effective_from=date(2020, 1, 1))


LIBRARY = "/p/brook-co/services/"


def brought(browser, brook, text: str):
    file = SimpleUploadedFile("services.csv", text.encode())
    answer = browser.post(LIBRARY + "import/", {"file": file})
    run_jobs(brook.pk)
    return answer


def test_g60_what_is_exported_comes_back_unchanged(client_of, brook):
    with practice_scope(brook.pk):
        a_service("Payroll", "6.5", billing_basis="unit", unit_name="employee", description="=SUM(A1)")
        a_service("Advice", "90", billing_basis="hourly", billing_mode="manual")
    browser = client_of("alice")
    text = browser.get(LIBRARY + "services.csv").content.decode("utf-8-sig")
    assert "Payroll,,Per unit,employee,6.5,,Standard rate,Automatic,'=SUM(A1)," in text
    assert brought(browser, brook, text).status_code == 303
    with practice_scope(brook.pk):
        assert [row.message for row in JobRow.objects.order_by("position")] == ["Changed", "Changed"]
        payroll = Service.objects.get(name="Payroll")
        assert (payroll.unit_name, payroll.description, payroll.prices.count()) == ("employee", "=SUM(A1)", 1)
        assert Service.objects.get(name="Advice").billing_mode == "manual"


def test_g60_new_names_are_added_known_ones_changed_and_a_new_price_counts_from_today(client_of, brook):
    with practice_scope(brook.pk):
        known = a_service("Bookkeeping", "180")
    text = "Service,Category,Price before VAT,VAT rate\nbookkeeping,Books,190,\nTax return,Tax,£250.00,Zero rate\n"
    brought(client_of("alice"), brook, text)
    with practice_scope(brook.pk):
        known.refresh_from_db()
        assert (known.name, str(known.category)) == ("bookkeeping", "Books")
        assert [price.unit_price for price in known.prices.all()] == [190, 180]
        assert known.prices.first().effective_from == brook.today()
        added = Service.objects.get(name="Tax return")
        assert (added.tax_rate.vat_code, added.billing_basis) == ("zero", "fixed")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("Bad,-5,,", "At least 0"),
        ("Bad,1.23456,,", "digits after the point"),
        ("Bad,5,Luxury rate,", "no VAT rate called"),
        ("Bad,5,,Sometimes", "not one of the available"),
        ("Bad,,,", "Enter a price"),
    ],
)
def test_a_row_that_cannot_be_taken_says_why_and_keeps_no_other(client_of, brook, row, words):
    text = f"Service,Price before VAT,VAT rate,Price type\n{row}\nGood,5,,\n"
    brought(client_of("alice"), brook, text)
    with practice_scope(brook.pk):
        bad, good = JobRow.objects.order_by("position")
        assert (bad.outcome, good.outcome) == ("failed", "done")
        assert words in bad.message
        assert [service.name for service in Service.objects.all()] == ["Good"]
        assert Service.objects.get().prices.get().unit_price == Decimal(5)


@pytest.mark.parametrize("text", ["Name\nA\n", "Service\n", "%PDF-1.7"])
def test_a_file_that_is_none_is_refused_in_words(client_of, brook, text):
    assert brought(client_of("alice"), brook, text).status_code == 422
    with practice_scope(brook.pk):
        assert not Job.objects.exists()


def test_staff_take_the_list_along_and_bring_none(client_of, brook):
    browser = client_of("bob")
    assert browser.get(LIBRARY + "services.csv").status_code == 200
    assert browser.get(LIBRARY + "import/").status_code == 403
