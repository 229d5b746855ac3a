"""FACTS.md 7, 8.1, 12, 16: accounts, rates, word lists, catalogue."""

import pytest


def test_the_sales_accounts_of_the_uk_chart(api):
    rows = api.get("/ledger_accounts", visible_in="sales", items_per_page=200, attributes="all")["$items"]
    assert [row["nominal_code"] for row in rows] == [4000, 4010, 4020, 4200, 4900, 4910]
    assert all("sales" in row["visible_scopes"] for row in rows)
    assert all(row["ledger_account_group"]["id"] == "INCOME" for row in rows)
    assert rows[4]["display_formatted"] == "4900 - Other income"
    assert rows[4]["displayed_as"] == "Other income (4900)"


def test_accounts_can_be_filtered_and_added(api):
    assert api.get("/ledger_accounts", ledger_account_type_id="OVERHEADS")["$total"] == 5
    assert api.get("/ledger_accounts", show_control_accounts="true")["$total"] == 5
    assert api.get("/ledger_accounts", search="carriage")["$total"] == 2
    body = {
        "ledger_account_type_id": "SALES",
        "included_in_chart": True,
        "name": "Advisory",
        "display_name": "Advisory",
        "nominal_code": 4050,
        "visible_in_sales": True,
    }
    made = api.create("ledger_accounts", "ledger_account", **body)
    assert made["displayed_as"] == "Advisory (4050)"
    again = api.ask("POST", "/ledger_accounts", {"ledger_account": body})
    assert (again.status, again.sources) == (422, ["nominal_code"])
    hidden = api.ask(
        "PUT", f"/ledger_accounts/{made['id']}", {"ledger_account": {"visible_in_sales": False}}
    ).json
    assert hidden["visible_in_sales"] is False
    assert api.ask("DELETE", f"/ledger_accounts/{made['id']}").status == 405


def test_the_five_uk_rates_and_the_irish_ones(api):
    rows = api.get("/tax_rates", attributes="all")["$items"]
    assert {row["id"]: row["percentage"] for row in rows} == {
        "GB_STANDARD": "20.0",
        "GB_LOWER": "5.0",
        "GB_ZERO": "0.0",
        "GB_EXEMPT": "0.0",
        "GB_NO_TAX": "0.0",
    }
    assert api.get("/tax_rates/GB_LOWER")["displayed_as"] == "Lower Rate 5.00%"
    assert api.ask("POST", "/tax_rates", {"tax_rate": {}}).status == 403, "for businesses in the US only"
    irish = api.ask("GET", "/tax_rates", X_Business=api.handle.business_id("Liffey Books Ltd")).json
    assert irish["$items"][0]["id"] == "IE_STANDARD"


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("payment_methods", "ELECTRONIC"),
        ("artefact_statuses", "PART_PAID"),
        ("transaction_types", "CUSTOMER_RECEIPT"),
        ("contact_types", "CUSTOMER"),
        ("countries", "GB"),
        ("currencies", "GBP"),
        ("catalog_item_types", "PRODUCT"),
        ("bank_account_types", "CHECKING"),
        ("ledger_account_types", "SALES"),
        ("address_types", "SALES"),
        ("tax_schemes", "NOT_REGISTERED"),
    ],
)
def test_word_lists(api, kind, key):
    assert key in [row["id"] for row in api.get(f"/{kind}")["$items"]]
    assert api.get(f"/{kind}/{key}")["$path"] == f"/{kind}/{key}"
    assert api.ask("GET", f"/{kind}/NOTHING").status == 404


def test_bank_accounts(api):
    rows = api.get("/bank_accounts", attributes="all")["$items"]
    assert [row["bank_account_type"]["id"] for row in rows] == ["CHECKING", "CASH_IN_HAND"]
    assert api.get(f"/bank_accounts/{rows[0]['id']}")["displayed_as"] == "Current (1200)"


def test_products_and_services_have_a_price_of_each_type(api):
    body = {"description": "Payroll", "sales_ledger_account_id": api.account(), "item_code": "PAY"}
    missing = api.ask("POST", "/products", {"product": body})
    assert missing.sources == ["purchase_ledger_account_id"]
    product = api.create(
        "products",
        "product",
        **body,
        purchase_ledger_account_id=api.account(5000),
        sales_prices=[{"price": "12.50", "price_name": "Sales Price"}],
    )
    assert [price["price"] for price in product["sales_prices"]] == ["12.5", "0.0", "0.0"]
    assert product["catalog_item_type"]["id"] == "PRODUCT"
    assert product["active"] is None
    assert api.get("/products", active="true", search="pay")["$total"] == 1
    service = api.create("services", "service", **body, sales_rates=[{"rate": 80}])
    assert service["sales_rates"][0]["rate"] == "80.0"
    renamed = api.ask(
        "PUT", f"/services/{service['id']}", {"service": {"description": "Wages", "active": False}}
    )
    assert renamed.json["displayed_as"] == "Wages"
    assert api.get("/services", active="true")["$total"] == 0
    assert api.ask("DELETE", f"/services/{service['id']}").status == 204


def test_price_types_can_be_added(api):
    made = api.create("product_sales_price_types", "product_sales_price_type", name="Retainer")
    assert made["displayed_as"] == "Retainer"
    assert api.get("/product_sales_price_types")["$total"] == 4
    assert api.ask("POST", "/service_rate_types", {"service_rate_type": {}}).sources == ["name"]


@pytest.mark.parametrize(
    ("change", "source"),
    [
        ({"description": ""}, "description"),
        ({"item_code": "x" * 256}, "item_code"),
        ({"sales_ledger_account_id": "0"}, "sales_ledger_account_id"),
        ({"sales_tax_rate_id": "XX"}, "sales_tax_rate_id"),
        ({"sales_rates": "none"}, "sales_rates"),
        ({"cost_price": "much"}, "rate"),
    ],
)
def test_limits_of_a_service(api, change, source):
    body = {"description": "Payroll", "sales_ledger_account_id": api.account(), **change}
    assert source in api.ask("POST", "/services", {"service": body}).sources


def test_an_item_on_a_document_stays(api, customer):
    product = api.create(
        "products",
        "product",
        description="Payroll",
        sales_ledger_account_id=api.account(),
        purchase_ledger_account_id=api.account(5000),
    )
    invoice = api.invoice(customer, [api.line(product_id=product["id"])])
    assert invoice["invoice_lines"][0]["product"]["id"] == product["id"]
    assert api.ask("DELETE", f"/products/{product['id']}").status == 422
