"""FACTS.md 2: base, headers, business selection, settings, plans, roles."""

import pytest

from sage_sandbox.seed import stable_id

QUAYSIDE = "Quayside Advisory Ltd"


def test_the_list_of_businesses_is_one_page_in_snake_case(api):
    listed = api.get("/businesses")
    assert listed["$items_per_page"] == 2147483647
    assert "$itemsPerPage" not in listed
    assert [row["displayed_as"] for row in listed["$items"]] == [
        "Harbour & Pine Ltd",
        "Liffey Books Ltd",
        QUAYSIDE,
    ]
    assert set(listed["$items"][0]) == {"displayed_as", "id", "$path"}


@pytest.mark.parametrize(("order", "first"), [("name", "Harbour & Pine Ltd"), ("reversed", QUAYSIDE)])
def test_their_order_is_a_switch(api, order, first):
    api.handle.switch("business_order", order)
    assert api.get("/businesses")["$items"][0]["displayed_as"] == first


def test_the_country_and_plan_stand_on_the_single_business(api):
    business = api.get(f"/businesses/{api.business}")
    assert business["country"]["id"] == "GB"
    assert business["subscriptions"][0]["id"] == "ACCOUNTING"
    assert business["subscriptions"][0]["active"] is True
    assert api.get("/businesses/lead")["id"] == api.business
    assert api.get(f"/businesses/{api.handle.business_id('Liffey Books Ltd')}")["country"]["id"] == "IE"


def test_answers_echo_the_business_and_carry_a_request_id(api):
    reply = api.ask("GET", "/contacts")
    assert reply.headers["X-Business"] == api.business
    assert len(reply.headers["X-Request-Id"]) == 32
    plain = api.ask("GET", "/businesses")
    assert plain.headers["X-Business"] is None
    assert plain.headers["X-Request-Id"]


def test_without_the_header_the_lead_business_is_used_silently(api):
    reply = api.ask("GET", "/contacts", X_Business=None)
    assert reply.headers["X-Business"] == api.business


@pytest.mark.parametrize("status", ["404", "403"])
def test_an_unknown_business_is_refused(api, status):
    api.handle.switch("unknown_business_status", status)
    assert api.ask("GET", "/contacts", X_Business="0" * 32).status == int(status)


def test_an_id_of_another_business_is_not_found(api, customer):
    quayside = api.handle.business_id(QUAYSIDE)
    assert api.ask("GET", f"/contacts/{customer['id']}", X_Business=quayside).status == 404


def test_a_business_the_login_lost_is_gone_everywhere(api):
    api.handle.change_business(api.business, accessible=False)
    assert api.get("/businesses")["$total"] == 2
    assert api.ask("GET", "/contacts").status == 404
    assert api.ask("GET", f"/businesses/{api.business}").status == 404


def test_no_active_subscription_is_a_401_with_its_text(api):
    api.handle.change_business(api.business, active=False)
    reply = api.ask("GET", "/contacts")
    assert reply.status == 401
    assert reply.json == [
        {
            "$severity": "error",
            "$dataCode": "AuthorizationFailure",
            "$message": "No active subscription. (MSE)",
            "$source": "",
        }
    ]


def test_a_missing_role_is_a_403_with_its_code(api):
    api.handle.change_business(api.business, missing_roles=["Settings"])
    reply = api.ask("GET", "/financial_settings")
    assert reply.status == 403
    assert reply.json[0]["$dataCode"] == "MultiUserAccessDenied"
    assert api.ask("GET", "/tax_rates").status == 200, "one of several areas is enough"


def test_allocations_need_every_one_of_their_roles(api):
    api.handle.change_business(api.business, missing_roles=["Purchases"])
    assert api.ask("GET", "/contact_allocations").status == 200
    assert api.ask("POST", "/contact_allocations", {"contact_allocation": {}}).status == 403


def test_the_standard_plan_cannot_create_credit_notes_until_switched(api):
    quayside = api.handle.business_id(QUAYSIDE)
    body = {"sales_credit_note": {}}
    assert api.ask("POST", "/sales_credit_notes", body, X_Business=quayside).status == 403
    api.handle.switch("credit_notes_on_standard", True)
    assert api.ask("POST", "/sales_credit_notes", body, X_Business=quayside).status == 422


def test_the_start_plan_has_neither_products_nor_allocations(api):
    api.handle.change_business(api.business, plan="T")
    assert api.ask("POST", "/products", {"product": {}}).status == 403
    assert api.ask("POST", "/contact_allocations", {"contact_allocation": {}}).status == 403
    assert api.ask("GET", "/products").status == 200


def test_the_user_can_be_read_and_renamed(api):
    assert api.get("/user")["locale"] == "en-GB"
    reply = api.ask("PUT", "/user", {"user": {"first_name": "Robin"}})
    assert reply.json["displayed_as"] == "Robin Accountant"


def test_invoice_settings_can_be_changed_within_their_limits(api):
    changed = api.ask("PUT", "/invoice_settings", {"invoice_settings": {"next_invoice_number": 500}})
    assert changed.json["next_invoice_number"] == 500
    assert api.invoice()["invoice_number"] == "SI-500"
    refused = api.ask("PUT", "/invoice_settings", {"invoice_settings": {"customer_credit_days": 366}})
    assert (refused.status, refused.sources) == (422, ["customer_credit_days"])


def test_a_locked_period_refuses_documents(api, customer):
    api.handle.change_business(api.business, financial_settings={"year_end_lockdown_date": "2026-03-31"})
    reply = api.ask(
        "POST", "/sales_invoices", {"sales_invoice": api.invoice_body(customer, date="2026-03-31")}
    )
    assert (reply.status, reply.sources) == (422, ["date"])
    assert api.invoice(customer, date="2026-04-01")["status"]["id"] == "UNPAID"


def test_documents_before_the_accounts_start_date_are_refused(api, customer):
    api.handle.change_business(api.business, financial_settings={"accounts_start_date": "2026-02-01"})
    reply = api.ask("POST", "/sales_invoices", {"sales_invoice": api.invoice_body(customer)})
    assert (reply.status, reply.sources) == (422, ["date"])


def test_a_business_that_is_not_registered_for_vat_takes_only_rates_without_tax(api, customer):
    settings = {"financial_settings": {"tax_scheme_id": "NOT_REGISTERED"}}
    assert api.ask("PUT", "/financial_settings", settings).json["tax_scheme"]["id"] == "NOT_REGISTERED"
    reply = api.ask("POST", "/sales_invoices", {"sales_invoice": api.invoice_body(customer)})
    assert reply.sources == ["line_items.tax_rate_id"]
    assert api.invoice(customer, [api.line(tax=None, rate="GB_NO_TAX")])["tax_amount"] == "0.0"


def test_business_settings_name_the_default_sales_account(api):
    defaults = api.get("/business_settings")["default_ledger_accounts"]
    assert defaults["sales_ledger_account"]["displayed_as"] == "Sales - Products (4000)"


def test_ids_are_the_same_on_every_start(api):
    assert api.business == stable_id("business", "Harbour & Pine Ltd")


def test_an_unknown_path_is_404_and_a_wrong_method_405(api):
    assert api.ask("GET", "/nothing").status == 404
    assert api.ask("PATCH", "/contacts").status == 405
