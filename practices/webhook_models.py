"""Where a practice's own programs want to be told what happens, and each message to them."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils import timezone

from practices.fields import SealedTextField
from practices.tenancy import TenantModel, TenantQuerySet


class WebhookEndpoint(TenantModel):
    """An HTTPS address that is told of events, signed with its own secret."""

    class Event(models.TextChoices):
        INVOICE_POSTED = "invoice.posted", "An invoice arrived in Sage"
        INVOICE_PAYMENT_CHANGED = "invoice.payment_changed", "What is owed on an invoice changed"
        INVOICE_FAILED = "invoice.failed", "An invoice did not reach Sage and needs you"
        CONNECTION_NEEDS_ATTENTION = "connection.needs_attention", "The connection to Sage needs you"

    url = models.CharField("address", max_length=500)
    events = models.JSONField(default=list)
    #: Signs every message; shown once, when the endpoint is added.
    secret = SealedTextField()
    created_by = models.ForeignKey("practices.User", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True)
    #: Failures in a row; after some of them it is left alone until `paused_until`.
    strikes = models.PositiveIntegerField(default=0)
    paused_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.url

    @property
    def is_left_alone(self) -> bool:
        """Whether nothing is sent to it for now, because it failed too often."""
        return self.paused_until is not None and self.paused_until > timezone.now()

    @property
    def told_of(self) -> list[Event]:
        """The kinds of events it is told of, each with its words."""
        return [self.Event(event) for event in self.events]


class WebhookDeliveryQuerySet(TenantQuerySet["WebhookDelivery"]):
    def due(self) -> "WebhookDeliveryQuerySet":
        """What may be sent now: ripe, to an endpoint that is neither removed nor left alone for a while."""
        now = timezone.now()
        return self.filter(
            Q(endpoint__paused_until=None) | Q(endpoint__paused_until__lte=now),
            status=WebhookDelivery.Status.PENDING,
            not_before__lte=now,
            endpoint__removed_at=None,
        )


class WebhookDelivery(TenantModel):
    """One message to one endpoint; written in the transaction of the event, so neither is without the other."""

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="deliveries")
    #: The same for every try and every replay, so that the receiver can tell a repeat.
    message_id = models.CharField(max_length=40)
    event = models.CharField(max_length=40)
    body = models.TextField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    #: No try begins after this; a replay sets it anew.
    give_up_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    #: What the endpoint answered last; None when it did not answer at all.
    answer_status = models.PositiveSmallIntegerField(null=True)
    failure = models.CharField(max_length=300, blank=True)

    objects: ClassVar[models.Manager[Any]] = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "webhook deliveries"
        ordering = ["-id"]
        constraints = [
            UniqueConstraint(
                fields=["practice", "endpoint", "message_id"], name="one_delivery_of_a_message_to_an_endpoint"
            )
        ]
        indexes = [
            models.Index(
                fields=["practice", "not_before"], name="webhooks_to_send", condition=Q(status="pending")
            ),
            models.Index(fields=["practice", "endpoint", "-id"], name="webhooks_of_an_endpoint"),
        ]

    @property
    def event_in_words(self) -> str:
        """What happened, in the words in which it was asked for; the name itself of an event that is no more."""
        return str(dict(WebhookEndpoint.Event.choices).get(self.event, self.event))

    def __str__(self) -> str:
        return f"{self.event} {self.message_id}"
