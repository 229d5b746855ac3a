"""One template for many clients, and one act on many proposals: each with a row that says what became of it."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from clients.operations import archive_client, tag_client
from practices.job_models import Job, JobRow
from practices.models import Membership, OutgoingEmail
from practices.tasks import run_jobs
from practices.tenancy import practice_scope
from proposals.bulk import start_act
from proposals.errors import NothingChosen, OpenAlready
from proposals.models import Proposal
from proposals.operations import Plan, Proposed, propose
from proposals.operations.templates import keep_template
from services.operations import archive_service
from tests.integration.proposals.offers import (
    MONTHLY,
    a_client,
    a_draft,
    a_line,
    a_sent,
    a_service,
    as_it_is,
    sign,
)
from tests.racing import at_once


@pytest.fixture
def book(brook):
    """A template of £100 a month, and three clients: Acme and Bee sign, Cole has nobody who does."""
    with practice_scope(brook.pk):
        acme = a_client("Mara Hill")
        a_service()
        draft = a_draft(a_line(MONTHLY, price="80"), client=acme, on=brook.today())
        template = keep_template(draft, name="Company")
        draft.delete()
        bee = a_client("Ann Bee", name="Bee Ltd")
        cole = a_client(name="Cole Ltd")
        return template, acme, bee, cole


def posted(browser, book, **data):
    template = book[0]
    today = browser.today
    data = {
        "save": "1",
        "template": template.pk,
        "starts_on": f"{today:%Y-%m-%d}",
        "valid_until": f"{today + timedelta(days=30):%Y-%m-%d}",
    } | data
    return browser.post(reverse("proposals:bulk-new", args=["brook-co"]), data)


@pytest.fixture
def alice(client_of, brook):
    browser = client_of("alice")
    browser.today = brook.today()
    return browser


def outcomes() -> list[tuple[str, str]]:
    return list(JobRow.objects.order_by("position").values_list("label", "outcome"))


def test_g17_ticked_clients_each_get_a_draft_at_the_prices_of_the_library(alice, brook, book):
    _, acme, _, cole = book
    page = alice.get(reverse("proposals:bulk-new", args=["brook-co"]))
    assert "Cole Ltd" in page.content.decode()
    assert posted(alice, book, selected=[acme.pk, cole.pk]).status_code == 303
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        drafts = Proposal.objects.order_by("number")
        assert [draft.client for draft in drafts] == [acme, cole]
        assert {draft.title for draft in drafts} == {"Company"}
        assert [line.unit_price for draft in drafts for line in draft.lines.all()] == [100, 100]
        assert outcomes() == [("Acme Dental Ltd", "done"), ("Cole Ltd", "done")]
        assert JobRow.objects.first().url.endswith(f"/proposals/{drafts[0].pk}/")


def test_g17_a_filtered_list_is_meant_as_a_whole(alice, brook, book):
    with practice_scope(brook.pk):
        tag_client(book[2], ["VIP"])
        tag = book[2].tags.get()
    posted(alice, book, everybody="1", query=f"tag={tag.pk}")
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert [draft.client for draft in Proposal.objects.all()] == [book[2]]


def test_g17_sending_at_once_leaves_what_cannot_be_sent_as_a_draft_that_says_why(alice, brook, book):
    _, acme, _, cole = book
    posted(alice, book, selected=[acme.pk, cole.pk], sends="on", title="Yearly")
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert dict(Proposal.objects.values_list("client__name", "status")) == {
            "Acme Dental Ltd": "sent",
            "Cole Ltd": "draft",
        }
        assert outcomes() == [("Acme Dental Ltd", "done"), ("Cole Ltd", "needs_you")]
        assert "Nobody at this client signs" in JobRow.objects.last().message
        assert OutgoingEmail.objects.get().to == "mara@acme.example"


def test_g17_a_file_names_the_clients_by_name_number_or_address(alice, brook, book):
    with practice_scope(brook.pk):
        a_client("Dan Dee", name="Twin Ltd")
        a_client("Dora Dee", name="TWIN LTD")
    file = SimpleUploadedFile(
        "clients.csv",
        b"Client,Fee\nbee ltd,1\nNobody plc,2\nTwin Ltd,3\n=Acme Dental Ltd,4\nAcme Dental Ltd,5\n",
    )
    assert posted(alice, book, file=file).status_code == 303
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert outcomes() == [
            ("Bee Ltd", "done"),
            ("Nobody plc", "needs_you"),
            ("Twin Ltd", "needs_you"),
            ("=Acme Dental Ltd", "needs_you"),
            ("Acme Dental Ltd", "done"),
        ]
        assert Proposal.objects.count() == 2


def test_g17_the_ticked_of_the_client_list_come_along_with_the_filters_they_were_found_by(client_of, book):
    _, acme, bee, _ = book
    browser = client_of("bob")
    listed = browser.get(reverse("clients:client-list", args=["brook-co"])).content.decode()
    address = reverse("proposals:bulk-new", args=["brook-co"])
    assert f'formaction="{address}"' in listed
    ticked = browser.post(address, {"selected": [acme.pk, bee.pk], "act": "tag"})
    assert ticked.context["ticked"] == {acme.pk, bee.pk}
    assert list(ticked.context["clients"]) == [acme, bee]
    everybody = browser.post(address, {"everybody": "1", "query": "q=bee"})
    assert (everybody.context["count"], everybody.context["everybody"]) == (1, True)


def test_g17_a_client_named_twice_in_one_run_gets_it_once(alice, brook, book):
    file = SimpleUploadedFile("clients.csv", b"Client\nBee Ltd\nbee ltd\n")
    posted(alice, book, file=file, sends="on")
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert Proposal.objects.get().status == "sent"
        assert [outcome for _, outcome in outcomes()] == ["done", "skipped"]
        assert "P-0002 of this name is there already" in JobRow.objects.last().message
        assert OutgoingEmail.objects.count() == 1


def test_g17_a_client_who_signed_during_the_run_does_not_get_it_again(brook, book):
    template, _, bee, _ = book
    with practice_scope(brook.pk):
        today, began = brook.today(), timezone.now()
        plan = Plan(template, "Company", today, today + timedelta(days=30), sends=True)
        made = propose(bee, plan, on=today, since=began)
        sign(made.proposal, on=today)
        with pytest.raises(OpenAlready):
            propose(bee, plan, on=today, since=began)
        assert propose(bee, plan, on=today, since=timezone.now()).is_sent


def test_g17_the_same_pressed_twice_sends_once_and_a_new_name_sends_again(alice, brook, book):
    for title in ("Company", "Company", "Company again"):
        posted(alice, book, selected=[book[1].pk], sends="on", title=title)
        run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert [outcome for _, outcome in outcomes()] == ["done", "skipped", "done"]
        assert Proposal.objects.count() == 2


def test_g17_two_runs_at_the_same_moment_give_a_client_one_proposal(brook, book):
    template, acme, _, _ = book
    today, began = brook.today(), timezone.now()
    plan = Plan(template, "Company", today, today + timedelta(days=30))
    answers = at_once(brook, 2, lambda: propose(acme, plan, on=today, since=began))
    assert {type(answer) for answer in answers} == {OpenAlready, Proposed}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7", "no CSV file"),
        (b"Fee\n1\n", "No column"),
        (b"Client\n", "no rows"),
        (b"Client,Client\nA,B\n", "same name"),
    ],
)
def test_a_file_that_names_nobody_is_refused_in_words(alice, brook, book, content, words):
    answer = posted(alice, book, file=SimpleUploadedFile("x.csv", content))
    assert answer.status_code == 422
    with practice_scope(brook.pk):
        assert not Job.objects.exists()


def test_nobody_chosen_is_said_and_nothing_starts(alice, brook, book):
    answer = posted(alice, book)
    assert answer.status_code == 422
    assert NothingChosen.message in answer.content.decode()
    with practice_scope(brook.pk):
        assert not Job.objects.exists()


def test_an_archived_client_keeps_nobody_else_from_a_draft(alice, brook, book):
    _, acme, bee, _ = book
    posted(alice, book, selected=[acme.pk, bee.pk])
    with practice_scope(brook.pk):
        archive_client(acme)
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert outcomes() == [("Acme Dental Ltd", "failed"), ("Bee Ltd", "done")]
        assert [proposal.number for proposal in Proposal.objects.all()] == [2]


def test_a_service_that_is_not_offered_any_more_is_named(alice, brook, book):
    with practice_scope(brook.pk):
        archive_service(a_service())
    posted(alice, book, selected=[book[1].pk])
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        row = JobRow.objects.get()
        assert (row.outcome, "without Bookkeeping" in row.message) == ("needs_you", True)


def test_g17_drafts_are_sent_together_and_a_refusal_keeps_nobody_else(client_of, brook, cast):
    with practice_scope(brook.pk):
        good = a_draft(on=brook.today())
        bad = a_draft(client=a_client(name="Cole Ltd"), on=brook.today())
        ids = [good.pk, bad.pk]
    browser, address = client_of("bob"), reverse("proposals:bulk-act", args=["brook-co"])
    assert browser.post(address, {"act": "send", "selected": ids}).status_code == 403
    Membership.objects.filter(user=cast.bob).update(role="manager")
    assert browser.post(address, {"act": "send", "selected": ids}).status_code == 303
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert (as_it_is(good).status, as_it_is(bad).status) == ("sent", "draft")
        assert [outcome for _, outcome in outcomes()] == ["done", "needs_you"]


def test_drafts_are_deleted_and_put_up_for_review_together(client_of, brook):
    with practice_scope(brook.pk):
        drafts = [a_draft(client=a_client("Ann Bee", name=f"Bee {n}")) for n in range(2)]
        sent = a_sent(client=a_client("Sue", name="Sent Ltd"))
        start_act("discard", [drafts[0].pk, sent.pk])
        start_act("review", [drafts[1].pk])
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert not Proposal.objects.filter(pk=drafts[0].pk).exists()
        assert (as_it_is(drafts[1]).status, as_it_is(sent).status) == ("in_review", "sent")


def test_one_foreign_proposal_among_the_ticked_and_nothing_is_done(brook, cedar):
    with practice_scope(cedar.pk):
        foreign = a_sent()
    with practice_scope(brook.pk):
        own = a_draft()
        with pytest.raises(NothingChosen):
            start_act("send", [own.pk, foreign.pk])
        assert not Job.objects.exists()


def test_g89_the_pipeline_counts_states_and_money_and_its_bars_open_what_they_count(client_of, brook):
    with practice_scope(brook.pk):
        today = brook.today()
        a_draft(a_line(MONTHLY, price="40"), on=today)
        a_sent(a_line(MONTHLY), client=a_client("Ann Bee", name="Bee Ltd"), on=today)
        half = a_sent(a_line(MONTHLY, price="7"), client=a_client("Cy", "Di", name="Half Ltd"), on=today)
        sign(half, on=today)
        won = a_sent(a_line(MONTHLY, price="9"), client=a_client("Ed", name="Won Ltd"), on=today)
        sign(won, on=today)
    page = client_of("alice").get(reverse("proposals:proposal-pipeline", args=["brook-co"]))
    columns = {column["stage"].key: column["stage"] for column in page.context["columns"]}
    counts = {key: (stage.count, stage.worth.monthly) for key, stage in columns.items()}
    assert counts == {
        "draft": (1, 40),
        "in_review": (0, 0),
        "sent": (1, 100),
        "part_signed": (1, 7),
        "accepted": (1, 9),
        "lost": (0, 0),
    }
    assert [(row[0], row[1]) for row in page.context["funnel"]] == [
        ("Sent", Decimal(3)),
        ("Opened", Decimal(2)),
        ("Signed by somebody", Decimal(2)),
        ("Accepted", Decimal(1)),
    ]
    browser = client_of("alice")
    for _, count, address, _ in page.context["funnel"]:  # G89
        assert address in page.content.decode()
        assert browser.get(address).context["count"] == count
    assert page.context["took"].spans[0] == ("Same day", 1)
    assert reverse("proposals:proposal-extend", args=["brook-co", half.pk]) not in page.content.decode()
    assert "1 of 2 signed" in page.content.decode()


def test_the_cards_of_the_pipeline_add_up_to_their_column(client_of, brook):
    with practice_scope(brook.pk):
        today = brook.today()
        a_draft(a_line(MONTHLY, price="258"), a_line(price="1100"), on=today)
        won = a_sent(a_line(MONTHLY, price="9"), client=a_client("Ed", name="Won Ltd"), on=today)
        sign(won, on=today)
    page = client_of("alice").get(reverse("proposals:proposal-pipeline", args=["brook-co"]))
    text = " ".join(re.sub(r"<[^>]+>", " ", page.text).split())
    assert "P-0001 · £258.00 a month + £1,100.00 once Changed today" in text
    assert "P-0002 · £9.00 a month Accepted today" in text
    assert "£0.00 once, in the last 90 days" in text
    assert "signed by everybody on the day they were sent." in text
