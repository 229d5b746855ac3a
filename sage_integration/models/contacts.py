"""The customers of the connected business as read last, and which of our clients each stands for."""

import re
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q, UniqueConstraint, Value
from django.utils import timezone

from clients.models import Client
from practices.job_models import Job
from practices.tenancy import TenantModel, TenantQuerySet

_BETWEEN_ADDRESSES = re.compile(r"[\s,;<>]+")


class ContactLink(TenantModel):
    """Which Sage contact a client is, for one business."""

    class Origin(models.TextChoices):
        BY_HAND = "by_hand", "Chosen by hand"
        BY_NAME = "by_name", "Has exactly this name"
        CREATED = "created", "Created with the first invoice"
        CONFIRMED = "confirmed", "Suggestion confirmed by hand"
        IMPORTED = "imported", "Imported from Sage"

    class Trouble(models.TextChoices):
        DELETED = "deleted", "Deleted in Sage, or merged with another contact there"
        ERASED = "erased", "Erased in Sage for data protection"

    client = models.ForeignKey(Client, models.CASCADE, related_name="contact_links")
    business_id = models.CharField(max_length=64)
    sage_contact_id = models.CharField(max_length=64)
    origin = models.CharField(max_length=10, choices=Origin.choices)
    linked_at = models.DateTimeField(default=timezone.now)
    #: What happened to the contact over there, until somebody decides; empty while it is well.
    trouble = models.CharField(max_length=10, choices=Trouble.choices, blank=True)
    trouble_since = models.DateTimeField(null=True)
    #: The import that made the link; taken back with it.
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")
    #: The name of ours that Sage did not take last, and when.
    refused_name = models.CharField(max_length=255, blank=True, default="", db_default="")
    name_refused_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["practice", "client", "business_id"], name="one_contact_for_a_client"),
            UniqueConstraint(
                fields=["practice", "business_id", "sage_contact_id"], name="one_client_for_a_contact"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client_id} → {self.sage_contact_id}"


class ClientAccount(TenantModel):
    """The sales account of one client's fees in one business, for services without an account of their own."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    business_id = models.CharField(max_length=64)
    ledger_account_id = models.CharField(max_length=64)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["practice", "client", "business_id"], name="one_account_of_its_own_for_a_client"
            ),
            models.CheckConstraint(
                name="a_client_account_names_an_account", condition=~Q(ledger_account_id="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client_id} → {self.ledger_account_id}"


class SageContactQuerySet(TenantQuerySet["SageContact"]):
    def of_business(self, business_id: "str | Value") -> "SageContactQuerySet":
        """The contacts of one business."""
        return self.filter(business_id=business_id)

    def unlinked(self, business_id: "str | Value") -> "SageContactQuerySet":
        """The business's contacts that stand for no client yet."""
        links = ContactLink.objects.filter(business_id=business_id)
        return self.of_business(business_id).exclude(sage_id__in=links.values("sage_contact_id"))

    def matching(self, words: str) -> "SageContactQuerySet":
        """Contacts whose name, reference, e-mail address or postcode contains the words."""
        words = words.strip()
        if not words:
            return self.all()
        return self.filter(
            Q(name__icontains=words)
            | Q(reference__icontains=words)
            | Q(email__icontains=words)
            | Q(postal_code__istartswith=words)
        )


class SageContact(TenantModel):
    """A customer of the connected business, as read last; never a supplier, Sage's own, deleted or erased one."""

    called_by = "displayed_as"

    business_id = models.CharField(max_length=64)
    sage_id = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    displayed_as = models.CharField(max_length=255)
    reference = models.CharField(max_length=40, blank=True)
    email = models.CharField(max_length=255, blank=True)
    person_name = models.CharField(max_length=100, blank=True)
    phone = models.CharField(max_length=50, blank=True)
    tax_number = models.CharField(max_length=255, blank=True)
    address_line_1 = models.CharField(max_length=100, blank=True)
    address_line_2 = models.CharField(max_length=100, blank=True)
    city = models.CharField(max_length=100, blank=True)
    region = models.CharField(max_length=100, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    #: What the customer owed when it was read, in its currency; None when Sage did not say.
    owed = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    is_active = models.BooleanField(default=True)
    web_address = models.CharField(max_length=300, blank=True)
    changed_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    #: What matching found; see `clients.likeness.Verdict`.
    verdict = models.PositiveSmallIntegerField(default=0)
    #: The candidates, best first: {"client": id, "verdict": n, "reasons": [names], "exact": bool}.
    candidates = models.JSONField(default=list)
    #: Other contacts likely the same: {"contact": id, "verdict": n, "reasons": [names]}.
    twins = models.JSONField(default=list)
    #: Somebody decided not to import it; it stays on the list and can be taken up any time (F45).
    is_ignored = models.BooleanField(default=False)
    #: The work that set it aside; taken back with it.
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")

    objects: ClassVar[models.Manager[Any]] = SageContactQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            UniqueConstraint(
                fields=["practice", "business_id", "sage_id"], name="one_row_for_a_sage_contact"
            ),
            models.CheckConstraint(name="a_sage_contact_has_an_id", condition=~Q(sage_id="")),
        ]
        indexes = [
            models.Index(
                fields=["practice", "business_id", "is_ignored", "verdict"], name="sage_contacts_by_verdict"
            )
        ]

    def __str__(self) -> str:
        return self.displayed_as

    @property
    def emails(self) -> list[str]:
        """The e-mail addresses in Sage's one field, which people write several into; not checked."""
        return [text for text in _BETWEEN_ADDRESSES.split(self.email) if text]

    @property
    def address_lines(self) -> list[str]:
        """The address as it is printed, without empty lines."""
        lines = [self.address_line_1, self.address_line_2, self.city, self.region, self.postal_code]
        return [line for line in lines if line]
