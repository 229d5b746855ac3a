"""The practice's pages about proposals."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from practices.lists import Column, List, ShownList, file_of
from practices.permissions import Can, may
from practices.requests import PracticeRequest, requires
from proposals.assembling import assembled_document
from proposals.bulk import ACTS
from proposals.documents import readable
from proposals.editor_forms import DateField
from proposals.links import public_url
from proposals.models import Proposal, ProposalQuerySet
from proposals.offers import agreed_document
from proposals.operations import VALIDITY, reasons_not_to_send
from proposals.operations.sending import people_to_sign
from proposals.pipeline import LOST, STEPS, got_to, unsigned
from proposals.queries import (
    SHOWS,
    activity_of,
    counts_by_status,
    current_terms,
    progress_of,
    proposals_matching,
    shown_as,
    successor_of,
    worth_of_lines,
    worth_of_proposals,
)
from proposals.signing_forms import DeclineForm, SignForClientForm
from services.queries import vat_settings


def _rows(proposals: Sequence[Proposal]) -> list[dict[str, Any]]:
    """What the list shows of each proposal: what it brings, who has signed, when it was looked at."""
    progress = progress_of(proposals)
    return [
        {
            "proposal": each,
            "worth": worth_of_lines(each.lines.all()),
            "signed": progress[each.pk].signed,
            "asked": progress[each.pk].asked,
            "viewed": progress[each.pk].viewed,
        }
        for each in proposals
    ]


PROPOSALS = List(
    "proposals",
    "proposals:proposal-list",
    ("proposal", "proposals"),
    (
        Column("number", "Number", lambda row: row["proposal"].number_label, fixed=True),
        Column("client", "Client", lambda row: row["proposal"].client.name),
        Column("title", "Internal name", lambda row: row["proposal"].title, hidden=True),
        Column("owner", "Owner", lambda row: row["proposal"].owner or "", hidden=True),
        Column("state", "State", lambda row: row["proposal"].get_status_display()),
        Column("signed", "Signed", lambda row: f"{row['signed']} of {row['asked']}", hidden=True),
        Column("sent", "Sent, last viewed", lambda row: row["proposal"].sent_at),
        Column("viewed", "Last viewed", lambda row: row["viewed"], hidden=True),
        Column("expires", "Expires", lambda row: row["proposal"].valid_until),
        Column("one_off", "One-off", lambda row: row["worth"].one_off, is_figure=True),
        Column("monthly", "A month", lambda row: row["worth"].monthly, is_figure=True),
        Column("yearly", "A year", lambda row: row["worth"].yearly, is_figure=True),
    ),
    {"number": ("-pk",), "expires": ("valid_until", "pk")},
    prepared=_rows,
)


class ExtendForm(forms.Form):
    """Until when a proposal can be signed now."""

    valid_until = DateField(label="Can be signed until")


class ReturnForm(forms.Form):
    """What is to be changed in a draft that is given back."""

    note = forms.CharField(
        label="What is to be changed", max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )


@requires(Can.SEE)
@require_safe
def proposal_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """The practice's proposals by state, found by number, name or client, with what they bring."""
    words, status = request.GET.get("q", ""), request.GET.get("status", "")
    found = proposals_matching(words)
    shown = in_state(found, status)
    show = request.GET.get("show", "")
    today = request.practice.today()
    shown = got_to(shown_as(shown, show, today), show, today)
    proposals = shown.select_related("client", "owner").prefetch_related("lines").defer("document", "message")
    listed = ShownList(request, PROPOSALS)
    if file := file_of(listed, proposals):
        return file
    page, tabs = listed.page_of(proposals, [Q()]), _tabs(request, found, status, words)
    # What the tab counts is what the list holds, where nothing else narrows it.
    counted = next((tab["count"] for tab in tabs if tab["active"] and not show), None)
    context = {
        "list": listed,
        "page": page,
        "rows": _rows(page.rows),
        "count": shown.order_by().count() if counted is None else counted,
        "acts": [(key, act.label) for key, act in ACTS.items() if may(request.role, act.right)],
        "worth": worth_of_proposals(shown),
        "vat": vat_settings(),
        "words": words,
        "status": status,
        "show": show if show in SHOWS or show in STEPS else "",
        "show_in_words": STEPS[show][1] if show in STEPS else SHOWS.get(show, ""),
        "tabs": tabs,
    }
    template = "proposals/proposal_list.html" + ("#rows" if request.htmx else "")
    return render(request, template, context)


