"""Step 2 of the editor: groups, their billing rules and their lines, each saved by itself."""

from collections.abc import Callable
from copy import copy
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from practices.errors import DomainError
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.row_keys import row_key
from proposals.billing_rules import Rule
from proposals.checklist import Contents, Step
from proposals.editor_forms import AddServiceForm, GroupForm, LineForm, RowForm
from proposals.errors import NotADraft
from proposals.models import Proposal, ProposalGroup, ProposalLine, ProposalTemplate
from proposals.operations import editing
from proposals.operations.templates import apply_template, line_for
from proposals.views.editor import beside, contents, editable, refused, state_context, version_of
from services.models import Service, TaxRate
from services.queries import with_price

MONTHLY = Rule(billing="recurring", every=1, period="month")


def _page_context(request: PracticeRequest, read: Contents) -> dict[str, Any]:
    proposal = read.proposal
    options = read.offered.options
    rates = TaxRate.objects.offered() | TaxRate.objects.filter(
        pk__in=[line.tax_rate_id for line in read.lines]
    )
    return state_context(request, read, Step.SERVICES) | {
        "cards": [_card(read, group, options) for group in read.groups],
        "rates": list(rates.distinct()),
        "add_form": AddServiceForm(proposal=proposal),
        "templates": ProposalTemplate.objects.all() if not read.groups else [],
    }


def _card(
    read: Contents, group: ProposalGroup, options: list[Any], form: GroupForm | None = None
) -> dict[str, Any]:
    lines = read.lines_of(group)
    form = form or GroupForm(group=group, options=options, prefix=f"g{group.pk}")
    return {
        "group": group,
        "form": form,
        "rows": [row(line, read) for line in lines],
        "sum": _sum(lines, read),
        "is_of_one": len(lines) == 1,
    }


def row(line: ProposalLine, read: Contents) -> dict[str, Any]:
    """A line with what one bill of it comes to."""
    return {"line": line, "amounts": line.amounts_on(read.today)}


def _sum(lines: list[ProposalLine], read: Contents) -> Decimal:
    return sum((line.amounts_on(read.today).net for line in lines if line.is_taken), Decimal("0.00"))


