"""A proposal's way through its states: reviewed, live without e-mail, reminded, run out, taken up again."""

from datetime import timedelta
from decimal import Decimal

import pytest

from invoicing.models import BillingSchedule
from invoicing.operations.changing import plan_change
from practices.models import OutgoingEmail
from practices.tenancy import practice_scope
from proposals import errors
from proposals.models import Proposal, ProposalTemplate
from proposals.operations import (
    approve_proposal,
    decline_proposal,
    expire_proposals,
    extend_proposal,
    lose_proposal,
    publish_proposal,
    recall_proposal,
    remind_proposals,
    reopen_proposal,
    request_review,
    return_from_review,
    send_proposal,
)
from proposals.operations.editing import amend_line
from proposals.operations.reminding import MOST_REMINDERS
from proposals.operations.templates import adopt_starter, apply_template, keep_template, rename_template
from proposals.starter_templates import STARTER_TEMPLATES
from services.models import Service
from services.operations import archive_service, reprice_service
from tests.factories import TODAY
from tests.integration.proposals.offers import (
    MONTHLY,
    ON_COMPLETION,
    a_client,
    a_draft,
    a_line,
    a_sent,
    as_it_is,
    sign,
)
from tests.racing import all_at_once


def addresses() -> list[str]:
    return list(OutgoingEmail.objects.order_by("id").values_list("to", flat=True))


def test_g19_a_draft_is_looked_through_before_it_is_sent(brook):
    with practice_scope(brook.pk):
        draft = request_review(a_draft())
        assert draft.status == "in_review"
        with pytest.raises(errors.ReasonMissing):
            return_from_review(draft, note=" ")
        draft = return_from_review(draft, note="Payroll is missing.")
        assert (draft.status, draft.review_note) == ("draft", "Payroll is missing.")
        draft = approve_proposal(request_review(draft))
        assert (draft.status, draft.review_note) == ("draft", "")
        with pytest.raises(errors.NotInReview):
            approve_proposal(draft)
        assert send_proposal(request_review(draft), on=TODAY).status == "sent"


def test_g19_nothing_is_looked_through_that_offers_nothing_or_was_sent(brook):
    with practice_scope(brook.pk):
        empty = a_draft()
        empty.lines.all().delete()
        with pytest.raises(errors.NothingOffered):
            request_review(empty)
        with pytest.raises(errors.NotADraft):
            request_review(a_sent(client=a_client("Ann Bee", name="Bee Ltd")))


def test_g24_made_live_it_can_be_signed_and_nobody_got_an_e_mail(brook):
    with practice_scope(brook.pk):
        live = publish_proposal(a_draft(), on=TODAY)
        assert (live.status, addresses()) == ("sent", [])
        sign(live)
        assert as_it_is(live).status == "accepted"


def test_g30_whoever_has_not_signed_is_reminded_every_so_many_days_and_no_more_than_five_times(brook):
    with practice_scope(brook.pk):
        sent = a_sent(on=brook.today(), reminds_every=3, valid_until=brook.today() + timedelta(days=60))
        start = brook.today()
        assert [remind_proposals(start + timedelta(days=n)) for n in (0, 2, 3, 3, 5, 6)] == [0, 0, 1, 0, 0, 1]
        for n in range(9, 60, 3):
            remind_proposals(start + timedelta(days=n))
        assert as_it_is(sent).reminders_sent == MOST_REMINDERS
        assert addresses() == ["mara@acme.example"] * (1 + MOST_REMINDERS)


def test_g30_who_has_signed_or_was_never_to_be_reminded_is_left_alone(brook):
    with practice_scope(brook.pk):
        start = brook.today()
        a_sent(on=start)
        half = a_sent(client=a_client("Ann Bee", "Cy Dee", name="Bee Ltd"), on=start, reminds_every=1)
        sign(half, on=start)
        before = len(addresses())
        assert remind_proposals(start + timedelta(days=1)) == 1
        assert addresses()[before:] == ["cy@acme.example"]


def test_g31_it_runs_out_after_its_last_day_and_an_extension_brings_it_back_with_its_link(brook):
    with practice_scope(brook.pk):
        sent = a_sent(valid_until=TODAY + timedelta(days=5))
        assert expire_proposals(TODAY + timedelta(days=5)) == 0
        assert expire_proposals(TODAY + timedelta(days=6)) == 1
        late = TODAY + timedelta(days=6)
        with pytest.raises(errors.ProposalHasExpired):
            sign(as_it_is(sent), on=late)
        with pytest.raises(errors.EndsTooSoon):
            extend_proposal(sent, valid_until=late - timedelta(days=1), on=late)
        back = extend_proposal(sent, valid_until=late + timedelta(days=9), on=late)
        assert (back.status, back.link_version, back.document_sha256) == (
            "sent",
            sent.link_version,
            sent.document_sha256,
        )
        sign(back, on=late)
        assert as_it_is(sent).status == "accepted"


@pytest.mark.parametrize("end", ["declined", "lost", "expired"])
def test_g33_what_came_to_nothing_is_taken_up_again_as_a_draft_under_its_number(brook, end):
    with practice_scope(brook.pk):
        sent = a_sent()
        if end == "expired":
            expire_proposals(sent.valid_until + timedelta(days=1))
        else:
            {"declined": decline_proposal, "lost": lose_proposal}[end](sent, reason="Too dear")
        draft = reopen_proposal(sent)
        assert (draft.status, draft.number, draft.decline_reason, draft.document) == (
            "draft",
            sent.number,
            "",
            {},
        )
        assert draft.link_version > sent.link_version
        with pytest.raises(errors.CannotReopen):
            reopen_proposal(draft)


