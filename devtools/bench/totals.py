"""`./dev bench totals`: random invoices sent to the pretend Sage in process; every total is compared to the penny.

Each invoice is priced as ours are, previewed, mapped to what Sage is sent, and posted to the sandbox's application
without a network between. Three totals have to agree for each: ours, that of the payload by Sage's own rules, and what
the sandbox has stored.
"""

import argparse
import io
import json
import random
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import django

QUANTITIES, PRICES = 10**5, 10**7
MOST_LINES = 6
FIRST_DAY = date(2026, 4, 6)
#: After so many posts a new token is asked for.
POSTS_OF_A_TOKEN = 500
#: Our VAT codes, and the rates of Sage that stand for them.
RATES = {
    "standard": "GB_STANDARD",
    "reduced": "GB_LOWER",
    "zero": "GB_ZERO",
    "exempt": "GB_EXEMPT",
}


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The options of a run."""
    parser = argparse.ArgumentParser(prog="./dev bench totals", description=__doc__)
    add = parser.add_argument
    add("--invoices", type=int, default=10_000, help="how many invoices (10,000)")
    add("--seed", type=int, default=2027, help="where chance begins (2027)")
    add("--json", action="store_true", help="end with one line of JSON on standard output")
    return parser.parse_args(arguments)


def main() -> int:
    """Compare, and print the result; 1 when a single penny differs."""
    options = options_of(sys.argv[1:])
    django.setup()
    result = compare(options.invoices, options.seed)
    if options.json:
        print(json.dumps(result), flush=True)
    else:
        for name, value in result.items():
            print(f"{name:>32}  {value}", file=sys.stderr)
    return 1 if result["differing"] else 0


def compare(count: int, seed: int, **switches: Any) -> dict[str, Any]:
    """How many of so many random invoices differ in net, VAT or gross, and by how much altogether.

    ``switches`` turn the pretend Sage's own: how it rounds, for one.
    """
    started, sage = time.perf_counter(), PretendBooks(**switches)
    differing, lines, apart, ours_gross = 0, 0, Decimal(0), Decimal(0)
    for ours, previewed, stored in _documents(count, random.Random(seed), sage):  # noqa: S311 - chance, no secret
        lines += len(stored["invoice_lines"])
        ours_gross += ours.gross
        theirs = [Decimal(stored[name]) for name in ("net_amount", "tax_amount", "total_amount")]
        differences = [abs(a - b) for a, b in zip((ours.net, ours.vat, ours.gross), theirs, strict=True)]
        differing += previewed != ours or any(differences)
        apart += sum(differences)
    return {
        "invoices": count,
        "lines": lines,
        "seed": seed,
        "differing": differing,
        "difference": str(apart.quantize(Decimal("0.01"))),
        "gross": str(ours_gross),
        "seconds": round(time.perf_counter() - started, 1),
    }


class PretendBooks:
    """The sandbox's application with one business, one customer and the way to post invoices to them."""

    def __init__(self, **switches: Any) -> None:
        from sage_sandbox.application import PretendSage  # noqa: PLC0415 - it is no part of the application

        self._app = PretendSage()
        self._headers: dict[str, str] = {}
        self._control("PUT", "switches", {"rate_limit_per_minute": 0, "rate_limit_per_day": 0, **switches})
        [business, *_] = self._control("GET", "businesses")["items"]
        self._business, self._posted = str(business["id"]), 0
        self._sign_in()
        self.contact = self._control("POST", "contacts", {"business": business["id"], "name": "Acme Ltd"})[
            "id"
        ]
        accounts = self._ask("GET", "/v3.1/ledger_accounts", query="items_per_page=200&attributes=all")[
            "$items"
        ]
        self.account = next(row["id"] for row in accounts if str(row["nominal_code"]) == "4000")

    def post(self, payload: str) -> dict[str, Any]:
        """The invoice as the books have stored it; raises `AssertionError` with Sage's words when it is refused."""
        self._posted += 1
        if not self._posted % POSTS_OF_A_TOKEN:
            self._sign_in()
        return self._ask("POST", "/v3.1/sales_invoices", f'{{"sales_invoice":{payload}}}')

    def _sign_in(self) -> None:
        """Tokens last five minutes, which ten thousand invoices may not fit into."""
        token = self._control("POST", "tokens", {"client_id": "totals", "scope": "full_access"})
        self._headers = {
            "HTTP_AUTHORIZATION": f"Bearer {token['access_token']}",
            "HTTP_X_BUSINESS": self._business,
        }

    def _control(self, method: str, what: str, body: Any = None) -> dict[str, Any]:
        return self._ask(method, f"/_control/{what}", None if body is None else json.dumps(body))

    def _ask(self, method: str, path: str, body: str | None = None, query: str = "") -> dict[str, Any]:
        sent = (body or "").encode()
        status: list[str] = []
        answer = self._app(
            {
                "REQUEST_METHOD": method,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": "application/json",
                "CONTENT_LENGTH": str(len(sent)),
                "wsgi.input": io.BytesIO(sent),
                "HTTP_ACCEPT": "application/json",
                **self._headers,
            },
            lambda line, _headers: status.append(line),
        )
        text = b"".join(answer)
        if not status[0].startswith("2"):
            raise AssertionError(f"{method} {path}: {status[0]} {text.decode()[:300]}")
        found: dict[str, Any] = json.loads(text) if text else {}
        return found


