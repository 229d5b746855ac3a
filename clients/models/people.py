"""The humans at a client."""

from django.db import models
from django.db.models import F, Q, UniqueConstraint
from django.db.models.functions import Lower

from clients.models.clients import Client
from practices.tenancy import TenantModel


class ContactPerson(TenantModel):
    """A human at the client."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="people")
    name = models.CharField(max_length=50)
    email = models.EmailField("e-mail address", max_length=100, blank=True)
    #: The address as it is compared; kept by the database.
    email_key = models.GeneratedField(
        expression=Lower(F("email")), output_field=models.CharField(max_length=100), db_persist=True
    )
    phone = models.CharField(max_length=30, blank=True)
    is_signatory = models.BooleanField("signs proposals", default=False)
    #: The signatory who is named first; the others are secondary.
    is_primary = models.BooleanField("primary signatory", default=False)
    receives_invoices = models.BooleanField("receives invoices", default=False)
    #: Kept because signatures name them; no longer shown or asked to sign.
    has_left = models.BooleanField(default=False, editable=False)

    class Meta:
        ordering = ["-is_primary", "-is_signatory", "id"]
        constraints = [
            models.CheckConstraint(
                name="a_signatory_has_an_email_address", condition=Q(is_signatory=False) | ~Q(email="")
            ),
            models.CheckConstraint(
                name="a_primary_signatory_signs", condition=Q(is_primary=False) | Q(is_signatory=True)
            ),
            models.CheckConstraint(
                name="who_receives_invoices_has_an_email_address",
                condition=Q(receives_invoices=False) | ~Q(email=""),
            ),
            UniqueConstraint(
                fields=["practice", "client"],
                condition=Q(is_primary=True),
                name="one_primary_signatory_of_a_client",
            ),
        ]
        indexes = [models.Index(fields=["practice", "email_key"], name="people_by_email_key")]

    def __str__(self) -> str:
        return self.name
