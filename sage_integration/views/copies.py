"""Copies in Sage from a person's side: check, update, copy once more, see what differs and decide."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import islice
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from invoicing.models import Invoice
from invoicing.queries import postings_of
from invoicing.revisions import as_of
from ledger.models import Posting
from practices import audit
from practices.errors import DomainError
from practices.permissions import Can, may
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.tenancy import practice_transaction
from sage_integration.attention import differences_of_earlier
from sage_integration.connections import current_connection
from sage_integration.corrections import WORDS, Path
from sage_integration.differences import rows_between
from sage_integration.explanations import sentence_of
from sage_integration.mappings import load_mappings
from sage_integration.models import SageConnection, SageLink
from sage_integration.operations import latest_copy, path_of, relink, replace_copy, update_copy, wanted_now
from sage_integration.resolving import resolve_differences, why_not_take
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import SageError
from sage_integration.sage.resources.documents import VOID
from sage_integration.sage.resources.sales_invoices import SalesInvoice
from sage_integration.sessions import open_sage
from sage_integration.sync.comparison import SETTLED_DIFFERENTLY, Difference
from sage_integration.sync.documents import number_of
from sage_integration.sync.earlier import OUT_OF_SAGE
from sage_integration.sync.mirror import Mirror
from sage_integration.sync.pull import is_polled
from sage_integration.sync.settlement import look_at_newest, look_with_money, reread_earlier
from sage_integration.sync.standing_differences import keep_difference

#: Documents shown for one search; a narrower one shows the rest.
SHOWN = 20
NO_SIDES: Mapping[str, str] = {}
SIDES = ("ours", "theirs")


@opens_own_scope
@requires(Can.SEE)
@require_POST
def invoice_check(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Look at the copy in Sage now, and at earlier ones that still count there: one may have been voided since."""
    with practice_transaction():
        invoice = get_object_or_404(Invoice, pk=pk)
        copy, connection = latest_copy(invoice), current_connection()
        link = SageLink.objects.select_related("posting").filter(posting=copy).first() if copy else None
        earlier = _earlier_copies(link) if link else []
    words = [_look(link, connection), *(_look_at_earlier(each, connection) for each in earlier)]
    with practice_transaction():
        if told := " ".join(filter(None, words)):
            messages.warning(request, told)
        else:
            messages.success(request, f"{invoice.number_label} was looked at in Sage just now.")
        return see_other(request, "invoicing:invoice-detail", practice=request.practice.slug, pk=pk)


def _earlier_copies(link: SageLink) -> list[SageLink]:
    """The other copies of the same invoice that are in the same company as far as is known."""
    others = SageLink.objects.filter(
        business_id=link.business_id,
        posting__kind=link.posting.kind,
        posting__subject_id=link.posting.subject_id,
        posting__status=Posting.Status.POSTED,
    )
    in_sage = others.exclude(pk=link.pk).exclude(posting__standing__in=OUT_OF_SAGE)
    return list(in_sage.select_related("posting").order_by("-posting__copy"))


def _look(link: SageLink | None, connection: SageConnection | None) -> str:
    """Read the newest copy, with money where it is mirrored, and keep how it was found; what differs, in words."""
    if link is None or connection is None or link.business_id != connection.business_id:
        return "This invoice is not in the connected company, so there is nothing to look at."
    if not is_polled(connection):
        return _kept(link, connection, look_at_newest)
    return _kept(link, connection, partial(look_with_money, mirror=Mirror(link.business_id)))


def _look_at_earlier(link: SageLink, connection: SageConnection | None) -> str:
    """The same for an earlier one, with what is set against it."""
    if connection is None or link.business_id != connection.business_id:
        return ""
    return _kept(link, connection, reread_earlier)


def _kept(
    link: SageLink, connection: SageConnection, read: Callable[[SageLink, SageClient], Difference | None]
) -> str:
    with audit.acting_as(None):  # Sage tells of it; whoever looks changed and paid nothing.
        try:
            with open_sage(connection, urgent=True) as sage:
                difference = read(link, sage)
        except SageError as error:
            return sentence_of(error)
        with practice_transaction():
            keep_difference(link, difference)
    return difference.sentence if difference else ""


