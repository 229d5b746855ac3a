"""What is set in Sage against earlier copies of invoices, where it settles nothing here (F75, D3)."""

from django.db import models
from django.db.models import UniqueConstraint

from practices.tenancy import TenantModel


class SetOnEarlierCopy(TenantModel):
    """How much of one payment or allocation settles an earlier copy in Sage, as it was read there last.

    An allocation that sets credits and money on account against it at once has two rows.
    """

    link = models.ForeignKey("sage_integration.SageLink", models.CASCADE, related_name="set_on_it")
    #: Sage's id of the payment, or of the allocation of a credit note or of money on account.
    sage_id = models.CharField(max_length=64)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    #: Money was received for it; otherwise it is a credit.
    is_money = models.BooleanField()

    class Meta:
        constraints = [
            # Looked for by what a row of a feed says, whichever copy that is set against.
            UniqueConstraint(
                fields=["practice", "sage_id", "link", "is_money"],
                name="one_part_of_a_kind_on_an_earlier_copy",
            )
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.sage_id}"
