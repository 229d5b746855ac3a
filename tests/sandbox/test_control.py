"""The control endpoint, the accountant's pages and the command."""

import http.client
import re
import signal
import subprocess
import sys
import threading
from contextlib import closing
from urllib.parse import urlencode, urlsplit

import pytest

from sage_sandbox.handle import SandboxHandle, SandboxProblem
from sage_sandbox.server import Sandbox
from sage_sandbox.switches import SWITCHES
from tests.sandbox.conftest import Api
from tests.sandbox.test_oauth import FORM


def form(api, path, referer="/", **fields):
    return api.raw("POST", path, urlencode(fields), FORM | {"Referer": api.sandbox.url + referer})


def page(api, path):
    reply = api.raw("GET", path)
    assert reply.status == 200, path
    return reply.body.decode()


def test_every_switch_names_its_default_its_choices_and_its_point(api):
    listed = api.handle.switches()
    assert set(listed) == set(SWITCHES)
    for name, switch in listed.items():
        assert switch["decides"]
        if name != "rate_limit_per_minute":
            assert switch["value"] == switch["default"]


@pytest.mark.parametrize(
    ("name", "value"), [("nothing", 1), ("put_lines", "perhaps"), ("idempotency", "yes")]
)
def test_a_switch_refuses_what_it_does_not_take(handle, name, value):
    with pytest.raises(SandboxProblem, match="switch"):
        handle.switch(name, value)


def test_reset_brings_back_the_first_day(api, customer):
    api.invoice(customer)
    api.handle.switch("put_lines", "replace")
    api.handle.advance_clock(1000)
    api.handle.arm("status")
    api.handle.reset()
    assert api.handle.sales_invoices() == api.handle.contacts() == api.handle.faults() == []
    assert api.handle.switches()["put_lines"]["value"] == "merge"
    assert api.ask("GET", "/businesses").status == 401, "tokens are gone too"


def test_further_businesses_for_benchmarks(handle):
    ids = handle.add_businesses([f"Bench {number}" for number in range(5)])
    assert len(set(ids)) == 5
    assert handle.business_id("Bench 3") == ids[3]
    with pytest.raises(SandboxProblem):
        handle.business_id("Nobody Ltd")


def test_the_accountant_walks_from_the_businesses_to_an_invoice(api, customer):
    invoice = api.invoice(customer)
    home = page(api, "/")
    assert "Sage sandbox" in home
    books = re.search(r'href="(/businesses/\w+)">Harbour', home)[1]
    link = re.search(r'href="([^"]+)">SI-1<', page(api, books))[1]
    assert link == f"/invoicing/sales_invoices/{invoice['id']}"
    shown = page(api, link)
    assert "Brook &amp; Co" in shown
    assert "<script" not in shown


def test_the_accountant_records_edits_and_deletes_a_payment(api, customer):
    invoice = api.invoice(customer)
    path = f"/invoicing/sales_invoices/{invoice['id']}"
    assert form(api, f"{path}/pay", amount="50", date="2026-01-31").status == 303
    assert api.status(invoice) == "PART_PAID"
    payment = api.handle.contact_payments()[0]
    back = form(api, f"/payments/{payment['id']}/edit", path, amount="120", date="2026-01-31")
    assert (back.status, back.headers["Location"]) == (303, path)
    assert api.status(invoice) == "PAID"
    form(api, f"/payments/{payment['id']}/delete", path)
    assert api.status(invoice) == "UNPAID"


def test_the_accountant_edits_and_voids(api, customer):
    invoice = api.invoice(customer)
    path = f"/invoicing/sales_invoices/{invoice['id']}"
    line = invoice["invoice_lines"][0]["id"]
    form(api, f"{path}/edit", date="2026-01-16", reference="BY HAND", **{f"{line}.unit_price": "200"})
    changed = api.read_invoice(invoice)
    assert (changed["total_amount"], changed["reference"], changed["date"]) == (
        "240.0",
        "BY HAND",
        "2026-01-16",
    )
    refused = form(api, f"{path}/void", path)
    assert refused.status == 422
    assert b"void_reason" in refused.body
    form(api, f"{path}/void", void_reason="twice")
    assert api.status(invoice) == "VOID"


