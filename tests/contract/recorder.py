"""Holds everything that passes between us and a Sage to the published contract, in any test."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from sage_integration.sage.wire import Response, Wire
from tests.contract.swagger import (
    BASE_PATH,
    Contract,
    ContractBroken,
    Request,
    contract_or_none,
    load_contract,
)


class ContractRecorder:
    """Sees each exchange with an address under /v3.1 and keeps what broke the contract.

    `exchanges` holds method, path and status of each; what a test arms on purpose (5xx, 429, cut
    answers) is no breach.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.exchanges: list[tuple[str, str, int]] = []
        self.breaches: list[ContractBroken] = []

    @contextmanager
    def watching(self) -> Iterator["ContractRecorder"]:
        """Watch what this process sends, by either way; raises the first breach at the end."""
        send = HTTPAdapter.send

        def recorded(
            adapter: HTTPAdapter, sent: requests.PreparedRequest, *args, **options
        ) -> requests.Response:
            request = self._request(sent.method, sent.url, sent.headers, sent.body)
            if request is None:
                return send(adapter, sent, *args, **options)
            return self._checked(request, lambda: send(adapter, sent, *args, **{**options, "stream": False}))

        send_by_wire = Wire.request

        def recorded_by_wire(wire: Wire, method: str, url: str, **options) -> Response:
            request = self._request(method, url, options["headers"], options["data"])
            if request is None:
                return send_by_wire(wire, method, url, **options)
            return self._checked(request, lambda: send_by_wire(wire, method, url, **options))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(HTTPAdapter, "send", recorded)
            patch.setattr(Wire, "request", recorded_by_wire)
            yield self
        if self.breaches:
            raise self.breaches[0]

    def _note(self, check) -> None:
        try:
            check()
        except ContractBroken as breach:
            self.breaches.append(breach)

    def _checked(self, request: Request, send):
        self._note(lambda: self._contract.check_request(request))
        response = send()
        self.exchanges.append((request.method, request.path, response.status_code))
        headers = CaseInsensitiveDict(response.headers)
        self._note(
            lambda: self._contract.check_answer(request, response.status_code, headers, response.content)
        )
        return response

    def _request(self, method, url, headers, body) -> Request | None:
        parts = urlsplit(url or "")
        if not parts.path.startswith(f"{BASE_PATH}/"):
            return None
        body = body or b""
        return Request(
            method=method or "",
            path=parts.path.removeprefix(BASE_PATH),
            query=parts.query,
            headers=dict(headers),
            content=body.encode() if isinstance(body, str) else body,
        )


@pytest.fixture(scope="session")
def contract() -> Contract:
    """Sage's published contract; skips the test where it is absent."""
    return load_contract()


@pytest.fixture
def sage_contract(contract: Contract) -> Iterator[ContractRecorder]:
    """All exchanges of this test are held to the contract."""
    with ContractRecorder(contract).watching() as recorder:
        yield recorder


@pytest.fixture
def sage_contract_if_known() -> Iterator[ContractRecorder | None]:
    """As `sage_contract`, for tests that have more to say and run without the documents too."""
    contract = contract_or_none()
    if contract is None:
        yield None
        return
    with ContractRecorder(contract).watching() as recorder:
        yield recorder
