"""A remote that costs next to nothing: it takes invoices as Sage does, and counts what arrived.

`./dev bench push --remote lean` sends to it instead of to the pretend Sage, whose own rules cost more than what is
measured. It knows idempotency ids, so that a repeat makes no second document, and it adds up lines, so that totals are
compared. It has no limits, no faults and no look-ups; everything but creating an invoice is asked of the pretend Sage.
"""

import asyncio
import json
import sys
import time
from collections import defaultdict
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sage_sandbox.handle import SandboxHandle

Doc = dict[str, Any]


class LeanHandle(SandboxHandle):
    """The pretend Sage's handle, with requests and invoices as the lean remote saw them."""

    def __init__(self, url: str, lean: str) -> None:
        super().__init__(url)
        self._lean = SandboxHandle(lean)

    def requests(self, method: str | None = None, path: str | None = None, since: int = 0) -> list[Doc]:
        return self._lean.requests(method, path, since)

    def summary(self) -> Doc:
        return self._lean.summary()

    def forget_requests(self) -> None:
        self._lean.forget_requests()

    def records(self, kind: str, business: str | None = None, *, deleted: bool = False) -> list[Doc]:
        if kind == "sales_invoices":
            return self._lean.records(kind, business)
        return super().records(kind, business, deleted=deleted)


class Remote(asyncio.Protocol):
    """One kept connection; requests come one after the other."""

    #: By business: what was answered to each idempotency id, and the references, one for each document.
    answers: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
    references: defaultdict[str, list[str]] = defaultdict(list)
    requests: list[Doc] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if len(rest) < (length := int(headers.get("content-length", 0))):
            return
        self._buffer = rest[length:]
        method, target, _ = first.split(" ", 2)
        status, body = self._answer(method, target, headers, rest[:length])
        business = headers.get("x-business", "")
        self._transport.write(
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nX-Business: {business}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )

    def _answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if (method, target) == ("POST", "/v3.1/sales_invoices"):
            started = time.monotonic()
            answer = self._stored(
                headers["x-business"], json.loads(body, parse_float=Decimal)["sales_invoice"]
            )
            self.requests.append(
                {
                    "method": "POST",
                    "path": "/sales_invoices",
                    "status": 201,
                    "business": headers["x-business"],
                    "started": started,
                    "ended": time.monotonic(),
                }
            )
            return 201, answer
        return self._told(method, target)

    def _stored(self, business: str, sent: Doc) -> bytes:
        known = self.answers[business]
        if (again := known.get(sent["idempotency_id"])) is not None:
            return again
        self.references[business].append(sent["reference"])
        lines = [_line(line) for line in sent["invoice_lines"]]
        net = sum(Decimal(line["net_amount"]) for line in lines)
        vat = sum(Decimal(line["tax_amount"]) for line in lines)
        number = f"SI-{len(self.references[business])}"
        answer = {
            "id": sent["idempotency_id"],
            "displayed_as": number,
            "invoice_number": number,
            "status": {"id": "UNPAID"},
            "contact": {"id": sent["contact_id"], "displayed_as": ""},
            "date": sent["date"],
            "due_date": sent["due_date"],
            "reference": sent["reference"],
            "net_amount": str(net),
            "tax_amount": str(vat),
            "total_amount": str(net + vat),
            "invoice_lines": lines,
            "links": [],
        }
        known[sent["idempotency_id"]] = json.dumps(answer).encode()
        return known[sent["idempotency_id"]]

    def _told(self, method: str, target: str) -> tuple[int, bytes]:
        """What the bench asks about what arrived."""
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        if parts.path == "/_control/requests" and method == "DELETE":
            self.requests.clear()
            return 200, b"{}"
        if parts.path == "/_control/requests":
            since = int(query.get("since", ["0"])[0])
            return 200, json.dumps({"items": self.requests[since:]}).encode()
        if parts.path == "/_control/summary":
            return 200, json.dumps({"requests": len(self.requests)}).encode()
        if parts.path == "/_control/records/sales_invoices":
            found = [{"reference": each} for each in self.references[query["business"][0]]]
            return 200, json.dumps({"items": found}).encode()
        return 404, b"[]"


def _line(sent: Doc) -> Doc:
    net = (Decimal(sent["quantity"]) * Decimal(sent["unit_price"])).quantize(Decimal("0.01"))
    vat = Decimal(sent["tax_amount"])
    return {
        "id": "",
        "description": sent["description"],
        "ledger_account": {"id": sent["ledger_account_id"]},
        "tax_rate": {"id": sent["tax_rate_id"]},
        "quantity": str(sent["quantity"]),
        "unit_price": str(sent["unit_price"]),
        "net_amount": str(net),
        "tax_amount": str(vat),
        "total_amount": str(net + vat),
    }


async def serve(port: int) -> None:
    """Serve until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Remote, "127.0.0.1", port, backlog=256)
    print(f"Lean remote at port {port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
