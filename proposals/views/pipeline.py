"""The pipeline of proposals: what stands where, with its money, and how far and how fast proposals get."""

from decimal import Decimal

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from proposals.pipeline import age_in_days, funnel, stages, time_to_sign
from proposals.queries import progress_of, worth_of_lines
from services.queries import vat_settings

#: Proposals shown in each column; the list has all of them.
NEWEST = 8


@requires(Can.SEE)
@require_safe
def proposal_pipeline(request: PracticeRequest, practice: str) -> HttpResponse:
    """Each state with its count, its money and its newest proposals, each with what can be done."""
    today = request.practice.today()
    columns = stages(today, newest=NEWEST)
    progress = progress_of([proposal for stage in columns for proposal in stage.newest])
    steps = funnel(today)
    sent, address = steps[0][2], reverse("proposals:proposal-list", args=[practice])
    took = time_to_sign(today)
    context = {
        "columns": [
            {
                "stage": stage,
                "url": f"{address}?status={stage.key}",
                "rows": [
                    (
                        proposal,
                        worth_of_lines(proposal.lines.all()),
                        age_in_days(proposal, today),
                        progress[proposal.pk].signed,
                        progress[proposal.pk].asked,
                    )
                    for proposal in stage.newest
                ],
            }
            for stage in columns
        ],
        "vat": vat_settings(),
        "funnel": [
            (
                label,
                Decimal(count),
                f"{address}?show={step}",
                f"{round(100 * count / sent)}% of those sent" if sent else "",
            )
            for step, label, count in steps
        ],
        "took": took,
        "spans": [(label, Decimal(count), "", "") for label, count in took.spans],
        "is_empty": not any(stage.count for stage in columns),
    }
    return render(request, "proposals/proposal_pipeline.html", context)
