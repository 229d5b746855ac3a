"""What a client sees: the proposal behind its link, signing and declining. No account, no script."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import decorator_from_middleware
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from clients.models import ContactPerson
from practices.errors import DomainError
from practices.models import Practice
from practices.requests import address_of, opens_own_scope, see_other
from practices.tenancy import practice_scope
from proposals.choices import Choice, settled_choice
from proposals.copies import proposal_pdf_of
from proposals.errors import UnknownChoice, WrongLink
from proposals.letter_views import pdf_answer
from proposals.links import PublicLink, Standing, read_token, standing_of
from proposals.models import Proposal
from proposals.offers import offer_for
from proposals.operations import decline_proposal, sign_proposal
from proposals.operations.asking import ask_question, note_visit, renew_link
from proposals.signing_forms import ChoiceForm, DeclineForm, QuestionForm, SignForm
from proposals.turns import is_first, whose_turn
from proposals.visitors import downloads_too_much, guesses_too_much, note_wrong_guess

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
    #: Whom the link was sent to; None for a link that the practice passed on itself.
    person: ContactPerson | None
    today: date
    now: datetime

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
        person = ContactPerson.objects.filter(pk=link.person_id, client=proposal.client_id).first()
        now = timezone.now()
        return view(request, Visit(token, link, practice, proposal, person, practice.today(), now))


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
    """The page behind the link; opening it agrees to nothing, so mail scanners may."""
    if closed := _closed(request, visit):
        return closed
    _note(request, visit, "opened")
    if visit.standing is Standing.OPEN:
        return _open_page(request, visit)
    return render(request, "proposals/link_decided.html", _context(visit))


def _closed(request: HttpRequest, visit: Visit) -> HttpResponse | None:
    """410 with what to do next, for a link that leads nowhere any more or has to be renewed."""
    over = {"token": visit.token, "practice": visit.practice}
    if visit.standing in GONE:
        title, text = GONE[visit.standing]
        words = {"title": title, "text": text.format(practice=visit.practice.name)}
        return render(request, "proposals/link_over.html", over | words, status=410)
    if visit.link.has_run_out(visit.now) and visit.standing is not Standing.DECLINED:
        words = {
            "may_renew": "yes",
            "title": "This link has run out",
            "text": "For safety a link works for two weeks. The proposal itself is still here: ask for a fresh link, "
            "and it comes by e-mail to whoever signs.",
        }
        return render(request, "proposals/link_over.html", over | words, status=410)
    return None


def _note(request: HttpRequest, visit: Visit, kind: str) -> None:
    agent = request.headers.get("User-Agent", "")
    if request.method == "GET" and visit.standing in (Standing.OPEN, Standing.ACCEPTED):
        note_visit(visit.proposal, kind, ip=address_of(request), user_agent=agent, now=visit.now)


@opens_own_scope
@never_cache
@require_safe
@reads_link
def proposal_file(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The proposal as a PDF: as it was sent, or once it is accepted the signed record."""
    if closed := _closed(request, visit):
        return closed
    if visit.standing is Standing.DECLINED:
        return _back(request, visit)
    if downloads_too_much(visit.proposal.pk):
        words = {"title": "Please wait a minute", "text": "This file was asked for very often just now."}
        page = render(request, "proposals/link_over.html", words | {"practice": visit.practice}, status=429)
        page.headers["Retry-After"] = "60"
        return page
    _note(request, visit, "downloaded")
    return pdf_answer(visit.proposal, proposal_pdf_of(visit.proposal, now=visit.now))


