"""The weekly summary as a page, with its CSV files and the switch of whoever reads it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from ignition.weekly import SHOWN, Section, columns_of_week, switch_weekly_summary, weekly_summary
from practices.limits import costly
from practices.models import Membership
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.scalars import figures_with_shell
from practices.spreadsheets import csv_response
from practices.views import settings_tabs


@requires(Can.SEE)
@require_safe
def weekly(request: PracticeRequest, practice: str) -> HttpResponse:
    """The week as it would be sent now, and whether this person gets it by e-mail."""
    today = request.practice.today()
    sections = weekly_summary(today, figures_with_shell(request, **columns_of_week(today)))
    context = {
        "sections": [{"section": each, "rows": _rows_with_pages(each, practice)} for each in sections],
        "member": Membership.objects.filter(practice=request.practice, user=request.user).first(),
        "tabs": settings_tabs(request, "Weekly summary"),
    }
    return render(request, "ignition/weekly_summary.html", context)


def _rows_with_pages(section: Section, practice: str) -> list[dict[str, Any]]:
    """The rows that the page shows, each with the address of what it is about."""
    return [
        {"url": reverse(page, args=[practice, key]), "cells": row}
        for row, (page, key) in section.with_pages[:SHOWN]
    ]


@requires(Can.SEE)
@require_safe
@costly
def weekly_csv(request: PracticeRequest, practice: str, key: str) -> HttpResponse:
    """One section as a CSV file."""
    for section in weekly_summary(request.practice.today()):
        if section.key == key:
            return csv_response(f"weekly-{key}", section.heads, section.rows)
    raise Http404


@requires(Can.SEE)
@require_POST
def weekly_switch(request: PracticeRequest, practice: str) -> HttpResponse:
    """Get the summary every Monday, or no longer; each person decides for themselves."""
    member = get_object_or_404(Membership, practice=request.practice, user=request.user)
    switch_weekly_summary(member, on=request.POST.get("gets") == "1")
    words = "You get it every Monday." if member.gets_weekly_summary else "You no longer get it."
    messages.success(request, words)
    return see_other(request, "weekly-summary", practice=practice)
