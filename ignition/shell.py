"""What every page of a practice shows around its content: navigation with counters, and what may be created."""

import re
from datetime import timedelta
from functools import cache
from typing import Any

from django.db.models import Exists, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from ledger.actions import PRETENDED
from ledger.models import LedgerSettings
from ledger.queries import columns_of_home
from practices.job_models import Job
from practices.models import Membership
from practices.permissions import RIGHTS, Can
from practices.requests import PracticeRequest
from practices.scalars import WrittenColumns, add_shell_columns, count_of
from practices.tenancy import scope_is_open
from practices.written import Given
from proposals.models import Proposal
from sage_integration.attention import columns_of_inbox
from sage_integration.models import SageConnection
from sage_integration.queries import (
    banner_for,
    column_of_connection,
    connection_for_the_shell,
    connection_in_words,
    last_reading,
    shown_connection,
)

#: Label, icon, URL name, the first part of the paths that belong to it.
NAVIGATION = [
    ("Home", "house", "home", ""),
    ("Clients", "users", "clients:client-list", "clients"),
    ("Proposals", "file-pen-line", "proposals:proposal-list", "proposals"),
    ("Billing", "calendar-clock", "invoicing:billing", "billing"),
    ("Invoices", "receipt-pound-sterling", "invoicing:invoice-list", "invoices"),
    ("Sage", "refresh-cw", "sage:app-list", "apps"),
    ("Library", "library", "services:service-list", "services"),
    ("Settings", "settings", "practices:settings", "settings"),
]
#: Lists that notices lead to, and which part of them.
JOBS, OFFERS = "practices:job-list", "proposals:proposal-list"
QUERIES = {"accepted": "?status=accepted", "declined": "?status=declined"}
CREATE = [
    (Can.PREPARE_PROPOSALS, "Proposal", "proposals:proposal-new"),
    (Can.MANAGE_CLIENTS, "Client", "clients:client-new"),
    (Can.PREPARE_INVOICES, "Instant bill", "invoicing:invoice-new"),
    (Can.MANAGE_SERVICES, "Service", "services:service-new"),
]


#: Pages of other apps that stand under Clients.
OF_CLIENTS = re.compile(r"sage/app-clients/|(sage|proposals)/clients/\d")
#: Pages of clients and billing that stand under other tabs.
ELSEWHERE = {"clients/settings/": "settings", "billing/uplifts/": "services"}
#: Parts that stand under another one.
BELOW = {
    "sage": "apps",
    "inbox": "apps",
    "postings": "apps",
    "credit-notes": "invoices",
    "service-use": "services",
    "weekly-summary": "settings",
    "first-steps": "",
    "jobs": "",
    "pictures": "",
}


def shell(request: HttpRequest) -> dict[str, Any]:
    """Template variables of the shell; almost none outside a practice."""
    if not hasattr(request, "practice"):
        return {"practice": None}
    inside: PracticeRequest = request  # type: ignore[assignment]  # the middleware set practice and role
    slug = inside.practice.slug
    # Asked for when a page shows them, so that a fragment, which has no shell, costs none of it.
    known = cache(lambda: _figures(inside))
    sage = cache(lambda: _sage(inside, known()))
    return {
        "practice": inside.practice,
        "pretended": PRETENDED if inside.practice.is_demo else "",
        "visit": inside.visit,
        "role_name": Membership.Role(inside.role).label,
        "may": {right.name: right in RIGHTS[inside.role] for right in Can},
        "nav": cache(lambda: navigation(inside.path, slug, known())),
        "home_url": reverse("home", args=[slug]),
        "search_url": reverse("search", args=[slug]),
        "create_links": [
            {"label": label, "url": reverse(name, args=[slug])}
            for right, label, name in CREATE
            if right in RIGHTS[inside.role]
        ],
        "banner": lambda: sage()["banner"],
        "connection": lambda: sage()["connection"],
        "tray": cache(lambda: _running_jobs(slug, known())),
        "notices": cache(lambda: notices(slug, known())),
        "other_practices": cache(lambda: _other_practices(inside, known())),
    }


def _other_practices(request: PracticeRequest, known: dict[str, Any]) -> list[dict[str, str]]:
    if request.visit or not known.get("has_others", True):
        return []
    others = (
        Membership.objects.filter(user=request.user)
        .exclude(practice=request.practice)
        .select_related("practice")
        .order_by("practice__name")
    )
    return [
        {"name": other.practice.name, "url": reverse("home", args=[other.practice.slug])} for other in others
    ]


def notices(slug: str, known: dict[str, int]) -> list[dict[str, Any]]:
    """What the bell tells: things that wait for somebody, and what happened since yesterday; each leads to its list."""
    found = [
        ("need_you", "document needs you", "documents need you", "sage:inbox", "bad"),
        ("stuck", "job ended with rows that need you", "jobs ended with rows that need you", JOBS, "warn"),
        ("accepted", "proposal was accepted", "proposals were accepted", OFFERS, "good"),
        ("declined", "proposal was declined", "proposals were declined", OFFERS, "warn"),
        ("jobs", "job is running", "jobs are running", JOBS, "working"),
    ]
    return [
        {
            "words": f"{known[key]} {one if known[key] == 1 else many}",
            "url": reverse(page, args=[slug]) + QUERIES.get(key, ""),
            "tone": tone,
        }
        for key, one, many, page, tone in found
        if known.get(key)
    ]


