"""Choosing one of the companies that a Sage login can open."""

from dataclasses import dataclass
from itertools import islice

from practices.tenancy import practice_transaction
from sage_integration.businesses import plan_of, refusal_of, refuse_unsuitable
from sage_integration.connections import choose_business, current_connection, leave_company
from sage_integration.errors import NotConnected
from sage_integration.health import is_connected_elsewhere
from sage_integration.models import SageConnection
from sage_integration.sage.resources.businesses import Business
from sage_integration.sessions import open_sage
from sage_integration.sync.reference_data import ReferenceData, read_reference_data, store_reference_data

#: Each company shown costs one request, because Sage's list has no countries (FACTS.md 2).
PAGE = 12


@dataclass(frozen=True)
class Company:
    """One company to choose from; `refusal` says why it cannot be connected.

    `is_elsewhere` is true when another practice of this installation posts to it already.
    """

    id: str
    name: str
    country: str
    plan: str
    refusal: str
    is_elsewhere: bool


@dataclass(frozen=True)
class CompanyPage:
    """Some of the companies, and whether there are more."""

    companies: list[Company]
    number: int
    has_next: bool


def companies_to_choose(connection: SageConnection, *, words: str = "", page: int = 1) -> CompanyPage:
    """Companies of the login whose name holds the words, with country and plan; raises `SageError`."""
    wanted = words.casefold()
    with open_sage(connection, urgent=True) as sage:
        matching = (row for row in sage.businesses.list() if wanted in row["displayed_as"].casefold())
        rows = list(islice(matching, (page - 1) * PAGE, page * PAGE + 1))
        companies = [_company(sage.businesses.get(row["id"])) for row in rows[:PAGE]]
    return CompanyPage(companies, page, has_next=len(rows) > PAGE)


def connect_company(business_id: str, *, queue: str = "") -> SageConnection:
    """The connection bound to this company, its accounts and VAT rates read; all of it or nothing.

    ``queue`` says what becomes of documents that wait for another company, as in `choose_business`.
    Opens transactions of its own. Raises `SageError`, `NotConnected` and what `choose_business` raises.
    """
    business, data = _read_company(business_id)
    with practice_transaction():
        connection = choose_business(business, queue=queue)
        store_reference_data(data)
    return connection


def switch_company(business_id: str, *, queue: str = "") -> SageConnection:
    """The connection bound to another company of the same login, the one before left; as `connect_company` (F87).

    It has to be set up and enabled anew, unless it was used before.
    """
    business, data = _read_company(business_id)
    with practice_transaction():
        leave_company()
        connection = choose_business(business, queue=queue)
        store_reference_data(data)
    return connection


def name_of_company(business_id: str) -> str:
    """What a company of the login is called; raises `SageError`, `NotConnected` or `BusinessUnsuitable`."""
    with open_sage(_connection(), urgent=True) as sage:
        business = sage.businesses.get(business_id)
    refuse_unsuitable(business)
    return business["displayed_as"]


def _read_company(business_id: str) -> tuple[Business, ReferenceData]:
    """A company that can be connected, with its accounts and VAT rates; nothing is stored."""
    connection = _connection()
    with open_sage(connection, urgent=True) as sage:
        business = sage.businesses.get(business_id)
    refuse_unsuitable(business)
    # Read in the name of the company to be, before it is stored as ours.
    connection.business_id = business["id"]
    with open_sage(connection, urgent=True) as sage:
        return business, read_reference_data(sage, business_id)


def _connection() -> SageConnection:
    with practice_transaction():
        connection = current_connection()
    if connection is None:
        raise NotConnected
    return connection


def _company(business: Business) -> Company:
    return Company(
        id=business["id"],
        name=business["displayed_as"],
        country=business["country"]["displayed_as"],
        plan=plan_of(business),
        refusal=refusal_of(business),
        is_elsewhere=is_connected_elsewhere(business["id"]),
    )
