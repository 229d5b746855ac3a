"""Invoices that were in Sage before the connection, as far as one of ours may be the same."""

from django.db import models
from django.db.models import UniqueConstraint

from ledger.models import Posting
from practices.tenancy import TenantModel


class AdoptionOffer(TenantModel):
    """An invoice in Sage that a held one of ours may be; adopting links the two, and nothing is sent."""

    posting = models.OneToOneField(Posting, models.CASCADE, related_name="adoption_offer")
    business_id = models.CharField(max_length=64)
    sage_id = models.CharField(max_length=64)
    sage_number = models.CharField(max_length=40)
    reference = models.CharField(max_length=60, blank=True)
    dated_on = models.DateField()
    net = models.DecimalField(max_digits=12, decimal_places=2)
    vat = models.DecimalField(max_digits=12, decimal_places=2)
    sage_contact_id = models.CharField(max_length=64)
    contact_name = models.CharField(max_length=255)
    is_draft = models.BooleanField(default=False)
    fingerprint = models.CharField(max_length=64)
    web_address = models.CharField(max_length=300, blank=True)
    #: Names of `adoption.matching.Evidence`.
    evidence = models.JSONField(default=list)
    #: Amount and contact are the same, and the number or the date; and nothing else fits.
    is_sure = models.BooleanField()
    found_at = models.DateTimeField()

    class Meta:
        ordering = ["-is_sure", "posting_id"]
        constraints = [
            UniqueConstraint(
                fields=["practice", "business_id", "sage_id"], name="an_invoice_of_sage_is_offered_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.posting_id} may be {self.sage_number}"
