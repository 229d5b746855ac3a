"""The page behind a client's link: no account, no script, one clear answer for every kind of link."""

import logging
import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client as Browser
from structlog.stdlib import ProcessorFormatter as LogLine

from practices.letterhead import profile_of
from practices.models import AuditEntry
from practices.operations import amend_profile
from practices.tenancy import practice_scope
from proposals import visitors
from proposals.links import public_path
from proposals.models import Proposal, Signature
from proposals.operations import recall_proposal
from proposals.visitors import MOST_GUESSES
from tests.integration.proposals.offers import MONTHLY, a_client, a_line, a_sent, as_it_is


@pytest.fixture
def sent(brook):
    """A proposal that Mara Hill can sign today."""
    with practice_scope(brook.pk):
        return a_sent(on=brook.today())


@pytest.fixture
def shared(brook):
    """A proposal that Mara Hill and Noor Aziz have to sign."""
    with practice_scope(brook.pk):
        return a_sent(on=brook.today(), client=a_client("Mara Hill", "Noor Aziz"))


def form_of(page) -> dict:
    """The hidden fields of the page's signing form."""
    section = page.content.decode().split('id="sign"')[1]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', section.split("</form>")[0]))


def press_sign(browser, proposal, **values):
    path = public_path(proposal)
    return browser.post(f"{path}sign/", form_of(browser.get(path)) | {"signed_name": "Mara Hill"} | values)


def text_of(page) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


def test_the_page_says_first_what_is_paid_and_when(client, brook):
    with practice_scope(brook.pk):
        proposal = a_sent(a_line(price="250"), a_line(MONTHLY), on=brook.today())
    page = client.get(public_path(proposal))
    text = text_of(page)
    assert page.status_code == 200
    assert text.index("£300.00 when you accept") < text.index("£120.00") < text.index("Terms")
    assert proposal.document_sha256[:16] in text
    assert "127.0.0.1" in text


def test_a_price_for_each_of_many_is_said_as_a_person_says_it(client, brook):
    with practice_scope(brook.pk):
        line = a_line(MONTHLY, price="6.50", unit_name="employee", quantity=Decimal(12))
        proposal = a_sent(line, on=brook.today())
    assert "12 × £6.50 per employee = £78.00" in text_of(client.get(public_path(proposal)))


def test_opening_a_link_changes_nothing(client, brook, sent):
    with practice_scope(brook.pk):
        before = AuditEntry.objects.count(), Proposal.objects.values().get()
    for _ in range(3):
        client.get(public_path(sent))
    client.head(public_path(sent))
    with practice_scope(brook.pk):
        assert before == (AuditEntry.objects.count(), Proposal.objects.values().get())


def test_links_are_kept_from_search_engines_other_sites_and_caches(client, sent):
    for path in (public_path(sent), "/proposals/wrong/"):
        headers = client.get(path).headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Robots-Tag"] == "noindex"
        assert "no-store" in headers["Cache-Control"]


def test_signing_shows_the_accepted_page_with_who_signed(client, brook, sent):
    answer = press_sign(client, sent)
    assert (answer.status_code, answer.url) == (303, public_path(sent))
    page = client.get(answer.url)
    assert page.status_code == 200
    assert "You have accepted this proposal" in text_of(page)
    assert "Mara Hill" in text_of(page)
    assert sent.document_sha256 in text_of(page)
    with practice_scope(brook.pk):
        signature = Signature.objects.get()
        assert (signature.ip, signature.on_behalf) == ("127.0.0.1", None)


def test_the_trail_names_who_signed_and_says_that_a_client_declined(client, brook, sent):
    press_sign(client, sent)
    with practice_scope(brook.pk):
        other = a_sent(on=brook.today(), client=a_client("Noor Aziz", name="Aziz Ltd"))
    client.post(f"{public_path(other)}decline/", {"reason": "Too dear"})
    with practice_scope(brook.pk):
        acts = ("proposal.signed", "proposal.accepted", "proposal.declined")
        whose = [AuditEntry.objects.get(action=action).who for action in acts]
        assert whose == ["Mara Hill (client)", "Mara Hill (client)", "The client"]