@requires(Can.POST_TO_LEDGER)
@require_POST
def invoice_update(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Bring the latest copy up to date with the invoice (F73, F74)."""
    invoice = get_object_or_404(Invoice, pk=pk)
    posting = update_copy(invoice)
    words = "is being updated in Sage."
    if posting.kind == Posting.Kind.INVOICE_VOID:
        words = "is voided in Sage and copied again, because a line has to go."
    messages.success(request, f"{invoice.number_label} {words}")
    return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)


@requires(Can.POST_TO_LEDGER)
@require_POST
def invoice_replace(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Void the latest copy and make a new one."""
    invoice = get_object_or_404(Invoice, pk=pk)
    replace_copy(invoice, reason="Replaced by a new copy")
    messages.success(request, f"{invoice.number_label} is voided in Sage and copied again.")
    return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)


@requires(Can.SEE)
@require_safe
def invoice_differences(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Agreed, ours, last copied and in Sage, side by side, and what can be done about it now (ideas 5 and 6)."""
    invoice = get_object_or_404(Invoice.objects.select_related("client"), pk=pk)
    side = request.GET.get("side", "")
    context = _differences(invoice, side=side if side in SIDES else "") | _why_not(request.role)
    return render(request, "sage_integration/invoice_differences.html", context)


@requires(Can.POST_TO_LEDGER)
@require_POST
def invoice_resolve(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Carry out a choice of sides field by field: theirs changes the invoice here, ours goes to Sage."""
    invoice = get_object_or_404(Invoice.objects.select_related("client"), pk=pk)
    sides = {
        name.removeprefix("side_"): str(value)
        for name, value in request.POST.items()
        if name.startswith("side_")
    }
    theirs = {name for name, side in sides.items() if side == "theirs"}
    if theirs and not may(request.role, Can.ISSUE_INVOICES):
        raise PermissionDenied(f"Your role does not let you {Can.ISSUE_INVOICES}.")
    reason = request.POST.get("reason", "") or "Taken over from Sage"
    try:
        with transaction.atomic():
            posting = resolve_differences(
                invoice, theirs=theirs, ours=sides.keys() - theirs, reason=reason, on=request.practice.today()
            )
    except DomainError as refusal:
        context = _differences(invoice, sides) | _why_not(request.role) | {"refused": refusal.message}
        return render(request, "sage_integration/invoice_differences.html", context, status=422)
    words = (
        "Both sides say the same now." if posting is None else "What you kept of ours is on its way to Sage."
    )
    messages.success(request, words)
    return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)


def _why_not(role: str) -> dict[str, str]:
    """Why each of the ways out cannot be pressed by somebody of this role; empty where it can."""
    needed = {
        "why_not_post": Can.POST_TO_LEDGER,
        "why_not_credit": Can.CREDIT_INVOICES,
        "why_not_accept": Can.ISSUE_INVOICES,
    }
    return {
        name: "" if may(role, right) else f"Your role does not let you {right}."
        for name, right in needed.items()
    }


def _differences(invoice: Invoice, sides: Mapping[str, str] = NO_SIDES, *, side: str = "") -> dict[str, Any]:
    """What the page shows; ``sides`` chosen by field, ``side`` for all others, empty for what is likely."""
    copies = [each for each in postings_of(invoice) if each.kind == Posting.Kind.INVOICE_CREATE]
    context: dict[str, Any] = {"invoice": invoice, "copies": copies, "path": None, "rows": [], "why": ""}
    context["latest"] = next((each for each in copies if each.status != Posting.Status.CANCELLED), None)
    arrived = next((each for each in copies if each.status == Posting.Status.POSTED), None)
    context["arrived"] = arrived
    context["of_earlier"] = differences_of_earlier(invoice.pk)
    context["count_on"] = [each for each in copies if each != arrived and each.counts_in_ledger]
    try:
        wanted = wanted_now(invoice)
    except DomainError as refusal:
        return context | {"why": refusal.message} | _as_seen_last(invoice)
    connection = current_connection()
    names = load_mappings(connection).names if connection else {}
    agreed = {**as_of(invoice, 1), "client": invoice.client.name}
    path = path_of(wanted)
    rows = rows_between(agreed, wanted.snapshot, wanted.link.copied, wanted.link.in_sage, names)
    refusal_to_take = why_not_take(invoice)
    is_open = any(row.is_open for row in rows)
    owed_differs = wanted.link.difference == SETTLED_DIFFERENTLY
    may_agree = path is Path.NOTHING and (
        bool(wanted.link.seen) or wanted.copy.held_revision < invoice.revision
    )
    # Nobody is told that nothing is to be done beside what is.
    is_quiet = path is Path.NOTHING and (owed_differs or (bool(context["of_earlier"]) and not may_agree))
    return context | {
        "owed_differs": wanted.link.difference_in_words if owed_differs else "",
        "copy": wanted.copy,
        "link": wanted.link,
        "rows": [replace(row, chosen=sides.get(row.key, side)) for row in rows],
        "path": path.value,
        "words": None if is_quiet else WORDS[path],
        "may_decide": path in (Path.DECIDE_VOID, Path.DECIDE_MISSING),
        "may_choose": is_open and path in (Path.UPDATE, Path.REPLACE),
        "may_agree": may_agree,
        "why_not_take": refusal_to_take.message if refusal_to_take else "",
    }