def test_a_description_keeps_its_lines_when_the_accountant_edits_something_else(api, customer):
    """A browser sends the whole form, and ends lines with CRLF whatever they ended with before."""
    text = "\nBookkeeping\n1 March to 31 March"
    invoice = api.invoice(customer, lines=[api.line(description=text)])
    path, key = f"/invoicing/sales_invoices/{invoice['id']}", invoice["invoice_lines"][0]["id"]
    shown = page(api, path)
    assert f'<textarea name="{key}.description" rows="2">\n{text}</textarea>' in shown
    assert "Bookkeeping<br>1 March to 31 March" in shown
    sent = text.replace("\n", "\r\n")
    form(api, f"{path}/edit", **{f"{key}.description": sent, f"{key}.unit_price": "200"})
    changed = api.read_invoice(invoice)["invoice_lines"][0]
    assert (changed["description"], changed["unit_price"]) == (text, "200.0")
    form(api, f"{path}/edit", **{f"{key}.description": "Payroll\r\nMarch"})
    assert api.read_invoice(invoice)["invoice_lines"][0]["description"] == "Payroll\nMarch"


def test_the_accountant_allocates_a_credit_note_and_takes_it_off(api, customer):
    invoice, note = api.invoice(customer), api.credit_note(customer)
    path = f"/invoicing/sales_invoices/{invoice['id']}"
    assert note["displayed_as"] in page(api, path)
    form(api, f"{path}/allocate", artefact_id=note["id"])
    assert api.status(invoice) == "PAID"
    made = api.handle.contact_allocations()[0]
    form(api, f"/allocations/{made['id']}/delete", path)
    assert api.status(invoice) == "UNPAID"
    assert "SCN-2" in page(api, f"/invoicing/sales_credit_notes/{note['id']}")


def test_the_accountant_releases_and_deletes_a_draft(api, customer):
    first, second = (api.invoice(customer, status_id="DRAFT") for _ in range(2))
    form(api, f"/invoicing/sales_invoices/{first['id']}/release")
    assert api.status(first) == "UNPAID"
    gone = form(api, f"/invoicing/sales_invoices/{second['id']}/void")
    assert gone.headers["Location"] == f"/businesses/{api.business}"


def test_the_accountant_adds_a_contact(api):
    path = f"/businesses/{api.business}/contacts"
    assert form(api, path, name="New <b>Ltd</b>", email="a@b.example", city="Leeds").status == 303
    shown = page(api, path)
    assert "New &lt;b&gt;Ltd" in shown
    contact = api.handle.contacts(name="New <b>Ltd</b>")[0]
    assert "Leeds" in page(api, f"/contacts/customers/{contact['id']}")
    assert form(api, path, path, name="").status == 422


@pytest.mark.parametrize(
    "path", ["/nothing", "/invoicing/sales_invoices/0", "/businesses/0", "/payments/0/delete"]
)
def test_pages_that_do_not_exist_say_so(api, path):
    assert api.raw("GET", path).status == 404
    assert form(api, path).status == 404


def test_a_bad_amount_on_a_page_is_a_sentence(api, customer):
    invoice = api.invoice(customer)
    path = f"/invoicing/sales_invoices/{invoice['id']}"
    reply = form(api, f"{path}/pay", path, amount="lots")
    assert reply.status == 422
    assert b"is not an amount" in reply.body


def test_sixteen_connections_are_served_at_once(api):
    host = urlsplit(api.sandbox.url).netloc
    headers = {"Authorization": f"Bearer {api.token}", "X-Business": api.business}
    barrier = threading.Barrier(16)
    statuses = []

    def visit():
        with closing(http.client.HTTPConnection(host, timeout=10)) as connection:
            barrier.wait(timeout=30)
            for _ in range(5):
                connection.request("GET", "/v3.1/contacts", headers=headers)
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)

    threads = [threading.Thread(target=visit) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 80


def test_a_database_file_keeps_everything(tmp_path):
    path = str(tmp_path / "sandbox.sqlite3")
    with Sandbox(path) as first:
        api = Api(first)
        invoice = api.invoice()
        first.handle.switch("put_lines", "replace")
        first.handle.advance_clock(50)
        token = api.token
    with Sandbox(path) as second:
        api = Api(second)
        api.token = token
        assert api.read_invoice(invoice)["invoice_number"] == "SI-1"
        assert second.handle.switches()["put_lines"]["value"] == "replace"


def test_the_command_serves_until_it_is_told_to_stop(tmp_path):
    command = [sys.executable, "-m", "sage_sandbox", "--port", "0", "--db", str(tmp_path / "s.sqlite3")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        url = re.search(r"http://[\d.]+:\d+", process.stdout.readline())[0]
        assert len(SandboxHandle(url).businesses()) == 3
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_the_command_lists_switches_and_faults():
    command = [sys.executable, "-m", "sage_sandbox", "--list"]
    listed = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    assert "put_lines = merge" in listed
    assert "lost_refresh_answer" in listed


def test_the_command_says_when_its_port_is_taken(sandbox):
    port = urlsplit(sandbox.url).port
    command = [sys.executable, "-m", "sage_sandbox", "--port", str(port)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert "cannot listen" in ended.stderr
