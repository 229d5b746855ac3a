"""Signed messages to a practice's own programs (Standard Webhooks): written with the event, sent by a worker.

The signature is `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, with the bytes behind `whsec_` as key
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone

from practices import audit, outbound
from practices.arrays import array
from practices.errors import DomainError
from practices.models import User
from practices.prepared import Prepared
from practices.tenancy import acting_practice_id, practice_transaction
from practices.webhook_models import WebhookDelivery, WebhookEndpoint

log = structlog.get_logger(__name__)

GIVE_UP_AFTER = timedelta(days=1)
#: Seconds after the first, second, … failure; the last one from then on, until a day has passed.
PAUSES = (15, 60, 300, 900, 1800, 3600, 7200, 14400)
#: So many failures in a row, and an endpoint is asked once in this time only.
STRIKES, LEFT_ALONE = 5, timedelta(minutes=15)
#: A message whose worker was lost while sending is sent again after this.
SENDING = timedelta(minutes=2)
KEPT = timedelta(days=30)
MOST_ENDPOINTS = 10


class UnusableAddress(DomainError):
    message = "This address cannot be called."


class TooManyEndpoints(DomainError):
    message = f"A practice can have {MOST_ENDPOINTS} endpoints. Remove one first."


def add_endpoint(url: str, events: Collection[str], *, by: User | None) -> tuple[WebhookEndpoint, str]:
    """The endpoint, and its secret, which is shown this once; raises `UnusableAddress` or `TooManyEndpoints`.

    Only the form of the address is judged here, because looking its name up may take a while: that is for
    `look_up`, before the transaction begins, and what the name resolves to is looked at again with every message.
    """
    try:
        outbound.check_url(url)
    except outbound.UnsafeAddress as refusal:
        raise UnusableAddress(message=str(refusal)) from refusal
    if unknown := set(events) - set(WebhookEndpoint.Event.values):
        raise ValueError(f"No such event: {sorted(unknown)}")
    if live_endpoints().count() >= MOST_ENDPOINTS:
        raise TooManyEndpoints
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    endpoint: WebhookEndpoint = WebhookEndpoint.objects.create(
        url=url, events=sorted(events), secret=secret, created_by=by
    )
    audit.record("webhook.added", endpoint, url=url, events=endpoint.events)
    return endpoint, secret


def look_up(url: str) -> str:
    """What to say of a name that cannot be found yet, mostly nothing; raises `UnusableAddress` for a private network.

    It asks the network, so it must be used outside a transaction. Takes a few seconds at most.
    """
    try:
        outbound.vetted(url)
    except outbound.NameNotFound as error:
        return f"{error} Messages to it are kept, and tried again for a day."
    except outbound.UnsafeAddress as refusal:
        raise UnusableAddress(message=str(refusal)) from refusal
    return ""


def remove_endpoint(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """The endpoint, which is told nothing from now on; its deliveries stay listed."""
    if endpoint.removed_at is None:
        endpoint.removed_at = timezone.now()
        endpoint.save(update_fields=["removed_at"])
        audit.record("webhook.removed", endpoint, url=endpoint.url)
    return endpoint


def end_pause(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """The endpoint, asked again at once, as somebody mended it; what waits for a later try waits no more.

    One more failure, and it is left alone again. Safe to repeat.
    """
    now = timezone.now()
    ended = WebhookEndpoint.objects.filter(pk=endpoint.pk, paused_until__gt=now).update(paused_until=None)
    if ended:
        # What may be under way to it just now is left as it is.
        waiting = WebhookDelivery.objects.filter(
            endpoint_id=endpoint.pk, status=WebhookDelivery.Status.PENDING, not_before__gt=now + SENDING
        )
        waiting.update(not_before=now)
        endpoint.paused_until = None
        audit.record("webhook.pause_ended", endpoint, url=endpoint.url)
    return endpoint


def live_endpoints() -> Any:
    """The endpoints that were not removed, newest first; their secrets stay sealed.

    ``was_reached`` is whether a message that is still kept arrived there.
    """
    arrived = WebhookDelivery.objects.filter(
        endpoint_id=OuterRef("pk"), status=WebhookDelivery.Status.DELIVERED
    )
    live = WebhookEndpoint.objects.filter(removed_at=None).defer("secret")
    return live.annotate(was_reached=Exists(arrived))


def standing_of(endpoint: Any) -> tuple[str, str]:
    """How one of the `live_endpoints` does, and the tone to say it in; nothing is said to work that was never tried."""
    if endpoint.strikes:
        return "Failing", "bad"
    if endpoint.was_reached:
        return "Working", "good"
    # Older messages are not kept, so of an older endpoint no more is known.
    is_new = endpoint.created_at > timezone.now() - KEPT
    return ("Nothing sent yet" if is_new else "Nothing sent lately"), "neutral"


def emit(event: str, **data: Any) -> None:
    """Write a message to every endpoint that asked for such events, in the transaction of the event itself.

    One statement, so that an event of a practice without endpoints costs next to nothing.
    """
    emit_many(event, [data])


def emit_many(event: str, events: Sequence[dict[str, Any]]) -> None:
    """The same for several events of a kind, each a message of its own, in one statement.

    Where nobody asked for them, writing many messages out would cost more than asking whether somebody did.
    """
    if not events or (len(events) > 1 and not _somebody_wants(event)):
        return
    now = timezone.now()
    head = {"type": event, "timestamp": now.isoformat()}
    bodies = [json.dumps({**head, "data": data}, separators=(",", ":"), default=str) for data in events]
    with connection.cursor() as cursor:
        cursor.execute(
            _EMIT,
            {
                "messages": array(f"msg_{uuid4().hex}" for _ in events),
                "bodies": array(bodies),
                "event": event,
                "wanted": json.dumps([event]),
                "now": now,
                "until": now + GIVE_UP_AFTER,
                "practice": acting_practice_id(),
            },
        )


def _somebody_wants(event: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_WANTED, [acting_practice_id(), json.dumps([event])])
        return cursor.fetchone() is not None


_WANTED = Prepared(
    """