def _as_seen_last(invoice: Invoice) -> dict[str, Any]:
    """The columns to read and not to choose from, where no company is connected and ours is as it was copied."""
    link = SageLink.objects.select_related("posting").filter(posting=latest_copy(invoice)).first()
    is_ours = link is not None and bool(link.copied) and link.posting.held_revision == invoice.revision
    if link is None or not is_ours or current_connection() is not None:
        return {}
    agreed = {**as_of(invoice, 1), "client": invoice.client.name}
    return {"link": link, "rows": rows_between(agreed, link.copied, link.copied, link.in_sage, {})}


@opens_own_scope
@requires(Can.POST_TO_LEDGER)
@require_http_methods(["GET", "HEAD", "POST"])
def invoice_relink(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Say which document of Sage is the copy of an invoice whose own one is void or missing there."""
    with practice_transaction():
        invoice = get_object_or_404(Invoice.objects.select_related("client"), pk=pk)
        copy, connection = latest_copy(invoice), current_connection()
        if connection is None or copy is None or copy.standing not in Posting.GONE:
            messages.info(request, "Its copy is in Sage, so there is nothing to link anew.")
            return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)
    problem = _relinked(request, invoice, connection) if request.method == "POST" else ""
    if request.method == "POST" and not problem:
        return see_other(request, "sage:invoice-differences", practice=practice, pk=pk)
    words = request.GET.get("q", invoice.client.name).strip()
    found, problem_of_search = _documents(connection, words)
    with practice_transaction():
        known = {link.sage_id: link for link in SageLink.objects.filter(business_id=connection.business_id)}
        context = {
            "invoice": invoice,
            "copy": copy,
            "words": words,
            "problem": problem or problem_of_search,
            "rows": [
                (each, date.fromisoformat(each["date"]), _why_not_this(each, known, copy)) for each in found
            ],
        }
        status = 422 if problem else 200
        return render(request, "sage_integration/invoice_relink.html", context, status=status)


def _documents(connection: SageConnection, words: str) -> tuple[list[SalesInvoice], str]:
    """The newest invoices in Sage under these words, and what went wrong with asking."""
    try:
        with open_sage(connection, urgent=True) as sage:
            return list(islice(sage.sales_invoices.list(search=words or None), SHOWN)), ""
    except SageError as error:
        return [], sentence_of(error)


def _why_not_this(stored: SalesInvoice, known: dict[str, SageLink], copy: Posting) -> str:
    if stored["status"]["id"] == VOID:
        return "It is void."
    holder = known.get(stored["id"])
    return "It stands for another invoice here." if holder and holder.posting_id != copy.pk else ""


def _relinked(request: PracticeRequest, invoice: Invoice, connection: SageConnection) -> str:
    """Link the chosen document; what forbids it, in words."""
    try:
        with open_sage(connection, urgent=True) as sage:
            stored = sage.sales_invoices.get(request.POST.get("document", ""))
        with practice_transaction():
            relink(invoice, stored)
            messages.success(request, f"{number_of(stored)} in Sage stands for {invoice.number_label} now.")
    except SageError as error:
        return sentence_of(error)
    except DomainError as refusal:
        return refusal.message
    return ""
