"""Why Sage refused: looked up there, because its own words are vague and often name the wrong field (FACTS.md 15.8).

Asked only after a refusal, and only with reads. A refusal stored nothing, so nothing here can make a second one.
"""

from collections.abc import Callable, Iterator

import structlog

from practices.tenancy import practice_transaction
from sage_integration.connections import current_connection
from sage_integration.contact_links import why_unusable
from sage_integration.mappers import Rules
from sage_integration.mappings import load_rules
from sage_integration.models import ContactLink, SageLedgerAccount, SageTaxRate
from sage_integration.preview import closed_period
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import (
    AccessDenied,
    AccountNotMapped,
    NotInSage,
    RateNotMapped,
    ReauthorisationRequired,
    SageError,
)
from sage_integration.sync.drafts import Draft
from sage_integration.sync.errors import BusinessGone, ContactUnusable
from sage_integration.sync.reference_data import keep_financial_settings

log = structlog.get_logger(__name__)


def why_denied(error: SageError, business_id: str, sage: SageClient) -> SageError:
    """What a 403 or 404 means for the connection as a whole, else the error itself.

    A login that lost the company must not go on as if one document were wrong, and nothing may go elsewhere.
    """
    try:
        opens = any(business["id"] == business_id for business in sage.businesses.list())
    except AccessDenied as denied:
        # Refused on every call: the grant itself is gone (FACTS.md 1.2).
        return ReauthorisationRequired(status=denied.status, request_id=denied.request_id)
    except SageError:
        return error
    if opens:
        return error
    return BusinessGone(status=error.status, problems=error.problems, request_id=error.request_id)


def why_refused(error: SageError, draft: Draft, link: ContactLink, sage: SageClient) -> SageError:
    """The refusal of a document in terms that a person can act on; the error itself where Sage shows no reason."""
    try:
        reason = next(_reasons(draft, link, sage), None)
    except SageError as unanswered:
        log.info("a refusal could not be looked into", failure=type(unanswered).__name__)
        reason = None
    if reason is None:
        return error
    reason.status, reason.problems, reason.request_id = error.status, error.problems, error.request_id
    return reason


def _reasons(draft: Draft, link: ContactLink, sage: SageClient) -> Iterator[SageError]:
    """What is wrong, most likely first; each costs at most a few reads."""
    if problem := _contact_problem(draft, link, sage):
        yield ContactUnusable(problem)
    yield from _closed_period(draft, sage)
    payload = draft.document.payload()
    accounts = {line["ledger_account_id"] for line in payload["invoice_lines"]}
    for account_id in sorted(accounts):
        if _is_gone(sage.ledger_accounts.get, account_id, "visible_in_sales"):
            name = _mark_unusable(SageLedgerAccount, account_id)
            yield AccountNotMapped(f"“{name}” is hidden in Sage, gone, or not for sales any more")
    for rate_id in sorted({line["tax_rate_id"] for line in payload["invoice_lines"]}):
        if _is_gone(sage.tax_rates.get, rate_id, "is_visible"):
            name = _mark_unusable(SageTaxRate, rate_id)
            yield RateNotMapped(f"Sage no longer offers the rate “{name}”")


def _contact_problem(draft: Draft, link: ContactLink, sage: SageClient) -> str:
    try:
        contact = sage.contacts.get(link.sage_contact_id)
    except NotInSage:
        return f"the contact of “{draft.invoice.client.name}” was deleted or merged in Sage"
    return why_unusable(contact, currency=draft.document.rules.currency)


def _closed_period(draft: Draft, sage: SageClient) -> Iterator[SageError]:
    """The lock may have moved since the settings were read last: what is found is kept for the next invoice."""
    rules = read_settings_again(sage)
    if rules and (refusal := closed_period(draft.document.day, rules)):
        yield refusal


def read_settings_again(sage: SageClient) -> Rules | None:
    """The rules by the settings that hold in Sage now, kept here too; None where the login may not see them."""
    try:
        settings = sage.financial_settings.get()
    except AccessDenied:
        return None
    with practice_transaction():
        connection = current_connection()
        if connection is None:
            return None
        keep_financial_settings(connection, settings)
        return load_rules(connection)


def _is_gone(get: Callable[[str], object], record_id: str, shown_by: str) -> bool:
    try:
        record = get(record_id)
    except NotInSage:
        return True
    return isinstance(record, dict) and record.get(shown_by) is False


def _mark_unusable(model: type[SageLedgerAccount] | type[SageTaxRate], sage_id: str) -> str:
    """The pages say at once what the nightly reading would have found; its name."""
    with practice_transaction():
        known = model.objects.filter(sage_id=sage_id)
        known.update(is_usable=False)
        found = known.first()
    return str(found) if found else sage_id
