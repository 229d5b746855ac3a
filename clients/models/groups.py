"""Clients that belong together: groups with a payer, and tags."""

from django.db import models
from django.db.models import Q, UniqueConstraint
from django.db.models.functions import Lower
from django.urls import reverse

from practices.tenancy import TenantModel


class ClientGroup(TenantModel):
    """Clients of one owner; any member's invoices may be made out to another (`Client.billed_to`)."""

    name = models.CharField("group name", max_length=100)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            UniqueConstraint("practice", Lower("name"), name="one_group_of_a_name"),
            models.CheckConstraint(name="group_has_a_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The group's page."""
        return reverse("clients:group-detail", args=[self.practice.slug, self.pk])


class Tag(TenantModel):
    """A word of the practice's own that clients are marked with."""

    name = models.CharField("tag", max_length=40)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            UniqueConstraint("practice", Lower("name"), name="one_tag_of_a_name"),
            models.CheckConstraint(name="tag_has_a_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name


class ClientTag(TenantModel):
    """A client marked with a tag."""

    client = models.ForeignKey("clients.Client", models.CASCADE, related_name="client_tags")
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="client_tags")

    class Meta:
        constraints = [UniqueConstraint(fields=["practice", "tag", "client"], name="a_client_has_a_tag_once")]

    def __str__(self) -> str:
        return f"{self.client_id}: {self.tag_id}"
