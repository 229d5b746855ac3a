"""Raising many fees together: looked at first, planned, and undone before its day."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.models import Client
from invoicing.fee_letters import FeeLetter, fee_letter_pdf
from invoicing.models import FeeUplift, ServiceChange
from invoicing.raising import ClientEffect, effect_on, sums_of, worth_at
from invoicing.uplift_forms import UpliftForm
from invoicing.uplifts import plan_uplift, reached, services_in_use, withdraw_uplift
from practices.errors import DomainError
from practices.lists import Column, List, ShownList, file_of
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.row_keys import row_keys
from services.views.services import library_tabs

#: Clients shown one by one; all of them count.
MOST_SHOWN = 200
UPLIFTS = List(
    "fee-uplifts",
    "invoicing:uplift-list",
    ("uplift", "uplifts"),
    (
        Column("name", "Name", lambda uplift: uplift.title, fixed=True),
        Column("by", "By", lambda uplift: uplift.amount if uplift.percent is None else f"{uplift.percent}%"),
        Column("from", "New fees from", lambda uplift: uplift.effective_on),
        Column("state", "State", lambda uplift: uplift.get_status_display()),
        Column("planned", "Planned", lambda uplift: uplift.planned_at),
        Column("who", "Planned by", lambda uplift: uplift.planned_by or "Ignition"),
    ),
    {"planned": ("-pk",), "from": ("-effective_on", "-pk"), "name": ("title", "pk")},
)


@requires(Can.SEE)
@require_safe
def uplift_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """What was raised, what will be, and what was undone; newest first."""
    words = request.GET.get("q", "").strip()[:100]
    uplifts = FeeUplift.objects.select_related("planned_by").filter(title__icontains=words)
    shown = ShownList(request, UPLIFTS)
    if file := file_of(shown, uplifts):
        return file
    context = {
        "list": shown,
        "page": shown.page_of(uplifts),
        "found": shown.counted(uplifts),
        "words": words,
        "tabs": library_tabs(request, "Fee uplifts"),
    }
    return render(request, "invoicing/uplift_list.html" + ("#rows" if request.htmx else ""), context)


@requires(Can.ISSUE_INVOICES)
@require_http_methods(["GET", "HEAD", "POST"])
def uplift_new(request: PracticeRequest, practice: str) -> HttpResponse:
    """Look at what an uplift would do, client by client, and plan it."""
    sent = request.POST if request.method == "POST" else request.GET
    form = UpliftForm(
        sent if "title" in sent else None, services=services_in_use(), today=request.practice.today()
    )
    if not form.is_valid():
        return render(
            request, "invoicing/uplift_new.html", {"form": form}, status=422 if form.is_bound else 200
        )
    left_out = _left_out(sent)
    if request.method == "POST":
        try:
            uplift = plan_uplift(form.uplift, form.reach(left_out), on=request.practice.today())
        except DomainError as problem:
            form.add_error(None, problem.message)
            return render(request, "invoicing/uplift_new.html", {"form": form}, status=422)
        return see_other(request, "invoicing:uplift-detail", practice=practice, pk=uplift.pk)
    effects = effect_on(reached(form.reach(), effective_on=form.cleaned_data["effective_on"]), form.raised_by)
    return render(
        request, "invoicing/uplift_new.html", {"form": form, **_effect(effects), "sent": _pairs(sent)}
    )


def _left_out(sent: QueryDict) -> list[int]:
    """The clients that were shown with a tick and came back without one."""
    return sorted({*row_keys(sent, "shown")} - {*row_keys(sent, "kept")})


def _pairs(sent: QueryDict) -> list[tuple[str, str]]:
    return [(name, value) for name, values in sent.lists() for value in values]


def _effect(effects: Sequence[ClientEffect]) -> dict[str, Any]:
    before, after = sums_of(effects)
    return {
        "effects": effects[:MOST_SHOWN],
        "clients": len(effects),
        "more": max(len(effects) - MOST_SHOWN, 0),
        "services": sum(len(effect.changes) for effect in effects),
        "before": before,
        "after": after,
        "difference": after - before,
        "yearly": (after - before) * 12,
        "is_looked_at": True,
    }


@requires(Can.SEE)
@require_safe
def uplift_detail(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """One uplift: what becomes of each client's fees, who was told, and undoing it before its day."""
    uplift = get_object_or_404(FeeUplift.objects.select_related("planned_by", "job"), pk=pk)
    changes = uplift.changes.select_related("schedule__client").order_by(
        "schedule__client__name_key", "schedule__client", "schedule"
    )
    effects = _effects_of(changes)
    told = {address for change in changes for address in change.told}
    may_undo = uplift.status == FeeUplift.Status.PLANNED and uplift.effective_on > request.practice.today()
    context = {"uplift": uplift, "told": len(told), "may_undo": may_undo, **_effect(effects)}
    return render(request, "invoicing/uplift_detail.html", context)


def _effects_of(changes: Iterable[ServiceChange]) -> list[ClientEffect]:
    found: dict[int, ClientEffect] = {}
    for change in changes:
        schedule = change.schedule
        client = found.setdefault(schedule.client_id, ClientEffect(schedule.client_id, schedule.client.name))
        was, becomes = change.prices
        client.changes.append((schedule, becomes))
        client.before += worth_at(schedule, was)
        client.after += worth_at(schedule, becomes)
    return list(found.values())


@requires(Can.ISSUE_INVOICES)
@require_POST
def uplift_undo(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Undo an uplift before its day; whoever got a letter is told."""
    uplift = withdraw_uplift(get_object_or_404(FeeUplift, pk=pk), on=request.practice.today())
    messages.success(request, f"“{uplift.title}” is undone. Every fee stays as it is.")
    return see_other(request, "invoicing:uplift-detail", practice=practice, pk=pk)


@requires(Can.SEE)
@require_safe
def uplift_letter(request: PracticeRequest, practice: str, pk: int, client: int) -> HttpResponse:
    """One client's letter as a PDF, to read or to post."""
    uplift = get_object_or_404(FeeUplift, pk=pk)
    whom = get_object_or_404(Client, pk=client)
    changes = list(uplift.changes.filter(schedule__client=whom).select_related("schedule__client"))
    letter = FeeLetter(whom, uplift.effective_on, changes, uplift.notice)
    return HttpResponse(
        fee_letter_pdf(letter, at=timezone.now()),
        content_type="application/pdf",
        headers={"Content-Disposition": 'attachment; filename="fees.pdf"'},
    )
