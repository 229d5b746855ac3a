"""Templates: the practice's own, and those that come with the application."""

from django.contrib import messages
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from practices.lists import Column, List, ShownList
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.worked_lists import worked_file, worked_page
from proposals.editor_forms import NameForm
from proposals.models import Proposal, ProposalTemplate
from proposals.operations.templates import adopt_starter, keep_template, remove_template, rename_template
from proposals.starter_templates import STARTER_TEMPLATES


@requires(Can.SEE)
@require_safe
def template_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """The practice's templates with what they hold, and the provided ones."""
    return _render(request)


#: Of a row: the template, and the names of its services.
TEMPLATES = List(
    "templates",
    "proposals:template-list",
    ("template", "templates"),
    (
        Column("name", "Name", lambda row: row[0].name, fixed=True),
        Column("services", "Services", lambda row: ", ".join(row[1])),
        Column("changed", "Changed", lambda row: row[0].changed_at),
    ),
    {"name": ("name",), "changed": ("-changed",)},
)


def _render(request: PracticeRequest, form: NameForm | None = None) -> HttpResponseBase:
    rows = [(template, _services_of(template)) for template in ProposalTemplate.objects.all()]
    shown = ShownList(request, TEMPLATES)
    if file := worked_file(shown, rows):
        return file
    context = {
        "list": shown,
        "page": worked_page(shown, rows),
        "starters": STARTER_TEMPLATES,
        "form": form,
    }
    return render(request, "proposals/template_list.html", context, status=422 if form else 200)


def _services_of(template: ProposalTemplate) -> list[str]:
    """The names of the services in a template."""
    return [line["name"] for group in template.content.get("groups", []) for line in group["lines"]]


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def template_keep(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """Keep a proposal as a template."""
    proposal = get_object_or_404(Proposal, pk=pk)
    form = NameForm(request.POST)
    if not form.is_valid():
        return _render(request, form)
    template = keep_template(proposal, **form.cleaned_data)
    messages.success(
        request, f"“{template.name}” is a template now. Prices come from the library of the day."
    )
    return see_other(request, "proposals:template-list", practice=practice)


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def template_rename(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """Give a template another name or description."""
    template = get_object_or_404(ProposalTemplate, pk=pk)
    form = NameForm(request.POST)
    if not form.is_valid():
        return _render(request, form)
    rename_template(template, **form.cleaned_data)
    messages.success(request, "Saved.")
    return see_other(request, "proposals:template-list", practice=practice)


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def template_remove(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """Remove a template; proposals made with it stay as they are."""
    template = get_object_or_404(ProposalTemplate, pk=pk)
    remove_template(template)
    messages.success(request, f"“{template.name}” is gone. Proposals made with it stay as they are.")
    return see_other(request, "proposals:template-list", practice=practice)


@requires(Can.MANAGE_SERVICES)
@require_POST
def template_adopt(request: PracticeRequest, practice: str, key: str) -> HttpResponseBase:
    """Make a provided template the practice's own, its services in the library."""
    starter = next((each for each in STARTER_TEMPLATES if each.key == key), None)
    if starter is None:
        raise Http404
    template, added = adopt_starter(starter, on=request.practice.today())
    words = f"“{template.name}” is yours."
    if added:
        words += f" {len(added)} services are new in the library; give them a price before you use it."
    messages.success(request, words)
    return see_other(request, "proposals:template-list", practice=practice)