def navigation(path: str, slug: str, known: dict[str, int]) -> list[dict[str, Any]]:
    """The left menu; what needs a person is counted in red, what waits for Sage in grey."""
    inside = path.removeprefix(f"/p/{slug}/")
    first = inside.split("/", 1)[0]
    part = "clients" if OF_CLIENTS.match(inside) else BELOW.get(first, first)
    part = next((home for start, home in ELSEWHERE.items() if inside.startswith(start)), part)
    return [
        {
            "label": label,
            "icon": icon,
            "url": reverse(name, args=[slug]),
            "active": part == home,
            "counters": _counters(home, known),
        }
        for label, icon, name, home in NAVIGATION
    ]


def connection_of(request: PracticeRequest) -> SageConnection | None:
    """The live connection as far as pages show it, asked for once a request; None where nobody has connected."""
    if not hasattr(request, "shown_connection"):
        request.shown_connection = connection_for_the_shell()  # type: ignore[attr-defined]
    found: SageConnection | None = request.shown_connection  # type: ignore[attr-defined]
    return found


def _figures(request: PracticeRequest) -> dict[str, Any]:
    """What every page counts; nothing on pages that open their own scope."""
    if not scope_is_open():
        return {"need_you": 0, "waiting": 0, "jobs": 0}
    known: dict[str, Any] | None = getattr(request, "shown_figures", None)
    return known or WRITTEN.figures(**_given(request))


def _columns() -> dict[str, Any]:
    """Columns for `figures`: what the menu, the bell and the banner of every page tell."""
    others = Membership.objects.filter(user=Given("user")).exclude(practice=Given("practice"))
    return {
        **columns_of_home(),
        **columns_of_inbox(Given("today")),
        **_since(Given("yesterday")),
        "jobs": count_of(Job.objects.live()),
        "is_paused": Exists(LedgerSettings.objects.exclude(paused_at=None)),
        "has_others": Exists(others),
        "checked_at": last_reading(),
        "connection": column_of_connection(),
    }


#: They are the same on every page, so they are put into SQL once.
WRITTEN = WrittenColumns(_columns)


def _given(request: PracticeRequest) -> dict[str, Any]:
    return {
        "user": request.user.pk,
        "practice": request.practice.pk,
        "today": request.practice.today(),
        # The minute is enough, and within one the same is asked.
        "yesterday": timezone.now().replace(second=0, microsecond=0) - timedelta(days=1),
    }


def columns_of_shell(request: PracticeRequest) -> dict[str, Any]:
    """The same columns for a page that asks for figures of its own."""
    return WRITTEN.columns(**_given(request))


add_shell_columns(columns_of_shell)


def _since(yesterday: Given) -> dict[str, Any]:
    """Columns of what the bell tells beside what waits."""
    ended = Job.objects.filter(finished_at__gte=yesterday)
    decided = Proposal.objects.filter(decided_at__gte=yesterday)
    return {
        "stuck": count_of(ended.filter(Q(needs_you__gt=0) | Q(failed__gt=0))),
        "accepted": count_of(decided.filter(status=Proposal.Status.ACCEPTED)),
        "declined": count_of(decided.filter(status=Proposal.Status.DECLINED)),
    }


def _sage(request: PracticeRequest, known: dict[str, Any]) -> dict[str, Any]:
    """The connection's dot, and what every page says while nothing can leave."""
    if not scope_is_open():
        return {"banner": None, "connection": None}
    if not hasattr(request, "shown_connection"):
        request.shown_connection = shown_connection(known["connection"])  # type: ignore[attr-defined]
    connection = connection_of(request)
    return {
        "banner": banner_for(connection, request.practice, request.role, is_paused=known["is_paused"]),
        "connection": connection_in_words(connection, request.practice, known.get("checked_at")),
    }


def _counters(home: str, known: dict[str, int]) -> list[dict[str, Any]]:
    """The figures behind an item of the menu: Sage has what needs somebody and what waits."""
    if home != "apps":
        return []
    both = [
        {"count": known["need_you"], "tone": "bad", "label": "need you"},
        {"count": known["waiting"], "tone": "neutral", "label": "waiting"},
    ]
    return [each for each in both if each["count"]]


def _running_jobs(slug: str, known: dict[str, int]) -> dict[str, Any] | None:
    """Long work that runs now, for the small tray on every page: one job leads to itself, more to the list."""
    if not known["jobs"]:
        return None
    jobs = list(Job.objects.live().order_by("id")[:10])
    if not jobs:
        return None
    if len(jobs) == 1:
        (job,) = jobs
        return {
            "words": f"{job.title}: {job.done} of {job.total}",
            "url": reverse("practices:job-detail", args=[slug, job.pk]),
        }
    return {"words": f"{len(jobs)} jobs are running", "url": reverse("practices:job-list", args=[slug])}
