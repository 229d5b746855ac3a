"""The page of what letters, messages and PDFs say about the practice."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from practices.forms import ProfileForm
from practices.letterhead import profile_of
from practices.operations import amend_profile
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.views import settings_tabs

GROUPS = (
    ("How clients reach you", ("address", "phone", "email", "website", "reply_to")),
    (
        "Who you are",
        ("principal", "supervisory_body", "membership_number", "company_number", "region"),
    ),
    ("Insurance", ("insurer", "insurer_address", "insured_territory")),
    (
        "Complaints and personal data",
        ("complaints_officer", "data_protection_officer", "data_protection_number"),
    ),
    ("Messages", ("sender_name", "sends_plain_text", "brand_colour")),
)


@requires(Can.MANAGE_SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def profile_edit(request: PracticeRequest, practice: str) -> HttpResponse:
    """The practice's profile; each value is a placeholder of letters and messages."""
    form = ProfileForm(request.POST or None, instance=profile_of(request.practice))
    if request.method == "POST" and form.is_valid():
        amend_profile(form.save(commit=False))
        messages.success(request, "Saved. Letters and messages written from now on say it.")
        return see_other(request, "practices:profile-edit", practice=practice)
    groups = [(title, [form[name] for name in names]) for title, names in GROUPS]
    context = {"form": form, "groups": groups, "tabs": settings_tabs(request, "Profile")}
    return render(request, "practices/profile_edit.html", context, status=422 if form.errors else 200)
