"""A Sage that answers from a list, and a transport to it: no socket is opened."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import responses

from sage_integration.sage.client import SageClient
from sage_integration.sage.transport import Transport

BASE = "https://sage.test/v3.1"
BUSINESS = "0d40342d0287cd6b13555c54afca6c90"


@pytest.fixture
def sage() -> Iterator[responses.RequestsMock]:
    """Answers to the requests of one test, in order; each must be asked for."""
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch) -> list[float]:
    """The pauses that were asked for, none of which was made."""
    asked: list[float] = []
    monkeypatch.setattr("sage_integration.sage.transport.time.sleep", asked.append)
    return asked


@pytest.fixture
def seen() -> SimpleNamespace:
    """What a transport told its callbacks."""
    return SimpleNamespace(exchanges=[], refreshed=[], acquired=[])


@pytest.fixture
def transport(seen) -> Iterator[Transport]:
    """A transport with a token that a refresh replaces."""

    def refresh(stale: str) -> str:
        seen.refreshed.append(stale)
        return "newer-token"

    made = Transport(
        BASE,
        BUSINESS,
        lambda: "token",
        refresh=refresh,
        acquire=lambda: seen.acquired.append(1),
        on_exchange=seen.exchanges.append,
    )
    yield made
    made.close()


@pytest.fixture
def client(transport) -> SageClient:
    """The client over that transport."""
    return SageClient(transport)