def test_g33_what_somebody_has_signed_is_not_opened_again(brook):
    with practice_scope(brook.pk):
        half = a_sent(client=a_client("Ann Bee", "Cy Dee", name="Bee Ltd"))
        sign(half)
        lose_proposal(half, reason="They fell out")
        with pytest.raises(errors.PartlySigned):
            reopen_proposal(half)


def test_g16_a_template_keeps_headings_rules_packages_and_takes_the_prices_of_its_day(brook):
    with practice_scope(brook.pk):
        draft = a_draft(
            a_line(MONTHLY, quantity=Decimal(3), discount_percent=Decimal(10)), a_line(ON_COMPLETION)
        )
        template = keep_template(draft, name="Company", description="For companies")
        reprice_service(Service.objects.get(), unit_price=Decimal(150), effective_from=TODAY)
        other = a_draft(client=a_client("Ann Bee", name="Bee Ltd"))
        other.groups.all().delete()
        assert apply_template(other, template, on=TODAY) == []
        lines = other.lines.order_by("group__position")
        assert [(line.billing, line.unit_price, line.quantity, line.discount_percent) for line in lines] == [
            ("recurring", 150, 3, 10),
            ("on_completion", 150, 1, 0),
        ]
        assert [group.heading for group in other.groups.all()] == [
            group.heading for group in draft.groups.all()
        ]


def test_g16_a_template_says_which_service_it_had_to_leave_out(brook):
    with practice_scope(brook.pk):
        template = keep_template(a_draft(), name="Company")
        archive_service(Service.objects.get())
        other = a_draft(client=a_client("Ann Bee", name="Bee Ltd"))
        assert apply_template(other, template, on=TODAY) == ["Bookkeeping", "Bookkeeping"]


def test_g16_names_of_templates_are_told_apart(brook):
    with practice_scope(brook.pk):
        keep_template(a_draft(), name="Company")
        other = keep_template(Proposal.objects.get(), name="Sole trader")
        with pytest.raises(errors.TemplateNameTaken):
            rename_template(other, name="COMPANY", description="")


@pytest.mark.parametrize("starter", STARTER_TEMPLATES, ids=lambda starter: starter.key)
def test_g16_provided_templates_a_group_among_them_become_the_practices_own(brook, starter):
    with practice_scope(brook.pk):
        template, added = adopt_starter(starter, on=TODAY)
        assert {service.name for service in added} == {
            item.name for part in starter.groups for item in part.services
        }
        draft = a_draft()
        assert apply_template(draft, template, on=TODAY) == []
        headings = [group.heading for group in draft.groups.all()]
        assert headings[-len(starter.groups) :] == [part.heading for part in starter.groups]
        assert adopt_again(starter) == []
        assert ProposalTemplate.objects.count() == 2


def adopt_again(starter) -> list:
    ProposalTemplate.objects.update(name="Another name")
    return adopt_starter(starter, on=TODAY)[1]


def test_g27_two_who_sign_at_the_same_instant_are_both_kept_and_it_is_accepted_once(brook):
    with practice_scope(brook.pk):
        proposal = a_sent(client=a_client("Ann Bee", "Cy Dee", "Ed Eff", name="Bee Ltd"))
        sign(proposal)
    proposal = in_scope(brook, lambda: as_it_is(proposal))
    all_at_once(brook, lambda: sign(proposal, 1), lambda: sign(proposal, 2))
    with practice_scope(brook.pk):
        assert proposal.signatures.count() == 3
        assert as_it_is(proposal).status == "accepted"
        assert [event.kind for event in proposal.chain.all()].count("accepted") == 1
        assert proposal.records.count() == 1


@pytest.mark.parametrize("attempt", range(3))
def test_accepted_or_recalled_at_the_same_instant_it_is_one_of_both(brook, attempt):
    with practice_scope(brook.pk):
        proposal = a_sent()
    signed, recalled = all_at_once(brook, lambda: sign(proposal), lambda: recall_proposal(proposal))
    with practice_scope(brook.pk):
        status, signatures = as_it_is(proposal).status, proposal.signatures.count()
    if status == "accepted":
        assert signatures == 1
        assert isinstance(recalled, errors.NotAwaitingSignature | errors.PartlySigned)
    else:
        assert (status, signatures) == ("draft", 0)
        assert isinstance(signed, errors.NotAwaitingSignature | errors.DocumentDiffers)


def in_scope(practice, read):
    with practice_scope(practice.pk):
        return read()


def test_g34_what_is_accepted_is_frozen_and_changes_are_made_to_what_is_billed(brook):
    with practice_scope(brook.pk):
        proposal = a_sent(a_line(MONTHLY))
        sign(proposal)
        line = proposal.lines.get()
        frozen = as_it_is(proposal)
        for change in (
            lambda: amend_line(line, frozen.version, unit_price=Decimal(1)),
            lambda: apply_template(frozen, keep_template(frozen, name="Again"), on=TODAY),
            lambda: send_proposal(frozen, on=TODAY),
        ):
            with pytest.raises(errors.NotADraft):
                change()
        with pytest.raises(errors.NotAwaitingSignature):
            recall_proposal(frozen)
        schedule = BillingSchedule.objects.get(proposal_line=line)
        plan_change(schedule, {"unit_price": Decimal(120)}, effective_on=TODAY, on=TODAY)
        assert (line.unit_price, as_it_is(proposal).document) == (100, frozen.document)
        assert BillingSchedule.objects.get().unit_price == 120
