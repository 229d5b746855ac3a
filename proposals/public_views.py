"""What a client sees: the proposal behind its link, signing and declining. No account, no script."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import decorator_from_middleware
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from practices.errors import DomainError
from practices.models import Practice
from practices.requests import opens_own_scope, see_other
from practices.tenancy import practice_scope
from proposals.documents import readable
from proposals.errors import WrongLink
from proposals.forms import DeclineForm, SignForm
from proposals.links import PublicLink, Standing, read_token, standing_of
from proposals.models import Proposal
from proposals.operations import decline_proposal, sign_proposal
from proposals.visitors import address_of, guesses_too_much, note_wrong_guess

GONE = {
    Standing.EXPIRED: (
        "This proposal has expired",
        "Ask {practice} for a new one if you are still interested.",
    ),
    Standing.RECALLED: (
        "This link is no longer valid",
        "{practice} has taken this proposal back or sent you a newer one. Look for their latest message.",
    ),
}


@dataclass(frozen=True)
class Visit:
    """Somebody at the door with a link that is ours."""

    token: str
    link: PublicLink
    practice: Practice
    proposal: Proposal
    today: date

    @property
    def standing(self) -> Standing:
        """What the link leads to today."""
        return standing_of(self.proposal, self.link, on=self.today)


VisitView = Callable[[HttpRequest, Visit], HttpResponse]
TokenView = Callable[[HttpRequest, str], HttpResponse]


class PublicFormCheck(CsrfViewMiddleware):
    """Django's token check without its look at `Origin`, which browsers write as `null` under `no-referrer`."""

    def _origin_verified(self, request: HttpRequest) -> bool:
        return request.headers["Origin"] == "null" or super()._origin_verified(request)  # type: ignore[misc]


checked_form = decorator_from_middleware(PublicFormCheck)


def reads_link(view: VisitView) -> TokenView:
    """Turns the token of the path into a visit, inside the practice's scope; answers wrong links itself."""

    @wraps(view)
    def visited(request: HttpRequest, token: str) -> HttpResponse:
        try:
            response = _answer(view, request, token)
        except WrongLink:
            response = _wrong(request)
        except DomainError as error:
            messages.error(request, error.message)
            response = see_other(request, "proposal-read", token)
        # The token is in the address of this page, so no other site may learn that address from it.
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return visited


def _answer(view: VisitView, request: HttpRequest, token: str) -> HttpResponse:
    link = read_token(token)
    practice = Practice.objects.filter(pk=link.practice_id).first()
    if practice is None:
        raise WrongLink
    with practice_scope(practice.pk), timezone.override(ZoneInfo(practice.time_zone)):
        proposal = Proposal.objects.filter(pk=link.proposal_id).select_related("client").first()
        if proposal is None:
            raise WrongLink
        return view(request, Visit(token, link, practice, proposal, practice.today()))


def _wrong(request: HttpRequest) -> HttpResponse:
    """404, or 429 for an address that goes on guessing; a link that is ours opens all the same."""
    address = address_of(request)
    if guesses_too_much(address):
        words = {
            "title": "Please wait a little",
            "text": "Too many wrong links were tried from here. Try again in ten minutes.",
        }
        return render(request, "proposals/link_over.html", words, status=429)
    note_wrong_guess(address)
    words = {"title": "This link does not work", "text": WrongLink.message}
    return render(request, "proposals/link_over.html", words, status=404)


@opens_own_scope
@never_cache
@require_safe
@reads_link
def proposal_read(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The page behind the link; opening it changes nothing, so mail scanners may."""
    if visit.standing in GONE:
        title, text = GONE[visit.standing]
        context = {
            "token": visit.token,
            "practice": visit.practice,
            "title": title,
            "text": text.format(practice=visit.practice.name),
        }
        return render(request, "proposals/link_over.html", context, status=410)
    if visit.standing is Standing.OPEN:
        return _open_page(request, visit)
    return render(request, "proposals/link_decided.html", _context(visit))


@opens_own_scope
@csrf_exempt
@checked_form
@require_POST
@reads_link
def proposal_sign(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Sign; whoever presses twice sees the same signature again."""
    if visit.standing is not Standing.OPEN:
        return _back(request, visit)
    form = SignForm(request.POST, proposal=visit.proposal)
    if not form.is_valid():
        return _open_page(request, visit, sign=form, status=422)
    sign_proposal(
        visit.proposal,
        form.cleaned_data["signatory"],
        signed_name=form.cleaned_data["signed_name"],
        document_sha256=form.cleaned_data["document_sha256"],
        on=visit.today,
        ip=address_of(request),
        user_agent=request.headers.get("User-Agent", ""),
    )
    return _back(request, visit)


@opens_own_scope
@csrf_exempt
@checked_form
@require_POST
@reads_link
def proposal_decline(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Decline, with a reason."""
    if visit.standing is not Standing.OPEN:
        return _back(request, visit)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _open_page(request, visit, decline=form, status=422)
    decline_proposal(visit.proposal, reason=form.cleaned_data["reason"])
    return _back(request, visit)


def _back(request: HttpRequest, visit: Visit) -> HttpResponse:
    return see_other(request, "proposal-read", visit.token)


def _open_page(
    request: HttpRequest,
    visit: Visit,
    *,
    sign: SignForm | None = None,
    decline: DeclineForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = _context(visit) | {
        "sign_form": sign or SignForm(proposal=visit.proposal),
        "decline_form": decline or DeclineForm(),
        "address": address_of(request),
    }
    return render(request, "proposals/link_open.html", context, status=status)


def _context(visit: Visit) -> dict[str, Any]:
    signatures = list(visit.proposal.signatures.select_related("on_behalf"))
    signed = {signature.signatory_id for signature in signatures}
    asked = visit.proposal.signatories.select_related("person")
    return {
        "token": visit.token,
        "practice": visit.practice,
        "proposal": visit.proposal,
        "offer": readable(visit.proposal.document),
        "signatures": signatures,
        "missing": [signatory.person for signatory in asked if signatory.person_id not in signed],
    }