def test_f60_signing_twice_shows_the_accepted_page_and_signs_once(client, brook, sent):
    data = form_of(client.get(public_path(sent))) | {"signed_name": "Mara Hill"}
    for _ in range(2):
        answer = client.post(f"{public_path(sent)}sign/", data, follow=True)
        assert "You have accepted this proposal" in text_of(answer)
    with practice_scope(brook.pk):
        assert Signature.objects.count() == 1
        assert AuditEntry.objects.filter(action="proposal.accepted").count() == 1


def test_g27_each_signatory_says_who_they_are_and_the_last_one_accepts(client, brook, shared):
    with practice_scope(brook.pk):
        mara, noor = [signatory.person for signatory in shared.signatories.all()]
    page = client.get(public_path(shared))
    assert text_of(page).index("Mara Hill") < text_of(page).index("Noor Aziz")
    press_sign(client, shared, signatory=mara.pk)
    page = client.get(public_path(shared))
    assert "Signed so far" in text_of(page)
    assert form_of(page)["signatory"] == str(noor.pk)
    press_sign(client, shared, signatory=mara.pk)
    with practice_scope(brook.pk):
        assert (Signature.objects.count(), as_it_is(shared).status) == (1, "sent")
    press_sign(client, shared, signed_name="Noor Aziz")
    with practice_scope(brook.pk):
        assert as_it_is(shared).status == "accepted"


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_a_signature_without_a_proper_name_is_refused_on_the_same_page(client, brook, sent, name):
    answer = press_sign(client, sent, signed_name=name)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    with practice_scope(brook.pk):
        assert not Signature.objects.exists()


def test_nobody_else_can_be_named_as_signatory(client, brook, cedar, sent):
    with practice_scope(cedar.pk):
        stranger = a_client("Zoe Stranger").people.get()
    assert press_sign(client, sent, signatory=stranger.pk).status_code == 422
    assert press_sign(client, sent, signatory="x").status_code == 422
    with practice_scope(brook.pk):
        assert not Signature.objects.exists()


def test_another_document_than_the_one_shown_is_not_signed(client, brook, sent):
    answer = press_sign(client, sent, document_sha256="0" * 64)
    assert answer.status_code == 303
    assert "Read it again before you sign" in text_of(client.get(answer.url))
    with practice_scope(brook.pk):
        assert as_it_is(sent).status == "sent"


@pytest.mark.parametrize("token", ["x", "a.b", "WzEsMSwxXQ.forged", "%F0%9F%92%A9", "a" * 3000])
def test_a_wrong_or_forged_link_is_not_found(client, db, token):
    page = client.get(f"/proposals/{token}/")
    assert page.status_code == 404
    assert "This link does not work" in text_of(page)
    assert "Part of the address may be missing" in text_of(page)
    assert "<footer" not in page.text


def test_a_link_to_a_practice_or_proposal_that_is_gone_is_not_found(client, brook, sent):
    for practice_id, pk in ((brook.pk, sent.pk + 999), (brook.pk + 999, sent.pk)):
        other = Proposal(pk=pk, practice_id=practice_id, link_version=1)
        other.practice = type(brook)(pk=practice_id)
        assert client.get(public_path(other)).status_code == 404


def test_a_link_never_reaches_another_practice(client, cedar, sent):
    other = Proposal(pk=sent.pk, practice=cedar, link_version=1)
    assert client.get(public_path(other)).status_code == 404


def test_a_recalled_link_is_gone_and_signs_nothing(client, brook, sent):
    data = form_of(client.get(public_path(sent))) | {"signed_name": "Mara Hill"}
    with practice_scope(brook.pk):
        recall_proposal(sent)
    page = client.get(public_path(sent))
    assert page.status_code == 410
    assert "no longer valid" in text_of(page)
    answer = client.post(f"{public_path(sent)}sign/", data, follow=True)
    assert answer.status_code == 410
    with practice_scope(brook.pk):
        assert not Signature.objects.exists()


def test_an_expired_link_is_gone_even_before_the_daily_run(client, brook, sent):
    data = form_of(client.get(public_path(sent))) | {"signed_name": "Mara Hill"}
    with practice_scope(brook.pk):
        Proposal.objects.update(valid_until=brook.today() - timedelta(days=1))
    page = client.get(public_path(sent))
    assert page.status_code == 410
    assert "This proposal has expired" in text_of(page)
    assert client.post(f"{public_path(sent)}sign/", data, follow=True).status_code == 410
    with practice_scope(brook.pk):
        assert not Signature.objects.exists()


