"""Keys of programs: issued once, kept as a hash, limited to what they were given."""

import hashlib
import hmac
import secrets
from datetime import timedelta

from django.utils import timezone

from practices import audit
from practices.models import ApiKey, Membership, Practice, User

#: What a key may be limited to. Reading and writing are told apart.
RESOURCES = {
    "practice": "the practice's particulars",
    "clients": "clients and contact persons",
    "services": "services, prices and VAT rates",
    "proposals": "proposals",
    "invoices": "billing schedules, invoices, credit notes and payments",
    "sage": "postings and the connection to Sage",
    "webhooks": "webhook endpoints",
}
SCOPES = [f"{resource}:{act}" for resource in RESOURCES for act in ("read", "write")]
#: The stamp of a key is written this often at most.
USED_EVERY = timedelta(minutes=1)


def issue_api_key(practice: Practice, name: str, scopes: list[str], *, by: User) -> tuple[ApiKey, str]:
    """A new key, and the secret that is shown this once: `ign_<prefix>_<secret>`."""
    if unknown := set(scopes) - set(SCOPES):
        raise ValueError(f"No such scope: {sorted(unknown)}")
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        practice=practice,
        name=name,
        prefix=prefix,
        secret_sha256=_hash(secret),
        scopes=sorted(scopes),
        created_by=by,
    )
    audit.record("api_key.issued", key, name=name, scopes=key.scopes)
    return key, f"ign_{prefix}_{secret}"


def revoke_api_key(key: ApiKey) -> ApiKey:
    """The key, which opens nothing from now on."""
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        audit.record("api_key.revoked", key, name=key.name)
    return key


def live_keys_of(member: Membership) -> list[ApiKey]:
    """The keys this person issued for the practice that still open it: they outlast the membership."""
    issued = ApiKey.objects.filter(practice=member.practice_id, created_by=member.user_id, revoked_at=None)
    return list(issued.order_by("name"))


def key_of(token: str) -> ApiKey | None:
    """The live key that this token is, or None; a wrong secret takes as long as an unknown prefix."""
    prefix, _, secret = token.removeprefix("ign_").partition("_")
    key = ApiKey.objects.select_related("practice", "created_by").filter(prefix=prefix).first()
    known = key.secret_sha256 if key else _hash("")
    if not hmac.compare_digest(_hash(secret), known) or key is None or key.revoked_at:
        return None
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at > USED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def _hash(secret: str) -> str:
    """SHA-256 is enough: the secret is 256 random bits, not a word."""
    return hashlib.sha256(secret.encode()).hexdigest()
