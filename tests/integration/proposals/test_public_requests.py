"""What a client asks behind the link beside signing: a fresh link, a question, a PDF; and who may sign when."""

import gzip
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.exceptions import ValidationError
from django.utils import timezone

from practices.models import OutgoingEmail
from practices.tenancy import practice_scope
from proposals.drawings import MOST_POINTS, MOST_STROKES, read_drawing
from proposals.links import LINK_LIFE, public_path
from proposals.models import Proposal, ProposalEvent, Signature
from proposals.operations import recall_proposal
from proposals.operations.asking import MOST_QUESTIONS_A_DAY
from proposals.operations.sending import send_proposal
from proposals.operations.terms import choose_letter
from tests.integration.proposals.offers import a_client, a_draft, a_sent, as_it_is
from tests.integration.proposals.test_public_pages import form_of, press_sign, text_of


@pytest.fixture
def shared(brook):
    """A proposal that Mara Hill signs first, then Noor Aziz; each has a link of their own."""
    with practice_scope(brook.pk):
        return a_sent(on=brook.today(), client=a_client("Mara Hill", "Noor Aziz"))


def link_of(proposal, nth) -> str:
    return public_path(proposal, proposal.signatories.get(position=nth).person)


def links(brook, proposal) -> list[str]:
    with practice_scope(brook.pk):
        return [link_of(proposal, nth) for nth in (0, 1)]


def run_out(brook, proposal) -> str:
    """A link to the proposal that has run out."""
    with practice_scope(brook.pk):
        Proposal.objects.update(link_expires_at=timezone.now() - timedelta(seconds=1))
        return link_of(as_it_is(proposal), 0)


def test_g27_whoever_is_not_first_reads_and_waits_for_their_turn(client, brook, shared):
    mara, noor = links(brook, shared)
    page = client.get(noor)
    assert "Mara Hill signs first" in text_of(page)
    assert 'name="signed_name"' not in page.content.decode()
    answer = client.post(
        f"{noor}sign/", {"signed_name": "Noor Aziz", "document_sha256": shared.document_sha256}
    )
    assert answer.status_code in (303, 422)
    with practice_scope(brook.pk):
        assert not Signature.objects.exists()
    client.post(f"{mara}sign/", form_of(client.get(mara)) | {"signed_name": "Mara Hill"})
    assert "You have signed" in text_of(client.get(mara))
    client.post(f"{noor}sign/", form_of(client.get(noor)) | {"signed_name": "Noor Aziz"})
    with practice_scope(brook.pk):
        assert as_it_is(shared).status == "accepted"


def test_a_personal_link_signs_for_nobody_else(client, brook, shared):
    mara, noor = links(brook, shared)
    data = form_of(client.get(mara)) | {"signed_name": "Noor Aziz"}
    assert client.post(f"{noor}sign/", data).status_code == 422
    with practice_scope(brook.pk):
        assert not Signature.objects.exists()


def test_g32_a_link_that_has_run_out_is_renewed_by_email_alone(client, brook, shared):
    old = run_out(brook, shared)
    page = client.get(old)
    assert page.status_code == 410
    assert "This link has run out" in text_of(page)
    answer = client.post(f"{old}fresh/")
    assert answer.status_code == 200
    assert "/proposals/" not in re.sub(r'(href|action)="/static[^"]*"', "", text_of(answer))
    with practice_scope(brook.pk):
        email = OutgoingEmail.objects.get(kind="proposals/link_renewed")
        assert email.to == "mara@acme.example"
    fresh = re.search(r"http\S+(/proposals/\S+/)", email.text)[1]
    assert client.get(fresh).status_code == 200
    assert client.get(old).status_code == 410


def test_g32_asking_again_soon_sends_one_message(client, brook, shared):
    old = run_out(brook, shared)
    for _ in range(3):
        client.post(f"{old}fresh/")
    with practice_scope(brook.pk):
        assert OutgoingEmail.objects.filter(kind="proposals/link_renewed").count() == 1


def test_a_link_that_has_run_out_signs_asks_and_shows_nothing(client, brook, shared):
    old = run_out(brook, shared)
    data = {"signed_name": "Mara Hill", "document_sha256": shared.document_sha256}
    for path in ("sign/", "question/", "price/"):
        client.post(f"{old}{path}", data | {"ask-name": "Mara", "ask-question": "Why?"})
    assert client.get(f"{old}proposal.pdf").status_code == 410
    with practice_scope(brook.pk):
        assert not Signature.objects.exists()
        assert not ProposalEvent.objects.filter(kind="question").exists()