def test_declining_needs_a_reason_and_shows_the_declined_page(client, brook, sent):
    path = public_path(sent)
    assert client.post(f"{path}decline/", {"reason": " "}).status_code == 422
    answer = client.post(f"{path}decline/", {"reason": "Too dear"}, follow=True)
    assert "Proposal P-0001 for Acme Dental Ltd This proposal was declined" in text_of(answer)
    answer = client.post(f"{path}decline/", {"reason": "Twice"}, follow=True)
    assert "This proposal was declined" in text_of(answer)
    with practice_scope(brook.pk):
        assert Proposal.objects.get().decline_reason == "Too dear"


def test_the_declined_page_says_how_to_reach_the_practice(client, brook):
    with practice_scope(brook.pk):
        profile = profile_of(brook)
        profile.phone, profile.email = "0113 496 0000", "hello@brook.example"
        amend_profile(profile)
        proposal = a_sent(on=brook.today())
    answer = client.post(f"{public_path(proposal)}decline/", {"reason": "Too dear"}, follow=True)
    assert "Brook & Co: 0113 496 0000 · hello@brook.example" in unescape(text_of(answer))


def test_changes_are_never_made_by_opening_an_address(client, sent):
    for act in ("sign", "decline"):
        assert client.get(f"{public_path(sent)}{act}/").status_code == 405
    assert client.post(public_path(sent)).status_code == 405


def test_forms_need_their_token_and_work_without_a_referrer(brook, sent):
    """Under `no-referrer` browsers write `Origin: null`; another site's own origin stays refused."""
    browser = Browser(enforce_csrf_checks=True)
    path = public_path(sent)
    page = browser.get(path)
    data = form_of(page) | {"signed_name": "Mara Hill"}
    without = {name: value for name, value in data.items() if name != "csrfmiddlewaretoken"}
    assert browser.post(f"{path}sign/", without, headers={"Origin": "null"}).status_code == 403
    assert browser.post(f"{path}sign/", data, headers={"Origin": "https://evil.example"}).status_code == 403
    assert browser.post(f"{path}sign/", data, headers={"Origin": "null"}).status_code == 303
    with practice_scope(brook.pk):
        assert as_it_is(sent).status == "accepted"


def test_whoever_guesses_links_has_to_wait_but_a_true_link_opens(client, sent):
    for _ in range(MOST_GUESSES):
        assert client.get("/proposals/guess/").status_code == 404
    assert client.get("/proposals/guess/").status_code == 429
    assert client.get(public_path(sent)).status_code == 200
    assert client.get(public_path(sent), REMOTE_ADDR="192.0.2.9").status_code == 200


def test_clients_can_sign_while_the_cache_is_away(client, brook, sent, settings):
    nowhere = {"BACKEND": settings.CACHES["default"]["BACKEND"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": nowhere}
    assert client.get("/proposals/wrong/").status_code == 404
    assert press_sign(client, sent).status_code == 303
    with practice_scope(brook.pk):
        assert as_it_is(sent).status == "accepted"


def test_names_and_messages_are_shown_as_text(client, brook):
    with practice_scope(brook.pk):
        proposal = a_sent(
            on=brook.today(), client=a_client("<b>Mara", name="<script>x</script> Ltd"), message="<img src=x>"
        )
    content = client.get(public_path(proposal)).content.decode()
    assert "<script>" not in content
    assert "<img src=x" not in content


def test_attack_58_whoever_has_a_link_gets_its_file_only_so_often_a_minute(client, sent, monkeypatch):
    monkeypatch.setattr(visitors, "MOST_DOWNLOADS", 2)
    path = f"{public_path(sent)}proposal.pdf"
    answers = [client.get(path) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"] == "60"
    assert client.get(public_path(sent)).status_code == 200


def test_attack_57_whatever_is_refused_of_a_link_the_link_is_not_written_down(sent, caplog):
    path = public_path(sent)
    Browser(enforce_csrf_checks=True).post(f"{path}sign/")
    Browser().get(f"{path}nothing/")
    Browser().post(f"{path}sign/", {"signed_name": ""})
    (form,) = (each.formatter for each in logging.getLogger().handlers if type(each.formatter) is LogLine)
    said = "\n".join(form.format(record) for record in caplog.records)
    assert "Forbidden" in said
    assert "Not Found" in said
    assert "Unprocessable" in said
    assert path.split("/")[2] not in said
