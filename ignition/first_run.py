"""The way from an empty practice to the first posted invoice: six steps, each of which can wait."""

import json
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, Subquery, TextField
from django.db.models.functions import Cast
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from clients.models import Client
from ignition.models import FirstRun
from ignition.shell import connection_of
from practices import audit
from practices.models import PracticeProfile
from practices.permissions import Can, may
from practices.requests import PracticeRequest, requires, see_other
from practices.scalars import any_of, figures
from proposals.models import Proposal
from services.models import Service, VatSettings


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do first: its key, what and why in words, the page where it is done, the words that lead there."""

    key: str
    label: str
    text: str
    page: str
    action: str
    #: Who lacks this right is told of the step, and not led to its page.
    right: Can


STEPS = (
    Step(
        "practice",
        "Fill in the practice's profile",
        "Your address, regulator and insurer, as letters and invoices show them.",
        "practices:profile-edit",
        "Open the profile",
        Can.MANAGE_SETTINGS,
    ),
    Step(
        "vat",
        "Set up VAT",
        "Say whether you are registered, and which rate most of your services have.",
        "services:tax-rate-list",
        "Open VAT rates",
        Can.MANAGE_SERVICES,
    ),
    Step(
        "services",
        "Add the services you sell",
        "Tick them in a catalogue of common ones, and set your own prices.",
        "services:starter-list",
        "Open the catalogue",
        Can.MANAGE_SERVICES,
    ),
    Step(
        "sage",
        "Connect Sage",
        "Invoices are then copied there, once each, and payments come back.",
        "sage:app-list",
        "Open Sage",
        Can.MANAGE_CONNECTION,
    ),
    Step(
        "clients",
        "Import your clients",
        "From a CSV file now, or from Sage once it is connected.",
        "clients:import-new",
        "Import a file",
        Can.MANAGE_CLIENTS,
    ),
    Step(
        "proposals",
        "Send the first proposal",
        "Once it is signed, billing follows by itself.",
        "proposals:proposal-new",
        "Write a proposal",
        Can.PREPARE_PROPOSALS,
    ),
)
KEYS = {step.key for step in STEPS}


def columns_of_first_steps() -> dict[str, Any]:
    """Columns for `practices.scalars.figures`: what there is of each step, and as JSON which were put aside."""
    return {
        "has_practice": Exists(PracticeProfile.objects.exclude(address="")),
        "has_vat": Exists(VatSettings.objects.all()),
        "has_services": any_of(Service.objects.all(), "status", "name"),
        "has_clients": any_of(Client.objects.all(), "status", "name_key"),
        "has_proposals": any_of(Proposal.objects.exclude(status__in=Proposal.EDITABLE), "status", "-pk"),
        "skipped": Cast(Subquery(FirstRun.objects.order_by().values("skipped")[:1]), TextField()),
    }


def first_steps(request: PracticeRequest, known: dict[str, Any]) -> list[dict[str, Any]]:
    """Every step with its state: `done`, `todo` or put aside (`is_skipped`); no `url` where it is somebody else's."""
    slug, connection = request.practice.slug, connection_of(request)
    steps = [step for step in STEPS if step.key != "sage" or not request.practice.is_demo]
    is_enabled = connection is not None and connection.is_enabled
    done = {step.key for step in STEPS if known.get(f"has_{step.key}")} | ({"sage"} if is_enabled else set())
    skipped = set(json.loads(known["skipped"] or "[]")) - done
    return [
        {
            "key": step.key,
            "label": step.label,
            "text": step.text if may(request.role, step.right) else f"{step.text} An owner can do it.",
            "state": "done" if step.key in done else "todo",
            "is_skipped": step.key in skipped,
            "url": reverse(step.page, args=[slug]) if may(request.role, step.right) else "",
            "action": step.action,
        }
        for step in steps
    ]


def steps_in_short(request: PracticeRequest, known: dict[str, Any]) -> dict[str, Any] | None:
    """What home says of the first steps: how many are behind, and the next one; None once none is left."""
    steps = first_steps(request, known)
    left = [step for step in steps if step["state"] != "done" and not step["is_skipped"]]
    if not left:
        return None
    return {"left": left, "done": len(steps) - len(left), "total": len(steps)}


def skip_step(key: str) -> FirstRun:
    """The first steps with this one put aside, recorded."""
    run = _locked_run()
    if key in KEYS and key not in run.skipped:
        run.skipped = [*run.skipped, key]
        run.save(update_fields=["skipped"])
        audit.record("practice.first_step_skipped", run, step=key)
    return run


def take_up_step(key: str) -> FirstRun:
    """The first steps with this one to be done after all."""
    run = _locked_run()
    if key in run.skipped:
        run.skipped = [other for other in run.skipped if other != key]
        run.save(update_fields=["skipped"])
    return run


def _locked_run() -> FirstRun:
    FirstRun.objects.get_or_create()
    run: FirstRun = FirstRun.objects.select_for_update().get()
    return run


@requires(Can.SEE)
@require_safe
def first_run(request: PracticeRequest, practice: str) -> HttpResponse:
    """The first steps, where each is done, and a demo practice to look around in."""
    steps = first_steps(request, figures(**columns_of_first_steps()))
    behind = sum(step["state"] == "done" or step["is_skipped"] for step in steps)
    return render(request, "first_run.html", {"steps": steps, "behind": behind, "total": len(steps)})


@requires(Can.MANAGE_SETTINGS)
@require_POST
def step_skip(request: PracticeRequest, practice: str, key: str) -> HttpResponse:
    """Put a step aside."""
    skip_step(key)
    return see_other(request, "first-run", practice=practice)


@requires(Can.MANAGE_SETTINGS)
@require_POST
def step_take_up(request: PracticeRequest, practice: str, key: str) -> HttpResponse:
    """Take a step up again."""
    take_up_step(key)
    return see_other(request, "first-run", practice=practice)
