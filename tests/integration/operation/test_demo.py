"""The demo has something to show in every state a proposal can be in."""

from ignition.demo import stock
from ignition.demo_proposals import tell_of_proposals
from invoicing.models import BillingSchedule, FeeUplift, Invoice
from practices.tenancy import practice_scope
from proposals.models import Proposal, ProposalTemplate


def test_the_demo_has_proposals_in_every_state_and_an_uplift_to_come(cast):
    for practice, owner in ((cast.brook, cast.alice), (cast.cedar, cast.carol)):
        with practice_scope(practice.pk):
            stock(practice)
            tell_of_proposals(practice, owner)
            found = dict(Proposal.objects.order_by().values_list("title", "status"))
            assert found["Accounts and bookkeeping"] == "draft"
            assert {"in_review", "accepted", "lost"} <= set(found.values())
            assert ProposalTemplate.objects.count() == FeeUplift.objects.count() == 1
            assert BillingSchedule.objects.count() == 2
            assert not Invoice.objects.exists()
    with practice_scope(cast.brook.pk):
        assert Proposal.objects.part_signed().count() == 1
