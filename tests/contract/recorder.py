"""Holds everything that passes between us and a Sage to the published contract, in any test."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter

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
        """Watch what this process sends through `requests`; raises the first breach at the end."""
        send = HTTPAdapter.send

        def recorded(
            adapter: HTTPAdapter, sent: requests.PreparedRequest, *args, **options
        ) -> requests.Response:
            request = self._request(sent)
            if request is None:
                return send(adapter, sent, *args, **options)
            self._note(lambda: self._contract.check_request(request))
            response = send(adapter, sent, *args, **{**options, "stream": False})
            self.exchanges.append((request.method, request.path, response.status_code))
            headers = dict(response.headers)
            self._note(
                lambda: self._contract.check_answer(request, response.status_code, headers, response.content)
            )
            return response

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(HTTPAdapter, "send", recorded)
            yield self
        if self.breaches:
            raise self.breaches[0]

    def _note(self, check) -> None:
        try:
            check()
        except ContractBroken as breach:
            self.breaches.append(breach)

    def _request(self, sent: requests.PreparedRequest) -> Request | None:
        parts = urlsplit(sent.url or "")
        if not parts.path.startswith(f"{BASE_PATH}/"):
            return None
        body = sent.body or b""
        return Request(
            method=sent.method or "",
            path=parts.path.removeprefix(BASE_PATH),
            query=parts.query,
            headers=dict(sent.headers),
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
