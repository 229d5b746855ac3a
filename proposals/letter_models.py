"""What goes with an offer beside its services: choices about its letter, brochure blocks, events, the signed record."""

from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils import timezone

from practices.tenancy import TenantModel


class BrochureBlock(TenantModel):
    """Something the practice likes to tell about itself, kept to be put into proposals."""

    title = models.CharField(max_length=80)
    body = models.TextField("text", max_length=20_000)
    is_archived = models.BooleanField(default=False, editable=False)

    class Meta:
        ordering = ["title", "id"]

    def __str__(self) -> str:
        return self.title


class ProposalLetter(TenantModel):
    """What was chosen for one proposal's letter; a proposal without a row has the usual parts."""

    proposal = models.OneToOneField("proposals.Proposal", models.CASCADE, related_name="letter")
    has_right_to_cancel = models.BooleanField("include the right to cancel", default=False)
    blocks = models.ManyToManyField(BrochureBlock, through="ProposalBlock", related_name="+")

    def __str__(self) -> str:
        return f"Letter of {self.proposal}"


class ProposalBlock(TenantModel):
    """A brochure block in a proposal's letter."""

    letter = models.ForeignKey(ProposalLetter, models.CASCADE, related_name="chosen")
    block = models.ForeignKey(BrochureBlock, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            UniqueConstraint(fields=["practice", "letter", "block"], name="a_block_stands_once_in_a_letter")
        ]

    def __str__(self) -> str:
        return str(self.block)


class ProposalEvent(TenantModel):
    """One thing that happened to a sent proposal, chained to the one before by its hash; rows are only added."""

    append_only = True

    proposal = models.ForeignKey("proposals.Proposal", models.PROTECT, related_name="chain")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=30)
    at = models.DateTimeField(default=timezone.now)
    data = models.JSONField(default=dict)
    previous_sha256 = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["number"]
        constraints = [
            UniqueConstraint(fields=["practice", "proposal", "number"], name="one_event_at_a_place"),
            models.CheckConstraint(
                name="only_the_first_event_follows_nothing",
                condition=Q(number=1, previous_sha256="") | (Q(number__gt=1) & ~Q(previous_sha256="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"


class SignedRecord(TenantModel):
    """The PDF that both sides keep of an accepted proposal, byte for byte."""

    append_only = True

    proposal = models.ForeignKey("proposals.Proposal", models.PROTECT, related_name="records")
    pdf = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [UniqueConstraint(fields=["practice", "proposal"], name="one_record_of_a_proposal")]

    def __str__(self) -> str:
        return f"Record of {self.proposal}"