def test_a_recalled_link_cannot_be_renewed(client, brook, shared):
    old = run_out(brook, shared)
    with practice_scope(brook.pk):
        recall_proposal(shared)
    client.post(f"{old}fresh/")
    with practice_scope(brook.pk):
        assert not OutgoingEmail.objects.filter(kind="proposals/link_renewed").exists()


def test_a_link_lives_two_weeks_from_sending(brook, shared):
    assert shared.link_expires_at == shared.sent_at + LINK_LIFE


def test_a_question_reaches_the_practice_and_can_be_answered(client, brook, shared):
    mara, _ = links(brook, shared)
    answer = client.post(
        f"{mara}question/", {"ask-name": "Mara\r\nBcc: x@y.example", "ask-question": "VAT? <b>"}, follow=True
    )
    assert "Your question is on its way" in text_of(answer)
    with practice_scope(brook.pk):
        email = OutgoingEmail.objects.get(kind="proposals/question_asked")
        assert (email.to, email.reply_to) == ("alice@brook.example", "mara@acme.example")
        assert email.subject.isprintable()
        assert "VAT? <b>" in email.text
        assert "VAT? &lt;b&gt;" in email.html


def test_a_question_needs_words_and_there_is_an_end_to_them(client, brook, shared):
    mara, _ = links(brook, shared)
    assert client.post(f"{mara}question/", {"ask-name": "Mara", "ask-question": " "}).status_code == 422
    for number in range(MOST_QUESTIONS_A_DAY + 2):
        client.post(f"{mara}question/", {"ask-name": "Mara", "ask-question": f"Question {number}"})
    with practice_scope(brook.pk):
        assert ProposalEvent.objects.filter(kind="question").count() == MOST_QUESTIONS_A_DAY


def test_opening_and_downloading_are_noted_once_a_visit(client, brook, shared):
    mara, _ = links(brook, shared)
    for _ in range(3):
        client.get(mara)
        client.head(mara)
        assert client.get(f"{mara}proposal.pdf").content.startswith(b"%PDF")
    client.get(mara, headers={"user-agent": "Another"})
    with practice_scope(brook.pk):
        kinds = list(shared.chain.values_list("kind", flat=True))
    assert kinds == ["sent", "opened", "downloaded", "opened"]


def test_a_drawn_signature_is_kept_and_shown(client, brook, shared):
    mara, _ = links(brook, shared)
    strokes = [[[0, 0], [600, 200]], [[5, 5], [7, 9], [11, 13]]]
    data = form_of(client.get(mara)) | {"signed_name": "Mara Hill", "drawing": json.dumps(strokes)}
    client.post(f"{mara}sign/", data)
    with practice_scope(brook.pk):
        assert Signature.objects.get().drawing == strokes
    assert '<polyline points="0,0 600,200"/>' in client.get(mara).content.decode()


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "{}",
        "[1]",
        "[[]]",
        "[[[1,2]]]",
        "[[[1,2],[3]]]",
        '[[[1,"<script>"],[2,3]]]',
        "[[[1.5,2],[2,3]]]",
        "[[[true,2],[2,3]]]",
        "[[[-1,2],[2,3]]]",
        "[[[601,2],[2,3]]]",
        "[" * 20_000,
        json.dumps([[[1, 1], [2, 2]]] * (MOST_STROKES + 1)),
        json.dumps([[[1, 1]] * (MOST_POINTS + 1)]),
    ],
)
def test_anything_but_strokes_is_no_drawing(text):
    with pytest.raises(ValidationError):
        read_drawing(text)


def test_u07_the_tick_to_begin_early_is_kept_only_where_the_right_to_cancel_is_offered(client, brook):
    for offered in (True, False):
        with practice_scope(brook.pk):
            draft = a_draft(on=brook.today())
            choose_letter(draft, has_right_to_cancel=offered, blocks=[])
            proposal = send_proposal(draft, on=brook.today())
        press_sign(client, proposal, asks_early_start="on")
        with practice_scope(brook.pk):
            assert proposal.signatures.get().asks_early_start is offered


def test_the_page_is_small_and_asks_nobody_else(client, brook, shared):
    """The page as it is and its files as they are served, compressed, stay under 60 KB; none is of another origin."""
    page = client.get(links(brook, shared)[0]).content
    addresses = re.findall(r'(?:href|src|action)="([^"]+)"', page.decode())
    files = [address.removeprefix("/static/") for address in addresses if address.startswith("/static/")]
    assert "js/signing.js" in files
    assert not [address for address in addresses if "//" in address]
    assert (
        len(page) + sum(len(gzip.compress(Path(finders.find(name)).read_bytes())) for name in files) < 60_000
    )
