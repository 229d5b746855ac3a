"""What points to rows by their ids without being a key, table by table: each is carried over to the new ids.

What is evidence stays byte for byte as it was: a document that was sent, the chain of its events, bodies of webhooks.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.urls import Resolver404, resolve, reverse

#: New id of a row, by its table and the id it had; a row that is gone gets a number that nobody else has.
NewId = Callable[[str, int], int]
Row = dict[str, Any]

CLIENT, PEOPLE, USER = "clients.client", "clients.contactperson", "practices.user"
INVOICE, NOTE = "invoicing.invoice", "invoicing.creditnote"
PROPOSAL, SERVICE, RATE = "proposals.proposal", "services.service", "services.taxrate"

#: Ids in what an entry of the trail, a change or a list of work says, by the name they go under.
NAMED = {
    "client": CLIENT,
    "manager_id": USER,
    "partner_id": USER,
    "invoice": INVOICE,
    "payment": "invoicing.payment",
    "import": "clients.clientimport",
    "job": "practices.job",
    "service": SERVICE,
    "tax_rate": RATE,
    "template": "proposals.proposaltemplate",
    "uplift": "invoicing.feeuplift",
    "user": USER,
}
#: The same for lists; a number under such a name counts something.
LISTED = {
    "clients": CLIENT,
    "invoices": INVOICE,
    "offers": "sage_integration.adoptionoffer",
    "proposals": PROPOSAL,
    "services": SERVICE,
}
#: The same for the keys of what stands under such a name.
KEYED = {"allocations": INVOICE}
#: Filters of lists that are ids.
FILTERS = {
    "manager": USER,
    "partner": USER,
    "tag": "clients.tag",
    "group": "clients.clientgroup",
    "service": SERVICE,
    "client": CLIENT,
}
SUBJECTS = {"contact": CLIENT, "invoice": INVOICE, "credit_note": NOTE}
THINGS = {
    "posting": "ledger.posting",
    "copy": "sage_integration.sagelink",
    "connection": "sage_integration.sageconnection",
}
#: Names of messages, of which none is sent twice: `invoice:12:issued:5` is about invoice 12 and goes to person 5.
EVENTS: list[tuple[re.Pattern[str], tuple[str, ...]]] = [
    (re.compile(pattern), labels)
    for pattern, labels in (
        (r"^invoice:(\d+):.*:(\d+)$", (INVOICE, PEOPLE)),
        (r"^invoice:(\d+):", (INVOICE,)),
        (r"^proposal:(\d+):question:\d+:(\d+)$", (PROPOSAL, USER)),
        (r"^proposal:(\d+):.*member:(\d+)$", (PROPOSAL, USER)),
        (r"^proposal:(\d+):.*:(\d+)$", (PROPOSAL, PEOPLE)),
        (r"^proposal:(\d+):", (PROPOSAL,)),
        (r"^change:(\d+):(\d+)$", ("invoicing.servicechange", PEOPLE)),
        (r"^uplift:(\d+):(\d+):(\d+)$", ("invoicing.feeuplift", CLIENT, PEOPLE)),
        (r"^uplift:(\d+):", ("invoicing.feeuplift",)),
        (r"^disengagement:(\d+):(\d+):(\d+)$", (CLIENT, "practices.auditentry", PEOPLE)),
        (r"^invitation:(\d+)$", ("practices.invitation",)),
        (r"^again:(\d+):", ("practices.outgoingemail",)),
        (r"^sage-needs-reauthorisation:(\d+):(\d+)$", ("practices.auditentry", USER)),
        (r"^sage-alert:(\d+):[^:]*:(\d+)$", ("sage_integration.sageconnection", USER)),
    )
]
#: Pages about one row, by the beginning of their name.
PAGES = {
    "clients:client-": CLIENT,
    "invoicing:invoice-": INVOICE,
    "invoicing:credit-note-": NOTE,
    "proposals:proposal-": PROPOSAL,
    "services:service-": SERVICE,
    "ledger:posting-": "ledger.posting",
    "practices:job-": "practices.job",
}


def carry_over(label: str, row: Row, new: NewId, *, slug: str) -> None:
    """Give every loose reference of the row its new id."""
    if change := CHANGES.get(label):
        change(row, new)
    if label == "practices.jobrow":
        row["url"] = _page(row["url"], new, slug)


def _audit(row: Row, new: NewId) -> None:
    if row["subject_id"] is not None:
        row["subject_id"] = new(row["subject_type"], row["subject_id"])
    row["data"] = _named(row["data"], new)


def _posting(row: Row, new: NewId) -> None:
    row["subject_id"] = new(SUBJECTS[row["kind"].partition(".")[0]], row["subject_id"])


def _attention(row: Row, new: NewId) -> None:
    row["subject_id"] = new(THINGS[row["kind"]], row["subject_id"])


def _merge(row: Row, new: NewId) -> None:
    row["moved"] = {
        kind: [new(PEOPLE if kind == "primary" else kind, each) for each in ids]
        for kind, ids in row["moved"].items()
    }
    row["filled"] = _named(row["filled"], new)


def _run(row: Row, new: NewId) -> None:
    row["refused"] = [[new(CLIENT, client), *reason] for client, *reason in row["refused"]]


def _choices(row: Row, new: NewId) -> None:
    row["accounts"] = {str(new(SERVICE, int(key))): value for key, value in row["accounts"].items()}
    row["rates"] = {str(new(RATE, int(key))): value for key, value in row["rates"].items()}


def _contact(row: Row, new: NewId) -> None:
    row["candidates"] = [each | {"client": new(CLIENT, each["client"])} for each in row["candidates"]]
    label = "sage_integration.sagecontact"
    row["twins"] = [each | {"contact": new(label, each["contact"])} for each in row["twins"]]


def _job(row: Row, new: NewId) -> None:
    asked = _named(row["parameters"], new)
    if "decisions" in asked:
        label = "sage_integration.sagecontact"
        asked["decisions"] = [
            [new(label, contact), act, client and new(CLIENT, client), *rest]
            for contact, act, client, *rest in asked["decisions"]
        ]
    row["parameters"] = asked


def _job_row(row: Row, new: NewId) -> None:
    """What it follows is a document on its way to the ledger; exports of earlier releases do not say."""
    if row.get("follows") is not None:
        row["follows"] = new("ledger.posting", row["follows"])


def _message(row: Row, new: NewId) -> None:
    for pattern, labels in EVENTS:
        if found := pattern.search(row["event"]):
            row["event"] = _replaced(row["event"], found, labels, new)[:120]
            return


def _replaced(text: str, found: re.Match[str], labels: tuple[str, ...], new: NewId) -> str:
    for number in range(len(labels), 0, -1):
        start, end = found.span(number)
        text = f"{text[:start]}{new(labels[number - 1], int(found[number]))}{text[end:]}"
    return text


def _view(row: Row, new: NewId) -> None:
    row["query"] = urlencode(
        [
            (key, str(new(FILTERS[key], int(value))) if key in FILTERS and value.isdecimal() else value)
            for key, value in parse_qsl(row["query"], keep_blank_values=True)
        ]
    )


def _shown(row: Row, _new: NewId) -> None:
    """In the document that was sent it goes by the id it had then."""
    row["shown_as"] = row["shown_as"] or row["id"]


def _page(path: str, new: NewId, slug: str) -> str:
    """The same page of the same row here; none where the row had no page of a kind that is known."""
    try:
        found = resolve(path)
    except Resolver404:
        return ""
    named = dict(found.kwargs)
    label = next((label for start, label in PAGES.items() if found.view_name.startswith(start)), None)
    if set(named) - {"practice", "pk"} or ("pk" in named and label is None):
        return ""
    if label and "pk" in named:
        named["pk"] = new(label, named["pk"])
    return reverse(found.view_name, kwargs=named | ({"practice": slug} if "practice" in named else {}))


def _inside(*names: str) -> Callable[[Row, NewId], None]:
    def change(row: Row, new: NewId) -> None:
        for name in names:
            row[name] = _named(row[name], new)

    return change


def _named(value: Any, new: NewId, label: str = "") -> Any:
    """The same value with each id that goes under a known name changed, however deep."""
    if isinstance(value, dict):
        return {
            key: _keyed(each, new, KEYED[key])
            if key in KEYED and isinstance(each, dict)
            else _named(each, new, _label(key, each))
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_named(each, new, label) for each in value]
    is_id = bool(label) and isinstance(value, int) and not isinstance(value, bool)
    return new(label, value) if is_id else value


def _keyed(value: dict[str, Any], new: NewId, label: str) -> dict[str, Any]:
    return {str(new(label, int(key))) if key.isdecimal() else key: each for key, each in value.items()}


def _label(name: str, value: Any) -> str:
    return NAMED.get(name) or (LISTED.get(name, "") if isinstance(value, list) else "")


CHANGES: dict[str, Callable[[Row, NewId], None]] = {
    "clients.clientmerge": _merge,
    "clients.importrow": _inside("changes"),
    "invoicing.billingrun": _run,
    "invoicing.invoicerevision": _inside("particulars"),
    "invoicing.servicechange": _inside("before", "after"),
    "ledger.posting": _posting,
    "practices.auditentry": _audit,
    "practices.job": _job,
    "practices.jobrow": _job_row,
    "practices.outgoingemail": _message,
    "practices.savedview": _view,
    "proposals.proposalline": _shown,
    "proposals.proposaloption": _shown,
    "proposals.proposaltemplate": _inside("content"),
    "sage_integration.attention": _attention,
    "sage_integration.clientchoices": _choices,
    "sage_integration.copychoices": _inside("lines"),
    "sage_integration.sagecontact": _contact,
}