@requires(Can.PREPARE_PROPOSALS)
@require_safe
def proposal_services(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Groups of services with their billing rules, and the bills they lead to."""
    read = contents(request, editable(pk))
    return render(request, "proposals/proposal_services.html", _page_context(request, read))


def _changed(request: PracticeRequest, pk: int, change: Callable[[], object]) -> HttpResponse:
    """Make a change to the make-up of the proposal, and show all groups again."""
    try:
        change()
    except DomainError as problem:
        return refused(request, problem)
    if not request.htmx:
        return see_other(request, "proposals:proposal-services", practice=request.practice.slug, pk=pk)
    context = _page_context(request, contents(request, editable(pk))) | {"is_answer": True}
    return render(request, "proposals/proposal_services.html#groups", context)


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def service_add(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Put a service of the library into a group, at today's price."""
    proposal = editable(pk)
    form = AddServiceForm(request.POST, proposal=proposal)
    if not form.is_valid():
        return _invalid(request, form, pk)
    entered, today = form.cleaned_data, request.practice.today()

    def add() -> None:
        version, group = version_of(request), entered["group"]
        if group is None:
            group = editing.add_group(proposal, version, MONTHLY)
            version += 1
        priced = with_price(Service.objects.filter(pk=entered["service"].pk), today).select_related(
            "tax_rate"
        )
        service: Any = priced.get()
        line = line_for(
            service,
            quantity=entered["quantity"] or Decimal(1),
            price=service.unit_price,
            highest=service.highest_price,
        )
        editing.add_lines(group, version, [line])

    return _changed(request, pk, add)


def _invalid(request: PracticeRequest, form: Any, pk: int) -> HttpResponse:
    if request.htmx:
        return beside(render(request, "proposals/_editor_invalid.html", {"form": form}, status=422))
    context = _page_context(request, contents(request, editable(pk))) | {"wrong": form}
    if isinstance(form, AddServiceForm):
        context["add_form"] = form
    return render(request, "proposals/proposal_services.html", context, status=422)


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def template_use(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Begin with the content of a template."""
    template = get_object_or_404(ProposalTemplate, pk=row_key(request.POST.get("template", "")))
    apply_template(editable(pk), template, on=request.practice.today())
    return see_other(request, "proposals:proposal-services", practice=practice, pk=pk)


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def group_add(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Add an empty group that is billed every month."""
    return _changed(request, pk, lambda: editing.add_group(editable(pk), version_of(request), MONTHLY))


def _group(pk: int, group: int) -> ProposalGroup:
    editable(pk)
    found: ProposalGroup = get_object_or_404(
        ProposalGroup.objects.select_related("proposal"), proposal=pk, pk=group
    )
    return found


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def group_edit(request: PracticeRequest, practice: str, pk: int, group: int) -> HttpResponse:
    """Change a group's heading and billing rule."""
    found = _group(pk, group)
    options = list(found.proposal.options.all())
    form = GroupForm(request.POST, group=found, options=options, prefix=f"g{group}")
    if not form.is_valid():
        return _invalid(request, form, pk)
    try:
        proposal = editing.amend_group(
            found,
            version_of(request),
            heading=form.cleaned_data["heading"],
            rule=form.rule,
            option=form.cleaned_data.get("option"),
        )
    except DomainError as problem:
        return refused(request, problem)
    return _answer(request, proposal, group=found)


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def group_move(request: PracticeRequest, practice: str, pk: int, group: int) -> HttpResponse:
    """Move a group one place up or down."""
    by = -1 if request.POST.get("to") == "up" else 1
    return _changed(request, pk, lambda: editing.move_group(_group(pk, group), version_of(request), by=by))


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def group_remove(request: PracticeRequest, practice: str, pk: int, group: int) -> HttpResponse:
    """Take a group and its services out of the proposal."""
    return _changed(request, pk, lambda: editing.remove_group(_group(pk, group), version_of(request)))


def _line(pk: int, line: int) -> ProposalLine:
    """The line of the address in its draft; 404 without one, raises `NotADraft` once it was sent."""
    lines = ProposalLine.objects.select_related("proposal__client", "group", "tax_rate", "service")
    found: ProposalLine = get_object_or_404(lines, proposal=pk, pk=line)
    if not found.proposal.is_editable:
        raise NotADraft(found.proposal)
    return found


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def line_row(request: PracticeRequest, practice: str, pk: int, line: int) -> HttpResponse:
    """Save a line's row: quantity, price, discount and VAT rate."""
    found = _line(pk, line)
    form = RowForm(request.POST, instance=copy(found))
    if not form.is_valid():
        return _invalid(request, form, pk)
    try:
        proposal = editing.amend_line(found, version_of(request), **form.cleaned_data)
    except DomainError as problem:
        return refused(request, problem)
    return _answer(request, proposal, line=found)


def _answer(
    request: PracticeRequest,
    proposal: Proposal,
    *,
    line: ProposalLine | None = None,
    group: ProposalGroup | None = None,
) -> HttpResponse:
    """The parts of the page that a saved row or heading changes."""
    if not request.htmx:
        return see_other(
            request, "proposals:proposal-services", practice=request.practice.slug, pk=proposal.pk
        )
    read = contents(request, proposal)
    context = state_context(request, read, Step.SERVICES) | {"is_answer": True}
    key = line.group_id if line else group.pk if group else None
    of_group = next((each for each in read.groups if each.pk == key), None)
    if line:
        context["row"] = row(next(each for each in read.lines if each.pk == line.pk), read)
    if of_group:
        context |= {"group": of_group, "sum": _sum(read.lines_of(of_group), read)}
    return render(request, "proposals/_services_answer.html", context)


@requires(Can.PREPARE_PROPOSALS)
@require_http_methods(["GET", "HEAD", "POST"])
def line_edit(request: PracticeRequest, practice: str, pk: int, line: int) -> HttpResponse:
    """Everything about one line on a page of its own."""
    found = _line(pk, line)
    form = LineForm(request.POST or None, instance=copy(found))
    if request.method == "POST" and form.is_valid():
        editing.amend_line(found, version_of(request), **form.cleaned_data)
        return see_other(request, "proposals:proposal-services", practice=practice, pk=pk)
    context = {"form": form, "line": found, "proposal": found.proposal}
    return render(request, "proposals/line_edit.html", context, status=422 if form.is_bound else 200)


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def line_move(request: PracticeRequest, practice: str, pk: int, line: int) -> HttpResponse:
    """Move a line one place up or down in its group."""
    by = -1 if request.POST.get("to") == "up" else 1
    return _changed(request, pk, lambda: editing.move_line(_line(pk, line), version_of(request), by=by))


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def line_remove(request: PracticeRequest, practice: str, pk: int, line: int) -> HttpResponse:
    """Take a line out of the proposal."""
    return _changed(request, pk, lambda: editing.remove_line(_line(pk, line), version_of(request)))