SELECT 1 FROM practices_webhookendpoint
WHERE practice_id = %s AND removed_at IS NULL AND events @> %s::jsonb LIMIT 1
"""
)
_EMIT = """
INSERT INTO practices_webhookdelivery
    (practice_id, endpoint_id, message_id, event, body, status, attempts, not_before, created_at, give_up_at, failure)
SELECT practice_id, id, message_id, %(event)s, body, 'pending', 0, %(now)s, %(now)s, %(until)s, ''
FROM practices_webhookendpoint, unnest(%(messages)s::text[], %(bodies)s::text[]) AS message(message_id, body)
WHERE practice_id = %(practice)s AND removed_at IS NULL AND events @> %(wanted)s::jsonb
"""


def replay(delivery: WebhookDelivery) -> WebhookDelivery:
    """The message once more, under the same id, so that a receiver that has it already can tell; safe to repeat."""
    now = timezone.now()
    WebhookDelivery.objects.filter(pk=delivery.pk).exclude(status=WebhookDelivery.Status.PENDING).update(
        status=WebhookDelivery.Status.PENDING, attempts=0, not_before=now, give_up_at=now + GIVE_UP_AFTER
    )
    audit.record("webhook.replayed", delivery, message=delivery.message_id)
    delivery.refresh_from_db()
    return delivery


def signed_headers(secret: str, message_id: str, at: datetime, body: str) -> dict[str, str]:
    """The headers of a message: its id, when it is sent, and the signature over both and the body."""
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{message_id}.{stamp}.{body}".encode(), hashlib.sha256)
    return {
        "content-type": "application/json",
        "user-agent": "Ignition webhooks",
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(mac.digest()).decode()}",
    }


def deliver_due(limit: int = 50) -> int:
    """Send the acting practice's waiting messages; how many arrived."""
    delivered = 0
    left_alone: set[int] = set()
    for delivery in _claim(limit):
        if delivery.endpoint_id in left_alone:
            with practice_transaction():
                _put_back(delivery)
            continue
        status, failure = _send(delivery)
        with practice_transaction():
            if _record(delivery, status, failure):
                left_alone.add(delivery.endpoint_id)
        delivered += not failure
    with practice_transaction():
        WebhookDelivery.objects.filter(finished_at__lt=timezone.now() - KEPT).delete()
    return delivered


def _claim(limit: int) -> list[WebhookDelivery]:
    with practice_transaction():
        claimed = list(
            WebhookDelivery.objects.due()
            .select_related("endpoint")
            .order_by("id")
            .select_for_update(skip_locked=True, of=("self",))[:limit]
        )
        for delivery in claimed:
            delivery.attempts += 1
            delivery.not_before = timezone.now() + SENDING
        WebhookDelivery.objects.bulk_update(claimed, ["attempts", "not_before"])
    return claimed


def _send(delivery: WebhookDelivery) -> tuple[int | None, str]:
    """What the endpoint answered, and what is wrong with that; nothing is when the words are empty."""
    headers = signed_headers(delivery.endpoint.secret, delivery.message_id, timezone.now(), delivery.body)
    try:
        status = outbound.post(delivery.endpoint.url, delivery.body.encode(), headers)
    except (outbound.UnsafeAddress, outbound.NotReached) as error:
        return None, str(error)
    if 200 <= status < 300:
        return status, ""
    if 300 <= status < 400:
        return status, "It answered with a redirect, which is not followed. Give the final address."
    return status, f"It answered {status}."


def _record(delivery: WebhookDelivery, status: int | None, failure: str) -> bool:
    """Keep how a try went; whether the endpoint is left alone from now on."""
    now = timezone.now()
    endpoint = WebhookEndpoint.objects.select_for_update().defer("secret").get(pk=delivery.endpoint_id)
    delivery.answer_status, delivery.failure = status, failure[:300]
    endpoint.strikes = endpoint.strikes + 1 if failure else 0
    endpoint.paused_until = now + LEFT_ALONE if endpoint.strikes >= STRIKES else None
    if not failure:
        delivery.status, delivery.finished_at = WebhookDelivery.Status.DELIVERED, now
    else:
        pause = PAUSES[min(delivery.attempts, len(PAUSES)) - 1]
        delivery.not_before = now + timedelta(seconds=pause)
        if delivery.not_before > delivery.give_up_at:
            delivery.status, delivery.finished_at = WebhookDelivery.Status.FAILED, now
        log.info("webhook not delivered", delivery_id=delivery.pk, status=status, attempts=delivery.attempts)
    delivery.save(update_fields=["status", "finished_at", "not_before", "answer_status", "failure"])
    endpoint.save(update_fields=["strikes", "paused_until"])
    return endpoint.paused_until is not None


def _put_back(delivery: WebhookDelivery) -> None:
    """Not tried after all: the endpoint failed too often just now."""
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        attempts=delivery.attempts - 1, not_before=timezone.now()
    )