def _documents(
    count: int, chance: random.Random, sage: PretendBooks
) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    """Our amounts, those of the preview, and the document in Sage, one invoice after another."""
    # Imported once Django is set up.
    from clients.models import Client  # noqa: PLC0415
    from invoicing.models import Invoice, InvoiceLine  # noqa: PLC0415
    from invoicing.operations.invoices import price_lines  # noqa: PLC0415
    from sage_integration import mappers  # noqa: PLC0415
    from sage_integration.preview import AsSageShows  # noqa: PLC0415
    from sage_integration.sage.decimals import json_text  # noqa: PLC0415
    from services.models import Service, TaxRate  # noqa: PLC0415

    service = Service(id=1, name="Bookkeeping")
    rates = [TaxRate(id=number, name=code, vat_code=code) for number, code in enumerate(RATES, 1)]
    mappings = mappers.Mappings(
        default_account=sage.account,
        accounts={},
        tax_rates={rate.pk: RATES[rate.vat_code] for rate in rates},
        usable_accounts=frozenset({sage.account}),
        usable_tax_rates=frozenset(RATES.values()),
    )
    rules, client = mappers.Rules(mappings), Client(name="Acme Ltd")
    for number in range(1, count + 1):
        on = FIRST_DAY + timedelta(days=chance.randrange(300))
        lines = [
            InvoiceLine(service=service, name=service.name, tax_rate=chance.choice(rates), **_price(chance))
            for _ in range(chance.randint(1, MOST_LINES))
        ]
        ours = price_lines(lines, on)
        if not ours.gross:
            lines[0].quantity, lines[0].unit_price = Decimal(1), Decimal(1)
            ours = price_lines(lines, on)
        invoice = Invoice(
            client=client,
            number=number,
            tax_point=on,
            due_on=on,
            net=ours.net,
            vat=ours.vat,
            outstanding=ours.gross,
        )
        payload: Any = mappers.sales_invoice(
            invoice, lines, rules, reference=f"INV-{number:06d}-TOTALS", idempotency_id=f"{number:032x}"
        )
        previewed = AsSageShows(invoice, lines, rules).amounts
        yield ours, previewed, sage.post(json_text({**payload, "contact_id": sage.contact}))


def _price(chance: random.Random) -> dict[str, Decimal | None]:
    """Quantity and unit price with every fineness there is, or a price that was agreed with VAT in it."""
    if not chance.randrange(5):
        gross = Decimal(chance.randrange(1, PRICES)) / 100
        return {"quantity": Decimal(1), "unit_price": Decimal(0), "gross_price": gross}
    fine = chance.choice((100, 1000, 10_000))
    return {
        "quantity": Decimal(chance.randrange(1, QUANTITIES)) / 100,
        "unit_price": Decimal(chance.randrange(0, PRICES)) / fine,
        "gross_price": None,
    }


if __name__ == "__main__":
    sys.exit(main())