PART_SIGNED = "part_signed"


def in_state(proposals: ProposalQuerySet, state: str) -> ProposalQuerySet:
    """Those in a state of the tabs: awaiting and part signed are told apart; an unknown state is every state."""
    if state == PART_SIGNED:
        return proposals.part_signed()
    if state == Proposal.Status.SENT:
        return unsigned(proposals.awaiting())
    return proposals.filter(status=state) if state in Proposal.Status.values else proposals


def _tabs(
    request: PracticeRequest, proposals: ProposalQuerySet, active: str, words: str
) -> list[dict[str, Any]]:
    address = reverse("proposals:proposal-list", args=[request.practice.slug])
    counts = counts_by_status(proposals)
    signed = proposals.part_signed().count()
    states: list[tuple[str, str, int]] = [("", "All", sum(counts.values()))]
    for value, label in Proposal.Status.choices:
        if value == Proposal.Status.SENT:
            states += [(value, "Awaiting", counts[value] - signed), (PART_SIGNED, "Part signed", signed)]
        else:
            states.append((value, label, counts[value]))
    return [
        {
            "label": label,
            "count": count,
            "active": value == active,
            "url": f"{address}?{urlencode({k: v for k, v in (('status', value), ('q', words)) if v})}",
        }
        for value, label, count in states
    ]


@requires(Can.SEE)
@require_safe
def proposal_detail(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """One proposal as the client sees it, who has signed, what happened and what can be done next."""
    return detail_page(request, get_object_or_404(Proposal.objects.select_related("client", "terms"), pk=pk))


def detail_page(
    request: PracticeRequest,
    proposal: Proposal,
    *,
    accept: SignForClientForm | None = None,
    lose: DeclineForm | None = None,
    extend: ExtendForm | None = None,
    give_back: ReturnForm | None = None,
) -> HttpResponse:
    """The proposal's page, with whichever of its forms could not be taken as it was sent."""
    today = request.practice.today()
    is_draft = proposal.is_editable
    lines = list(proposal.lines.select_related("tax_rate"))
    signatures = list(proposal.signatures.select_related("on_behalf"))
    signed = {signature.signatory_id for signature in signatures}
    asked = proposal.signatories.select_related("person")
    context = {
        "proposal": proposal,
        "offer": readable(
            assembled_document(proposal, people_to_sign(proposal), on=today)
            if proposal.is_editable
            else agreed_document(proposal)
        ),
        "worth": worth_of_lines(lines),
        "signatures": signatures,
        "missing": [signatory.person for signatory in asked if signatory.person_id not in signed],
        "is_closed": proposal.status in LOST,
        "link": public_url(proposal) if proposal.document else "",
        "reasons": reasons_not_to_send(proposal, on=today) if is_draft else [],
        "terms": current_terms() if is_draft else proposal.terms,
        "events": activity_of(proposal),
        "accept_form": accept or SignForClientForm(proposal=proposal, prefix="accept"),
        "lose_form": lose or DeclineForm(prefix="lose"),
        "extend_form": extend or ExtendForm(prefix="extend", initial={"valid_until": today + VALIDITY}),
        "return_form": give_back or ReturnForm(prefix="return"),
        "successor": successor_of(proposal),
        "may_discard": proposal.may_discard,
    }
    invalid = any(form is not None for form in (accept, lose, extend, give_back))
    return render(request, "proposals/proposal_detail.html", context, status=422 if invalid else 200)