@opens_own_scope
@csrf_exempt
@checked_form
@require_POST
@reads_link
def proposal_price(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The page with the totals of another choice; agrees to nothing and keeps nothing."""
    if visit.standing is not Standing.OPEN or visit.link.has_run_out(visit.now):
        return _back(request, visit)
    entered = SignForm(initial=request.POST.dict(), proposal=visit.proposal, person=visit.person)
    return _open_page(request, visit, sign=entered, chosen=request.POST)


@opens_own_scope
@csrf_exempt
@checked_form
@require_POST
@reads_link
def proposal_question(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Ask the practice something; the answer comes by e-mail."""
    if visit.standing is not Standing.OPEN or visit.link.has_run_out(visit.now):
        return _back(request, visit)
    form = QuestionForm(request.POST, prefix="ask")
    if not form.is_valid():
        return _open_page(request, visit, question=form, status=422)
    ask_question(
        visit.proposal, **form.cleaned_data, person=visit.person, ip=address_of(request), now=visit.now
    )
    messages.success(request, f"Your question is on its way to {visit.practice.name}. They answer by e-mail.")
    return _back(request, visit)


@opens_own_scope
@csrf_exempt
@checked_form
@require_POST
@reads_link
def proposal_fresh_link(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Send a fresh link by e-mail; it is shown to nobody here."""
    renew_link(visit.proposal, version=visit.link.version, ip=address_of(request), now=visit.now)
    words = {
        "practice": visit.practice,
        "title": "A fresh link is on its way",
        "text": "Look into your e-mail. It goes to the people at the client who sign, and to nobody else.",
    }
    return render(request, "proposals/link_over.html", words)


@opens_own_scope
@csrf_exempt
@checked_form
@require_POST
@reads_link
def proposal_sign(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Sign; whoever presses twice sees the same signature again."""
    if visit.standing is not Standing.OPEN or visit.link.has_run_out(visit.now):
        return _back(request, visit)
    form = SignForm(request.POST, proposal=visit.proposal, person=visit.person)
    if not form.is_valid():
        return _open_page(request, visit, sign=form, chosen=request.POST, status=422)
    signed = form.cleaned_data
    sign_proposal(
        visit.proposal,
        signed["signatory"],
        signed_name=signed["signed_name"],
        document_sha256=signed["document_sha256"],
        on=visit.today,
        ip=address_of(request),
        user_agent=request.headers.get("User-Agent", ""),
        choice=_choice_in(visit, request.POST),
        drawing=signed["drawing"],
        asks_early_start=signed.get("asks_early_start", False),
    )
    return _back(request, visit)


def _choice_in(visit: Visit, data: QueryDict) -> Choice:
    """Exactly what was chosen, for the operation to check; nothing is filled in."""
    form = ChoiceForm(data, document=visit.proposal.document)
    if not form.is_valid():
        raise UnknownChoice
    return Choice(form.cleaned_data["option"], frozenset(form.cleaned_data["add_ons"]))


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
    question: QuestionForm | None = None,
    chosen: QueryDict | None = None,
    status: int = 200,
) -> HttpResponse:
    proposal, turn = visit.proposal, [asked.person for asked in whose_turn(visit.proposal)]
    context = _context(visit, chosen) | {
        "sign_form": sign or SignForm(proposal=proposal, person=visit.person),
        "decline_form": decline or DeclineForm(),
        "question_form": question
        or QuestionForm(prefix="ask", initial={"name": visit.person.name if visit.person else ""}),
        "address": address_of(request),
        "turn": turn,
        "may_sign": visit.person is None or visit.person in turn,
        "may_choose": bool(turn) and is_first(proposal, turn[0].pk) and visit.person in (None, turn[0]),
        "has_signed": visit.person is not None
        and proposal.signatures.filter(signatory=visit.person.pk).exists(),
    }
    return render(request, "proposals/link_open.html", context, status=status)


def _context(visit: Visit, chosen: QueryDict | None = None) -> dict[str, Any]:
    proposal = visit.proposal
    signatures = list(proposal.signatures.select_related("on_behalf"))
    signed = {signature.signatory_id for signature in signatures}
    asked = proposal.signatories.select_related("person")
    choice = (
        settled_choice(proposal)
        if signatures
        else ChoiceForm(chosen or {}, document=proposal.document).choice()
    )
    return {
        "token": visit.token,
        "practice": visit.practice,
        "proposal": proposal,
        "offer": offer_for(proposal.document, choice),
        "signatures": signatures,
        "missing": [signatory.person for signatory in asked if signatory.person_id not in signed],
        "record": proposal.records.defer("pdf").first(),
    }
