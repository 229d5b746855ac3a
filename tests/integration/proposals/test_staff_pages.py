"""The practice's pages about proposals."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from practices.models import Membership
from practices.templatetags.dates import civil
from practices.tenancy import practice_scope
from proposals.errors import DoneBeforeItBegins
from proposals.models import Proposal, Signature, Terms
from proposals.operations import send_proposal
from tests.integration.proposals.offers import (
    MONTHLY,
    ON_COMPLETION,
    QUARTERLY,
    a_client,
    a_draft,
    a_line,
    a_sent,
    a_service,
    as_it_is,
    sign,
)

HTMX = {"HX-Request": "true"}


def at(name: str, practice, proposal=None) -> str:
    args = [practice.slug] if proposal is None else [practice.slug, proposal.pk]
    return reverse(f"proposals:{name}", args=args)


def text_of(page) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


@pytest.fixture
def acme(brook):
    """A client for whom Mara Hill signs."""
    with practice_scope(brook.pk):
        return a_client("Mara Hill")


@pytest.fixture
def bookkeeping(brook):
    """A service of £100."""
    with practice_scope(brook.pk):
        return a_service()


@pytest.fixture
def sent(brook):
    """A proposal that waits for Mara Hill."""
    with practice_scope(brook.pk):
        return a_sent(on=brook.today())


PAGES = ["proposal-list", "proposal-new", "terms-edit", "template-list"]
OF_ONE = [
    "proposal-detail",
    "proposal-edit",
    "proposal-services",
    "proposal-presentation",
    "proposal-terms",
    "proposal-check",
    "proposal-preview",
]
CHANGES = [
    "proposal-send",
    "proposal-resend",
    "proposal-recall",
    "proposal-accept",
    "proposal-lose",
    "proposal-duplicate",
    "proposal-publish",
    "proposal-extend",
    "proposal-reopen",
    "proposal-request-review",
    "proposal-approve",
    "proposal-return",
    "proposal-discard",
    "template-keep",
]


def test_every_page_opens(client_of, brook):
    with practice_scope(brook.pk):
        draft = a_draft()
    browser = client_of("alice")
    for page in PAGES:
        assert browser.get(at(page, brook)).status_code == 200, page
    for page in OF_ONE:
        assert browser.get(at(page, brook, draft)).status_code == 200, page


def test_the_other_practice_sees_nothing(client_of, brook, cedar, sent):
    browser = client_of("carol")
    for page in PAGES:
        assert browser.get(at(page, brook)).status_code == 404, page
    for page in OF_ONE:
        assert browser.get(at(page, brook, sent)).status_code == 404, page
        assert browser.get(at(page, cedar, sent)).status_code == 404, page
    for change in CHANGES:
        assert browser.post(at(change, brook, sent)).status_code == 404, change
        assert browser.post(at(change, cedar, sent)).status_code == 404, change
    with practice_scope(brook.pk):
        assert (as_it_is(sent).status, Proposal.objects.count()) == ("sent", 1)


def test_changes_are_never_made_by_opening_an_address(client_of, brook, sent):
    for change in CHANGES:
        assert client_of("alice").get(at(change, brook, sent)).status_code == 405, change


def test_staff_draft_and_managers_send(client_of, brook, cast):
    with practice_scope(brook.pk):
        draft = a_draft(on=brook.today())
    browser = client_of("bob")
    page = browser.get(at("proposal-detail", brook, draft))
    assert at("proposal-send", brook, draft) not in page.content.decode()
    assert browser.post(at("proposal-send", brook, draft)).status_code == 403
    assert browser.get(at("terms-edit", brook)).status_code == 403
    Membership.objects.filter(user=cast.bob).update(role="manager")
    assert browser.post(at("proposal-send", brook, draft)).status_code == 303


def test_an_empty_list_says_what_to_do_next(client_of, brook):
    page = client_of("alice").get(at("proposal-list", brook))
    assert "No proposals yet" in text_of(page)
    assert at("proposal-new", brook) in page.content.decode()


def test_the_list_shows_worth_and_its_totals_before_vat(client_of, brook):
    with practice_scope(brook.pk):
        a_draft(
            a_line(price="250"),
            a_line(ON_COMPLETION, price="50"),
            a_line(MONTHLY),
            a_line(QUARTERLY, price="30"),
        )
        a_sent(
            a_line(MONTHLY, price="10", quantity=Decimal("1.5")), client=a_client("Ann Bee", name="Bee Ltd")
        )
    text = text_of(client_of("alice").get(at("proposal-list", brook)))
    assert "£300.00 £110.00 £1,320.00" in text
    assert "£0.00 £15.00 £180.00" in text
    assert "Total of 2 proposals, before VAT £300.00 £125.00 £1,500.00" in text
    assert "0 of 1" in text


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", ["P-0002", "P-0001"]),
        ("?status=sent", ["P-0002"]),
        ("?status=nonsense", ["P-0002", "P-0001"]),
        ("?q=bee", ["P-0002"]),
        ("?q=P-0001", ["P-0001"]),
        ("?q=1", ["P-0001"]),
        ("?q=engage&status=draft", ["P-0001"]),
        ("?q=99999999999999999999", []),
        ("?page=77", ["P-0002", "P-0001"]),
    ],
)
def test_the_list_is_filtered_by_state_and_words(client_of, brook, query, numbers):
    with practice_scope(brook.pk):
        a_draft()
        a_sent(client=a_client("Ann Bee", name="Bee Ltd"))
    for headers in ({}, HTMX):
        page = client_of("alice").get(at("proposal-list", brook) + query, headers=headers)
        assert re.findall(r'class="row-link"[^>]*>(P-\d+)', page.content.decode()) == numbers
    assert "<html" not in page.content.decode()


def test_what_keeps_a_draft_from_being_sent_is_said(client_of, brook):
    with practice_scope(brook.pk):
        draft = a_draft(client=a_client())
    page = client_of("alice").get(at("proposal-detail", brook, draft))
    assert "Nobody at this client signs proposals" in text_of(page)
    assert 'aria-disabled="true"' in page.content.decode()
    assert client_of("alice").post(at("proposal-send", brook, draft)).status_code == 409


def test_a_proposal_is_sent_recalled_and_sent_again(client_of, brook):
    with practice_scope(brook.pk):
        draft = a_draft(on=brook.today())
    browser, detail = client_of("alice"), at("proposal-detail", brook, draft)
    for change, words in (
        ("proposal-send", "Awaiting signature"),
        ("proposal-resend", "mara@acme.example"),
        ("proposal-recall", "is a draft again"),
        ("proposal-send", "Awaiting signature"),
    ):
        answer = browser.post(at(change, brook, draft), follow=True)
        assert answer.redirect_chain == [(detail, 303)]
        assert words in text_of(answer)
    assert "/proposals/Wz" in answer.content.decode()


def test_g25_staff_record_an_acceptance_with_name_and_reason(client_of, brook, cast, sent):
    browser, address = client_of("alice"), at("proposal-accept", brook, sent)
    with practice_scope(brook.pk):
        person = sent.client.people.get()
    data = {"accept-signatory": person.pk, "accept-document_sha256": sent.document_sha256}
    wrong = browser.post(address, data | {"accept-signed_name": "Mara Hill", "accept-reason": ""})
    assert wrong.status_code == 422
    assert '<details class="fold" open>' in wrong.content.decode()
    data |= {"accept-signed_name": "Mara Hill", "accept-reason": "Agreed by telephone"}
    answer = browser.post(address, data, follow=True)
    assert "recorded by the practice (Alice)" in text_of(answer)
    with practice_scope(brook.pk):
        assert Signature.objects.get().on_behalf == cast.alice
        assert as_it_is(sent).status == "accepted"


def test_a_lost_proposal_keeps_its_reason(client_of, brook, sent):
    browser, address = client_of("alice"), at("proposal-lose", brook, sent)
    assert browser.post(address, {"lose-reason": ""}).status_code == 422
    answer = browser.post(address, {"lose-reason": "Chose another firm"}, follow=True)
    assert "Chose another firm" in text_of(answer)


def test_a_proposal_that_came_to_nothing_says_when_and_asks_for_no_signature(client_of, brook, sent):
    browser, detail = client_of("alice"), at("proposal-detail", brook, sent)
    assert "Has not signed yet" in text_of(browser.get(detail))
    answer = browser.post(
        at("proposal-lose", brook, sent), {"lose-reason": "Chose another firm"}, follow=True
    )
    assert f"Lost on {civil(brook.today())} Chose another firm" in text_of(answer)
    assert "Did not sign" in text_of(answer)
    assert "Has not signed yet" not in text_of(answer)


def test_a_duplicate_opens_in_the_editor(client_of, brook, sent):
    answer = client_of("alice").post(at("proposal-duplicate", brook, sent))
    with practice_scope(brook.pk):
        assert answer.url == at("proposal-edit", brook, Proposal.objects.get(number=2))


def test_an_accepted_proposal_shows_its_signatures_and_offers_no_change(client_of, brook, sent):
    with practice_scope(brook.pk):
        sign(sent, on=brook.today())
    page = client_of("alice").get(at("proposal-detail", brook, sent))
    assert "Signed by Mara Hill" in text_of(page)
    for change in ("proposal-send", "proposal-recall", "proposal-resend", "proposal-accept", "proposal-lose"):
        assert at(change, brook, sent) not in page.content.decode()


def test_terms_are_marked_until_somebody_has_reviewed_them(client_of, brook):
    browser, address = client_of("alice"), at("terms-edit", brook)
    assert "To be reviewed by the practice" in text_of(browser.get(address))
    assert browser.post(address, {"body": " "}).status_code == 422
    answer = browser.post(address, {"body": "Our terms"}, follow=True)
    assert "To be reviewed" not in text_of(answer)
    with practice_scope(brook.pk):
        assert Terms.objects.get(version=2).body == "Our terms"


def test_starter_wording_is_pointed_at_only_while_it_can_be_changed(client_of, brook, sent):
    with practice_scope(brook.pk):
        draft = a_draft(client=a_client("Ann Bee", name="Bee Ltd"), on=brook.today())
    browser, words = client_of("alice"), "Version 1, starter wording: read it before you send"
    assert words in text_of(browser.get(at("proposal-detail", brook, draft)))
    text = text_of(browser.get(at("proposal-detail", brook, sent)))
    assert "Terms Version 1" in text
    assert "starter wording" not in text


def test_what_is_included_without_a_price_is_said_not_to_be_billed(client_of, brook):
    with practice_scope(brook.pk):
        lines = a_line(MONTHLY), a_line(name="Helpline", is_included=True)
        draft = a_draft(*lines, on=brook.today())
    text = text_of(client_of("alice").get(at("proposal-detail", brook, draft)))
    assert "Helpline Not billed Included" in text


def test_the_list_says_until_when_only_of_what_can_still_be_signed(client_of, brook, sent):
    browser, last_day = client_of("alice"), civil(sent.valid_until)
    assert last_day in text_of(browser.get(at("proposal-list", brook)))
    with practice_scope(brook.pk):
        sign(sent, on=brook.today())
    assert last_day not in text_of(browser.get(at("proposal-list", brook)))


def test_long_lists_come_page_by_page(client_of, brook, acme):
    with practice_scope(brook.pk):
        Proposal.objects.bulk_create(
            Proposal(client=acme, number=n, title="x", starts_on=brook.today(), valid_until=brook.today())
            for n in range(1, 53)
        )
    browser = client_of("alice")
    first = browser.get(at("proposal-list", brook))
    second = browser.get(at("proposal-list", brook) + first.context["page"].next)
    shown = [page.content.decode().count('class="row-link"') for page in (first, second)]
    assert shown == [50, 2]


def test_work_that_is_done_before_the_engagement_starts_is_refused_in_words(client_of, brook):
    with practice_scope(brook.pk):
        today = brook.today()
        line = a_line(ON_COMPLETION | {"completes_on": today - timedelta(days=1)})
        draft = a_draft(line, on=today)
        with pytest.raises(DoneBeforeItBegins):
            send_proposal(draft, on=today)
    assert DoneBeforeItBegins.message in client_of("alice").get(at("proposal-check", brook, draft)).text


def test_4_3_the_head_of_a_proposal_says_whose_it_is_and_how_it_stands(brook, sent, client_of):
    """On a phone what stands beside it comes after everything else."""
    page = client_of("alice").get(at("proposal-detail", brook, sent)).content.decode()
    head = re.sub(
        r"<[^>]+>", " ", page.partition('class="page-header"')[2].partition("Services and prices")[0]
    )
    assert "Acme Dental Ltd" in head
    assert "Awaiting signature" in head
