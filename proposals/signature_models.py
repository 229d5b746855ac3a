"""Who has to sign a proposal, and who has."""

from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils import timezone

from clients.models import ContactPerson
from practices.tenancy import TenantModel
from proposals.drawings import lines_of


class ProposalSignatory(TenantModel):
    """A person whose signature the proposal needs; fixed when it is sent, the primary one first."""

    proposal = models.ForeignKey("proposals.Proposal", models.CASCADE, related_name="signatories")
    person = models.ForeignKey(ContactPerson, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            UniqueConstraint(fields=["practice", "proposal", "person"], name="one_place_for_a_signatory")
        ]

    def __str__(self) -> str:
        return str(self.person)


class Signature(TenantModel):
    """One person's acceptance of exactly one document; rows are only ever added."""

    append_only = True

    proposal = models.ForeignKey("proposals.Proposal", models.PROTECT, related_name="signatures")
    signatory = models.ForeignKey(ContactPerson, models.PROTECT, related_name="+")
    signed_name = models.CharField(max_length=100)
    ip = models.GenericIPAddressField("network address", null=True)
    user_agent = models.CharField("browser", max_length=300, blank=True)
    signed_at = models.DateTimeField(default=timezone.now)
    #: The member of the practice who recorded this for the client; None when the client signed.
    on_behalf = models.ForeignKey("practices.User", models.PROTECT, null=True, related_name="+")
    reason = models.TextField("why it was recorded for the client", blank=True)
    document_sha256 = models.CharField(max_length=64)
    #: The strokes of a drawn signature, each a list of points of a 600 by 200 field; empty for a typed one.
    drawing = models.JSONField(default=list, blank=True)
    #: Asked that work begins before the time to cancel is over.
    asks_early_start = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            UniqueConstraint(fields=["practice", "proposal", "signatory"], name="a_signatory_signs_once"),
            models.CheckConstraint(name="a_signature_has_a_name", condition=~Q(signed_name="")),
            models.CheckConstraint(
                name="a_signature_for_the_client_has_its_reason",
                condition=Q(on_behalf__isnull=True, reason="") | (Q(on_behalf__isnull=False) & ~Q(reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.signed_name}, {self.signed_at:%-d %b %Y}"

    @property
    def drawn_lines(self) -> list[str]:
        """Each stroke of a drawn signature as the points of an SVG polyline."""
        return lines_of(self.drawing)
