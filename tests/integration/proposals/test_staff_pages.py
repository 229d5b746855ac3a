"""The practice's pages about proposals."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse

from practices.models import Membership
from practices.tenancy import practice_scope
from proposals.models import Proposal, Signature, Terms
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


def typed(client, /, *rows: dict, **values) -> dict:
    """What a browser sends from the editor."""
    data = {
        "client": client.pk,
        "title": "Engagement",
        "starts_on": "2027-04-01",
        "valid_until": "2030-01-01",
        "message": "",
        "lines-TOTAL_FORMS": max(len(rows), 3),
        "lines-INITIAL_FORMS": 0,
    }
    for number in range(max(len(rows), 3)):
        row = {"service": "", "quantity": "1", "unit_price": "", "tax_rate": "", "rule": "upfront"}
        row |= rows[number] if number < len(rows) else {}
        data |= {f"lines-{number}-{name}": value for name, value in row.items()}
    return data | values


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


PAGES = ["proposal-list", "proposal-new", "terms-edit"]
OF_ONE = ["proposal-detail", "proposal-edit"]
CHANGES = [
    "proposal-send",
    "proposal-resend",
    "proposal-recall",
    "proposal-accept",
    "proposal-lose",
    "proposal-duplicate",
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


def test_a_draft_takes_price_and_vat_from_the_library(client_of, brook, acme, bookkeeping):
    rows = [{"service": bookkeeping.pk, "rule": "recurring:3:month", "quantity": "2"}]
    answer = client_of("alice").post(at("proposal-new", brook), typed(acme, *rows))
    with practice_scope(brook.pk):
        proposal = Proposal.objects.get()
        [line] = proposal.lines.all()
        assert answer.url == at("proposal-detail", brook, proposal)
        assert (line.unit_price, line.quantity, line.rule_in_words) == (100, 2, "Every 3 months")
        assert line.tax_rate == bookkeeping.tax_rate


def test_rows_without_a_service_and_removed_rows_are_left_out(client_of, brook, acme, bookkeeping):
    kept = {"service": bookkeeping.pk, "unit_price": "12.3456"}
    data = typed(acme, {}, kept | {"DELETE": "on"}, kept, {"quantity": "3"})
    assert client_of("alice").post(at("proposal-new", brook), data).status_code == 303
    with practice_scope(brook.pk):
        [line] = Proposal.objects.get().lines.all()
        assert line.unit_price == Decimal("12.3456")


def test_an_included_service_costs_nothing(client_of, brook, acme):
    with practice_scope(brook.pk):
        service = a_service("Telephone support")
        service.billing_basis = "included"
        service.save()
    rows = [{"service": service.pk, "unit_price": "50"}]
    client_of("alice").post(at("proposal-new", brook), typed(acme, *rows))
    with practice_scope(brook.pk):
        [line] = Proposal.objects.get().lines.all()
        assert (line.is_included, line.unit_price) == (True, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"client": ""},
        {"client": "999999"},
        {"title": ""},
        {"starts_on": "31/02/2027"},
        {"valid_until": ""},
        {"lines-0-quantity": "0"},
        {"lines-0-quantity": "-1"},
        {"lines-0-quantity": ""},
        {"lines-0-unit_price": "-0.01"},
        {"lines-0-unit_price": "1.00001"},
        {"lines-0-unit_price": "NaN"},
        {"lines-0-rule": "recurring:0:month"},
        {"lines-0-rule": "tomorrow"},
        {"lines-0-service": "999999"},
        {"lines-0-tax_rate": "999999"},
        {"lines-1-unit_price": "5"},
        {"lines-TOTAL_FORMS": "x"},
        {"lines-TOTAL_FORMS": "5000"},
    ],
)
def test_bad_input_is_answered_on_the_same_page_and_saves_nothing(client_of, brook, acme, bookkeeping, wrong):
    data = typed(acme, {"service": bookkeeping.pk, "unit_price": "10"}, **wrong)
    answer = client_of("alice").post(at("proposal-new", brook), data)
    assert answer.status_code == 422
    assert "data-invalid" in answer.content.decode() or 'data-tone="bad"' in answer.content.decode()
    with practice_scope(brook.pk):
        assert not Proposal.objects.exists()


def test_a_service_without_a_price_asks_for_one(client_of, brook, acme, bookkeeping):
    with practice_scope(brook.pk):
        bookkeeping.prices.all().delete()
    answer = client_of("alice").post(at("proposal-new", brook), typed(acme, {"service": bookkeeping.pk}))
    assert answer.status_code == 422
    assert "The library has no price for this service yet" in text_of(answer)


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_adding_rows_keeps_what_was_typed_and_saves_nothing(client_of, brook, acme, bookkeeping, headers):
    rows = [
        {"service": bookkeeping.pk, "unit_price": "7", "rule": "on_completion"},
        {"service": bookkeeping.pk},
    ]
    data = typed(acme, *rows, add_rows="1", title="Half done")
    page = client_of("alice").post(at("proposal-new", brook), data, headers=headers)
    content = page.content.decode()
    assert page.status_code == 200
    assert 'name="lines-TOTAL_FORMS" value="6"' in content
    assert 'value="7"' in content
    assert 'value="100"' in content
    assert ("Half done" in content) is (not headers)
    with practice_scope(brook.pk):
        assert not Proposal.objects.exists()


def test_choosing_another_service_takes_its_price(client_of, brook, acme, bookkeeping):
    data = typed(acme, {"service": bookkeeping.pk, "unit_price": "7"}, priced="lines-0")
    page = client_of("alice").post(at("proposal-new", brook), data, headers=HTMX)
    assert 'value="100"' in page.content.decode()


def test_a_draft_is_edited_and_a_sent_proposal_is_not(client_of, brook, sent, bookkeeping):
    browser = client_of("alice")
    with practice_scope(brook.pk):
        client = sent.client
        draft = a_draft(a_line({"billing": "recurring", "every": 5, "period": "month"}), client=client)
    page = browser.get(at("proposal-edit", brook, draft)).content.decode()
    assert '<option value="recurring:5:month" selected>Every 5 months</option>' in page
    data = typed(client, {"service": bookkeeping.pk, "rule": "recurring:5:month"}, title="Changed")
    assert browser.post(at("proposal-edit", brook, draft), data).status_code == 303
    assert browser.get(at("proposal-edit", brook, sent)).status_code == 409
    assert browser.post(at("proposal-edit", brook, sent), data).status_code == 409
    with practice_scope(brook.pk):
        changed = as_it_is(draft)
        assert (changed.title, changed.lines.get().rule_in_words) == ("Changed", "Every 5 months")
        assert as_it_is(sent).title == "Engagement"


def test_the_client_of_the_address_is_chosen(client_of, brook, acme):
    page = client_of("alice").get(f"{at('proposal-new', brook)}?client={acme.pk}")
    assert f'<option value="{acme.pk}" selected>' in page.content.decode()
    for wrong in ("x", "999999", "9" * 5000):
        assert client_of("alice").get(f"{at('proposal-new', brook)}?client={wrong}").status_code == 200


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


def test_long_lists_come_page_by_page(client_of, brook, acme):
    with practice_scope(brook.pk):
        Proposal.objects.bulk_create(
            Proposal(client=acme, number=n, title="x", starts_on=brook.today(), valid_until=brook.today())
            for n in range(1, 53)
        )
    browser = client_of("alice")
    first, second = (
        browser.get(at("proposal-list", brook) + query).content.decode() for query in ("", "?page=2")
    )
    assert (first.count('class="row-link"'), second.count('class="row-link"')) == (50, 2)
