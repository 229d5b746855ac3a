"""The editor: five steps, each saved by itself, on the version the person has seen."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from clients.models import ContactPerson
from practices.tenancy import practice_scope
from proposals import errors
from proposals.billing_rules import Rule
from proposals.models import Proposal, ProposalLine
from proposals.operations import editing, send_proposal
from services.models import Service
from services.operations import add_service
from tests.factories import TODAY
from tests.integration.proposals.offers import (
    MONTHLY,
    ON_COMPLETION,
    UPFRONT,
    a_client,
    a_draft,
    a_line,
    a_service,
    as_it_is,
)
from tests.racing import all_at_once

HTMX = {"HX-Request": "true"}


def at(name: str, *arguments: int) -> str:
    return reverse(f"proposals:{name}", args=["brook-co", *arguments])


@pytest.fixture
def draft(brook) -> Proposal:
    with practice_scope(brook.pk):
        return a_draft(a_line(MONTHLY), on=brook.today())


@pytest.fixture
def line(brook, draft) -> ProposalLine:
    with practice_scope(brook.pk):
        return draft.lines.select_related("group").get()


def row(version: int, **changes) -> dict:
    return {"at_version": version, "quantity": "1", "unit_price": "100", "tax_rate": "", **changes}


def test_g01_g02_a_draft_begins_with_its_client_and_leads_to_its_services(client_of, brook):
    with practice_scope(brook.pk):
        client = a_client("Mara Hill")
    data = {
        "client": client.pk,
        "title": "Engagement",
        "starts_on": "2027-04-01",
        "valid_until": "2030-01-01",
    }
    answer = client_of("alice").post(at("proposal-new"), data)
    with practice_scope(brook.pk):
        proposal = Proposal.objects.get()
        assert (proposal.title, proposal.status) == ("Engagement", "draft")
    assert (answer.status_code, answer.headers["Location"]) == (303, at("proposal-services", proposal.pk))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client": ""}, "Choose the client"),
        ({"client": "999999"}, "Select a valid choice"),
        ({"title": ""}, "This field is required"),
        ({"valid_until": "yesterday"}, "Enter a valid date"),
        ({"starts_on": "9999-01-01"}, "Check the year"),
        ({"minimum_months": "0"}, "At least 1"),
    ],
)
def test_a_draft_that_makes_no_sense_is_refused_at_its_field(client_of, brook, changes, words):
    with practice_scope(brook.pk):
        client = a_client("Mara Hill")
    data = {
        "client": client.pk,
        "title": "E",
        "starts_on": "2027-04-01",
        "valid_until": "2030-01-01",
    } | changes
    answer = client_of("alice").post(at("proposal-new"), data)
    assert answer.status_code == 422
    assert words in answer.text
    with practice_scope(brook.pk):
        assert not Proposal.objects.exists()


def test_g01_a_saved_row_answers_with_its_net_the_bills_and_the_new_version(client_of, draft, line):
    browser = client_of("alice")
    data = row(1, quantity="3", unit_price="10.50", discount_percent="10", tax_rate=line.tax_rate_id)
    answer = browser.post(at("line-row", draft.pk, line.pk), data, headers=HTMX)
    assert answer.status_code == 200
    for words in ("Saved at", "£28.35", 'name="at_version" value="2"', 'id="bills" hx-swap-oob="true"'):
        assert words in answer.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"quantity": "0"}, "Enter a quantity above zero"),
        ({"quantity": "-1"}, "Enter a quantity above zero"),
        ({"quantity": "1.001"}, "At most 2 digits after the point"),
        ({"unit_price": "-0.01"}, "At least 0"),
        ({"unit_price": "1.00001"}, "At most 4 digits after the point"),
        ({"unit_price": "NaN"}, "Enter a number"),
        ({"unit_price": ""}, "This field is required"),
        ({"discount_percent": "101"}, "At most 100"),
        ({"tax_rate": "999999"}, "Select a valid choice"),
    ],
)
def test_bad_figures_are_refused_in_words_and_save_nothing(client_of, brook, draft, line, changes, words):
    data = row(1, tax_rate=line.tax_rate_id) | changes
    for headers in (HTMX, {}):
        answer = client_of("alice").post(at("line-row", draft.pk, line.pk), data, headers=headers)
        assert answer.status_code == 422
        assert words in answer.text
    with practice_scope(brook.pk):
        assert as_it_is(draft).version == 1
        assert draft.lines.get().unit_price == 100


def test_g01_a_newer_version_elsewhere_is_announced_and_never_overwritten(client_of, brook, draft, line):
    browser, address = client_of("alice"), at("line-row", draft.pk, line.pk)
    saved = row(1, unit_price="200", tax_rate=line.tax_rate_id)
    assert browser.post(address, saved, headers=HTMX).status_code == 200
    late = browser.post(address, row(1, unit_price="300", tax_rate=line.tax_rate_id), headers=HTMX)
    assert late.status_code == 409
    assert "changed somewhere else" in late.text
    assert late.headers["HX-Retarget"] == "#save-state"
    without_script = browser.post(address, row(1, unit_price="300", tax_rate=line.tax_rate_id), follow=True)
    assert "changed somewhere else" in without_script.text
    with practice_scope(brook.pk):
        assert draft.lines.get().unit_price == 200
    state = at("proposal-state", draft.pk)
    assert browser.get(state, {"at_version": 2}, headers=HTMX).status_code == 204
    assert "There is a newer version" in browser.get(state, {"at_version": 1}, headers=HTMX).text


def test_g01_two_windows_saving_at_once_leave_one_change_and_one_refusal(brook, draft, line):
    outcomes = all_at_once(
        brook,
        lambda: editing.amend_line(ProposalLine.objects.get(pk=line.pk), 1, unit_price=Decimal(200)),
        lambda: editing.amend_line(ProposalLine.objects.get(pk=line.pk), 1, unit_price=Decimal(300)),
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ChangedElsewhere", "Proposal"]
    with practice_scope(brook.pk):
        assert as_it_is(draft).version == 2


def test_a_change_and_a_sending_at_once_have_one_outcome(brook, draft, line):
    outcomes = all_at_once(
        brook,
        lambda: editing.amend_line(ProposalLine.objects.get(pk=line.pk), 1, unit_price=Decimal(200)),
        lambda: send_proposal(draft, on=brook.today()),
    )
    with practice_scope(brook.pk):
        proposal = as_it_is(draft)
        assert proposal.status == "sent"
        shown = Decimal(proposal.document["lines"][0]["unit_price"])
        assert shown == draft.lines.get().unit_price
        assert shown == (100 if isinstance(outcomes[0], errors.NotADraft) else 200)


def test_every_step_saves_without_a_script_and_leads_to_the_next(client_of, brook, draft):
    browser = client_of("alice")
    with practice_scope(brook.pk):
        person = ContactPerson.objects.get()
    data = {
        "version": 1,
        "client": draft.client_id,
        "title": "Renamed",
        "starts_on": draft.starts_on,
        "valid_until": draft.valid_until,
        "people": [person.pk],
    }
    answer = browser.post(at("proposal-edit", draft.pk), data)
    assert answer.headers["Location"] == at("proposal-services", draft.pk)
    with practice_scope(brook.pk):
        version = as_it_is(draft).version
    answer = browser.post(at("proposal-presentation", draft.pk), {"version": version, "shows_prices": "on"})
    assert answer.headers["Location"] == at("proposal-terms", draft.pk)
    with practice_scope(brook.pk):
        version = as_it_is(draft).version
    data = {"version": version, "message": "Hello", "valid_until": draft.valid_until, "reminds_every": "7"}
    assert browser.post(at("proposal-check", draft.pk), data).status_code == 303
    with practice_scope(brook.pk):
        proposal = as_it_is(draft)
        assert (proposal.title, proposal.message, proposal.reminds_every) == ("Renamed", "Hello", 7)
        assert [str(each) for each in proposal.signatories.all()] == ["Mara Hill"]


def test_g02_the_primary_signatory_is_chosen_and_signs_first(client_of, brook):
    with practice_scope(brook.pk):
        proposal = a_draft(client=a_client("Mara Hill", "Noor Aziz"), on=brook.today())
        mara, noor = ContactPerson.objects.order_by("id")
        editing.choose_signatories(proposal, 1, [noor, mara])
        sent = send_proposal(proposal, on=brook.today())
        assert [str(each) for each in sent.signatories.all()] == ["Noor Aziz", "Mara Hill"]


def test_a_signatory_without_an_address_is_refused_at_the_field(client_of, brook, draft):
    with practice_scope(brook.pk):
        silent = ContactPerson.objects.create(client=draft.client, name="Silent Partner")
    data = {
        "at_version": 1,
        "client": draft.client_id,
        "title": "E",
        "starts_on": draft.starts_on,
        "valid_until": draft.valid_until,
        "people": [silent.pk],
    }
    answer = client_of("alice").post(at("proposal-edit", draft.pk), data, headers=HTMX)
    assert answer.status_code == 422
    assert "Silent Partner has no e-mail address" in answer.text


def test_another_client_takes_the_chosen_signatories_away(brook, draft):
    with practice_scope(brook.pk):
        editing.choose_signatories(draft, 1, [ContactPerson.objects.get()])
        other = a_client("Zoe Park", name="Other Ltd")
        proposal = editing.amend_particulars(draft, 2, client=other)
        assert not proposal.signatories.exists()
        with pytest.raises(errors.NotASignatory):
            editing.choose_signatories(proposal, 3, [ContactPerson.objects.get(name="Mara Hill")])


def rule_data(group: int, version: int, **changes) -> dict:
    values = {
        "heading": "Ongoing",
        "billing": "recurring",
        "every": "1",
        "unit": "month",
        "counts_from": "start",
    }
    return {"at_version": version} | {f"g{group}-{name}": value for name, value in (values | changes).items()}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"billing": "upfront"}, "On acceptance"),
        ({"billing": "on_completion"}, "On completion"),
        (
            {"billing": "on_completion", "completes_on": "2027-12-31"},
            "On completion, at the latest on 31 Dec 2027",
        ),
        ({"every": "2", "unit": "week"}, "Every 2 weeks"),
        ({"unit": "quarter"}, "Every 3 months"),
        ({"unit": "year", "counts_from": "acceptance"}, "Every year from acceptance"),
        ({"counts_from": "date", "first_on": "2027-06-15"}, "Every month from 15 Jun 2027"),
        ({"delay": "3", "delay_unit": "month"}, "Every month from 3 months after the proposal's start"),
        ({"times": "12"}, "Every month, 12 times"),
        ({"every": "10", "unit": "day"}, "Every 10 days"),
    ],
)
def test_g05_g06_g07_g08_g09_a_group_is_billed_by_its_rule(client_of, brook, draft, line, changes, words):
    address = at("group-edit", draft.pk, line.group_id)
    answer = client_of("alice").post(address, rule_data(line.group_id, 1, **changes), headers=HTMX)
    assert answer.status_code == 200
    with practice_scope(brook.pk):
        saved = draft.lines.select_related("group").get()
        assert saved.rule_in_words == saved.group.rule_in_words == words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"every": ""}, "Say every how many"),
        ({"every": "0"}, "At least 1"),
        ({"every": "50", "unit": "year"}, "Ten years are the longest period"),
        ({"counts_from": "date"}, "Enter the date billing is counted from"),
        ({"counts_from": "date", "first_on": "2101-01-01"}, "Check the year"),
        ({"times": "0"}, "At least 1"),
        ({"delay": "20", "delay_unit": "year"}, "Ten years are the longest wait"),
        ({"heading": ""}, "This field is required"),
        ({"billing": "tomorrow"}, "Select a valid choice"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_in_words(client_of, brook, draft, line, changes, words):
    address = at("group-edit", draft.pk, line.group_id)
    answer = client_of("alice").post(address, rule_data(line.group_id, 1, **changes), headers=HTMX)
    assert answer.status_code == 422
    assert words in answer.text
    with practice_scope(brook.pk):
        assert as_it_is(draft).version == 1


def test_a_service_is_added_with_todays_price_words_and_terms_of_the_library(client_of, brook, draft):
    with practice_scope(brook.pk):
        rate = Service.objects.get().tax_rate
        service = add_service(
            Service(
                name="Payroll",
                billing_basis="unit",
                unit_name="employee",
                description="Payslips",
                tax_rate=rate,
            ),
            unit_price=Decimal("6.5"),
            effective_from=date(2020, 1, 1),
        )
    data = {"at_version": 1, "service": service.pk, "group": "", "quantity": "12"}
    answer = client_of("alice").post(at("service-add", draft.pk), data, headers=HTMX)
    assert "Payroll" in answer.text
    with practice_scope(brook.pk):
        line = draft.lines.get(service=service)
        assert (line.unit_price, line.quantity, line.unit_name) == (Decimal("6.5"), 12, "employee")
        assert line.group.rule == Rule(billing="recurring", every=1, period="month")
        assert as_it_is(draft).version == 3


def test_lines_and_groups_move_and_go(brook, draft):
    with practice_scope(brook.pk):
        group = draft.groups.get()
        editing.add_lines(group, 1, [a_line(name="Second"), a_line(name="Third")])
        third = draft.lines.get(name="Third")
        editing.move_line(third, 2, by=-1)
        names = list(draft.lines.order_by("position").values_list("name", flat=True))
        assert names == ["Bookkeeping", "Third", "Second"]
        editing.remove_line(third, 3)
        other = editing.add_group(draft, 4, Rule())
        editing.move_group(other, 5, by=-1)
        assert draft.groups.first() == other
        editing.remove_group(other, 6)
        assert draft.groups.get() == group


def test_g12_a_deposit_is_less_than_the_price_and_only_for_work_billed_on_completion(client_of, brook):
    with practice_scope(brook.pk):
        draft = a_draft(a_line(ON_COMPLETION, price="600"), on=brook.today())
        line = draft.lines.get()
    browser, address = client_of("alice"), at("line-edit", draft.pk, line.pk)
    data = row(1, name="Accounts", group=line.group_id, tax_rate=line.tax_rate_id, billing_mode="automatic")
    data |= {"unit_price": "600", "deposit": "600"}
    assert "has to be less than the whole price" in browser.post(address, data).text
    assert browser.post(address, data | {"deposit": "200"}).status_code == 303
    with practice_scope(brook.pk):
        assert draft.lines.get().deposit == 200
        editing.amend_group(draft.groups.get(), 2, heading="Now", rule=Rule(), option=None)
        assert draft.lines.get().deposit == 0


def test_g10_up_to_three_packages_and_each_holds_something(client_of, brook, draft):
    browser, address = client_of("alice"), at("proposal-presentation", draft.pk)
    one = browser.post(address, {"at_version": 1, "name_0": "Basic"}, headers=HTMX)
    assert "One package is no choice" in one.text
    two = {"at_version": 1, "name_0": "Basic", "name_1": "Full"}
    assert browser.post(address, two, headers=HTMX).status_code == 200
    with practice_scope(brook.pk):
        version = as_it_is(draft).version
        with pytest.raises(errors.OptionWithoutServices):
            send_proposal(draft, on=brook.today())
        with pytest.raises(errors.TooManyOptions):
            editing.set_options(draft, version, [("A", ""), ("B", ""), ("C", ""), ("D", "")])


def test_g03_a_bill_before_the_start_is_refused(brook):
    with practice_scope(brook.pk):
        rule = MONTHLY | {"counts_from": "date", "first_on": TODAY - timedelta(days=1)}
        with pytest.raises(errors.StartsAfterItsFirstBill):
            send_proposal(a_draft(a_line(rule)), on=TODAY)


def test_g04_a_minimum_length_is_for_information(brook):
    with practice_scope(brook.pk):
        draft = a_draft(a_line(MONTHLY), minimum_months=12)
        assert draft.lines.get().times is None


def test_script_in_a_description_is_gone(client_of, brook, draft, line):
    data = row(1, name="Books", group=line.group_id, tax_rate=line.tax_rate_id, billing_mode="automatic")
    data |= {"description": "<b>Fine</b><script>alert(1)</script>"}
    assert client_of("alice").post(at("line-edit", draft.pk, line.pk), data).status_code == 303
    with practice_scope(brook.pk):
        assert draft.lines.get().description == "<b>Fine</b>"


def test_g15_the_preview_shows_what_the_client_will_see(client_of, draft):
    page = client_of("alice").get(at("proposal-preview", draft.pk))
    assert "Nothing can be signed here" in page.text
    assert "£120.00" in page.text
    assert "<button" not in page.text


def test_a_sent_proposal_is_not_edited(client_of, brook):
    with practice_scope(brook.pk):
        sent = send_proposal(a_draft(on=brook.today()), on=brook.today())
        line = sent.lines.first()
        with pytest.raises(errors.NotADraft):
            editing.amend_line(line, sent.version, unit_price=Decimal(1))
    answer = client_of("alice").post(at("line-row", sent.pk, line.pk), row(1), follow=True)
    assert "can no longer be changed" in answer.text


def test_a_proposal_with_200_lines_is_edited_with_few_queries(
    client_of, brook, django_assert_max_num_queries
):
    with practice_scope(brook.pk):
        service = a_service()
        lines = [
            ProposalLine(
                service=service, name=f"S{n}", unit_price=Decimal(10), tax_rate=service.tax_rate, **rule
            )
            for n, rule in enumerate([MONTHLY, UPFRONT] * 100)
        ]
        draft = a_draft(*lines, on=brook.today())
        first = draft.lines.first()
    browser = client_of("alice")
    with django_assert_max_num_queries(60):
        assert browser.get(at("proposal-services", draft.pk)).status_code == 200
    data = row(1, tax_rate=first.tax_rate_id)
    with django_assert_max_num_queries(60):
        answer = browser.post(at("line-row", draft.pk, first.pk), data, headers=HTMX)
    assert answer.status_code == 200
    assert len(answer.content) < 40_000
    with practice_scope(brook.pk):
        many = [a_line(name="More") for _ in range(201)]
        with pytest.raises(errors.TooMuchInIt):
            editing.add_lines(draft.groups.first(), 2, many)
