"""Practices, their people and what is recorded about both."""

import re
from datetime import date
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q, UniqueConstraint
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.text import capfirst

from practices import (  # noqa: F401 - these tables are of this app too
    change_marks,
    export_models,
    job_models,
    webhook_models,
)
from practices.colours import DEFAULT_COLOUR, readable_colour
from practices.fields import SealedTextField
from practices.tenancy import TenantModel, TenantQuerySet, practice_key


class Practice(models.Model):
    """A firm of accountants: the tenant."""

    name = models.CharField("practice name", max_length=100)
    slug = models.SlugField(unique=True, max_length=50)
    country = models.CharField(max_length=2, default="GB")
    currency = models.CharField(max_length=3, default="GBP")
    vat_number = models.CharField("VAT number", max_length=20, blank=True)
    invoice_day = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text="The day of the month that recurring invoices are dated; the last day where a month is shorter.",
    )
    time_zone = models.CharField(max_length=50, default="Europe/London")
    #: The operator's word for what this practice has subscribed to; empty where nobody sells anything (F09).
    plan = models.CharField(max_length=40, blank=True)
    owners_need_second_factor = models.BooleanField(
        "owners need a second factor",
        default=False,
        help_text="Owners then sign in with an authenticator app or a passkey as well as their password.",
    )
    #: Made up, to look around in: it never reaches Sage or a mailbox, and can be removed whole.
    is_demo = models.BooleanField(default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="invoice_day_is_in_a_month", condition=Q(invoice_day__range=(1, 31)))
        ]

    def __str__(self) -> str:
        return self.name

    def today(self) -> date:
        """The civil date in the practice's time zone."""
        return timezone.localdate(timezone=ZoneInfo(self.time_zone))


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A person who can sign in; without a password they have to set one first."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str, **fields: Any) -> "User":
        """An operator of the service, for Django admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in with an e-mail address; what they may do is their membership's business."""

    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=100, blank=True)
    is_staff = models.BooleanField("operator of the service", default=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [UniqueConstraint(Lower("email"), name="one_user_for_an_email_address")]

    def __str__(self) -> str:
        return self.name or self.email


class Membership(models.Model):
    """A person's place in a practice."""

    #: The trail names a member by the person.
    called_a, called_by, called_with = "colleague", "user", ("user",)

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        MANAGER = "manager", "Manager"
        STAFF = "staff", "Staff"
        PREPARER = "preparer", "Invoice preparer"
        INVOICER = "invoicer", "Invoicer"
        ACCOUNTS = "accounts", "Accounting contact"
        APPRENTICE = "apprentice", "Apprentice"
        READ_ONLY = "read_only", "Read only"

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    practice = models.ForeignKey(Practice, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)
    #: G87: each person's own choice.
    gets_weekly_summary = models.BooleanField(default=True, db_default=True)

    class Meta:
        constraints = [UniqueConstraint(fields=["practice", "user"], name="one_membership_in_a_practice")]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()} of {self.practice}"


class ApiKey(models.Model):
    """A program's way into one practice. Platform table: a key is looked up before its practice is known."""

    practice = models.ForeignKey(Practice, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=60, help_text="What uses it, such as “Client portal”.")
    #: The part that is shown again, to tell keys apart; the rest is kept only as its SHA-256.
    prefix = models.CharField(max_length=12, unique=True)
    secret_sha256 = models.CharField(max_length=64)
    #: `clients:read`, `invoices:write`, …: see `practices.api_keys.SCOPES`.
    scopes = models.JSONField(default=list)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "API key"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} (ign_{self.prefix}_…)"


class IdempotentAnswer(TenantModel):
    """What a POST of a program was answered, so that its repeat gets the same answer and does nothing."""

    #: SHA-256 of the program's key and the name it gave the request.
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    #: Sealed: an answer may hold the secret of a webhook, which is kept nowhere else in the clear.
    body = SealedTextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [UniqueConstraint(fields=["practice", "key"], name="one_answer_for_an_idempotency_key")]

    def __str__(self) -> str:
        return self.key


class Invitation(TenantModel):
    """A link, sent by e-mail, that lets a colleague join; the newest of an address is the one that counts."""

    called_by = "email"

    email = models.EmailField("e-mail address")
    role = models.CharField(max_length=10, choices=Membership.Role.choices, default=Membership.Role.STAFF)
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.email


#: The `person` of an entry that is a client's doing, where nobody there said who they are.
THE_CLIENT = "The client"
CLIENT_SIGNED = "proposal.signed"
#: Events and kinds of things whose names in the trail are not the words of the pages.
IN_WORDS = {
    "client.activated": "Client became active",
    "client.posting_switched": "Copying to Sage switched for the client",
    "member.invitation_withdrawn": "Invitation of a colleague withdrawn",
    "posting.posted": "Document reached Sage",
    "posting.failed": "Document did not reach Sage",
}
THINGS = {
    "api_key": "API key",
    "member": "colleague",
    "posting": "document",
    "tax_rate": "VAT rate",
    "vat_settings": "VAT settings",
}


def called_a(model: type[models.Model]) -> str:
    """The word of the pages for rows of a model, which need not be the model's own: a membership is a colleague."""
    return str(getattr(model, "called_a", model._meta.verbose_name))


class AuditEntry(TenantModel):
    """What was done, by whom and when; rows are only ever added."""

    append_only = True
    subject = called = ""  # as people call it, with its kind and without, once `practices.subjects` was asked

    practice = practice_key(db_index=False)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    action = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["practice", "subject_type", "subject_id", "-id"], name="audit_of_a_subject")
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type} {self.subject_id}"

    @property
    def who(self) -> str:
        """The person, the program by the name of its key, somebody at a client, or Ignition itself."""
        if self.actor:
            return str(self.actor)
        if program := self.data.get("api_key_name"):
            return f"{program} (API key)"
        client = self.data.get("person")
        if not client and self.action == CLIENT_SIGNED:  # as it was recorded before it said by whom
            client = self.data.get("name")
        if client == THE_CLIENT:
            return THE_CLIENT
        return f"{client} (client)" if client else "Ignition"

    @property
    def in_words(self) -> str:
        """`invoice.issued` as a person reads it: `Invoice issued`."""
        if self.action in IN_WORDS:
            return IN_WORDS[self.action]
        thing, _, done = self.action.partition(".")
        named = THINGS.get(thing, thing.replace("_", " "))
        words = f"{named} {done.replace('_', ' ')}".strip()
        return capfirst(re.sub(r"\bsage\b", "Sage", words))

    @property
    def subject_in_words(self) -> str:
        """`Billing schedule 12`: the kind of thing and its row; `Invoicing settings` where there is one row."""
        app, _, name = self.subject_type.partition(".")
        model = apps.all_models[app].get(name)  # none for a kind of thing that earlier versions had
        kind = str(capfirst(called_a(model) if model else name))
        is_alone = kind == "Practice" or kind.endswith("settings")
        return kind if is_alone else f"{kind} {self.subject_id or ''}".strip()


class OutgoingEmailQuerySet(TenantQuerySet["OutgoingEmail"]):
    def queued(self) -> "OutgoingEmailQuerySet":
        """Messages that still have to leave."""
        return self.filter(status=OutgoingEmail.Status.QUEUED, not_before__lte=timezone.now())


class OutgoingEmail(TenantModel):
    """A message on its way out, kept as it was written; at most one for each event."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        FAILED = "failed", "Not sent"

    event = models.CharField(max_length=120)
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)
    #: Which kind of message it is, e.g. `proposals/proposal_sent`.
    kind = models.CharField(max_length=60, blank=True)
    #: Whose name stands before our own address; whom an answer reaches.
    from_name = models.CharField(max_length=100, blank=True)
    reply_to = models.EmailField(blank=True)
    #: The message that this one repeats because somebody asked for it.
    repeats = models.ForeignKey("self", models.PROTECT, null=True, related_name="repeated")

    objects: ClassVar[models.Manager[Any]] = OutgoingEmailQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [UniqueConstraint(fields=["practice", "event"], name="one_email_for_an_event")]
        indexes = [
            models.Index(
                fields=["practice", "not_before"], name="emails_to_send", condition=Q(status="queued")
            )
        ]

    def __str__(self) -> str:
        return self.subject


class SavedView(TenantModel):
    """A person's own view of a list: its filters, sort and columns under a name."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    #: Which list: `clients`, `invoices`, …
    list = models.CharField(max_length=40)
    name = models.CharField("view", max_length=40)
    query = models.CharField(max_length=2000, blank=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            UniqueConstraint(fields=["practice", "user", "list", "name"], name="one_view_of_a_name")
        ]

    def __str__(self) -> str:
        return self.name


class EmailAttachment(TenantModel):
    """A file that goes with a message."""

    email = models.ForeignKey(OutgoingEmail, models.CASCADE, related_name="attachments")
    name = models.CharField("file name", max_length=100)
    content_type = models.CharField(max_length=60, default="application/pdf")
    content = models.BinaryField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class MailWording(TenantModel):
    """A practice's own words for one kind of message to clients."""

    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=150)
    body = models.TextField("message", max_length=20_000)

    class Meta:
        constraints = [UniqueConstraint(fields=["practice", "kind"], name="one_wording_for_a_kind")]

    def __str__(self) -> str:
        return self.kind


class PracticeProfile(TenantModel):
    """What letters, messages and PDFs say about the practice beside its name."""

    class Region(models.TextChoices):
        ENGLAND_AND_WALES = "england_and_wales", "England and Wales"
        SCOTLAND = "scotland", "Scotland"
        NORTHERN_IRELAND = "northern_ireland", "Northern Ireland"
        IRELAND = "ireland", "Ireland"

    address = models.TextField(max_length=400, blank=True)
    phone = models.CharField("telephone", max_length=30, blank=True)
    email = models.EmailField("e-mail address for clients", blank=True)
    website = models.URLField(blank=True)
    company_number = models.CharField(max_length=20, blank=True)
    principal = models.CharField(max_length=100, blank=True)
    supervisory_body = models.CharField(max_length=150, blank=True)
    membership_number = models.CharField("firm or membership number", max_length=40, blank=True)
    region = models.CharField("law of", max_length=20, choices=Region.choices, blank=True)
    insurer = models.CharField("professional indemnity insurer", max_length=150, blank=True)
    insurer_address = models.TextField("insurer's address", max_length=400, blank=True)
    insured_territory = models.CharField("where the cover applies", max_length=150, blank=True)
    complaints_officer = models.CharField("who handles complaints", max_length=100, blank=True)
    data_protection_officer = models.CharField("who answers for personal data", max_length=100, blank=True)
    data_protection_number = models.CharField("data protection registration", max_length=40, blank=True)
    brand_colour = models.CharField(max_length=7, default=DEFAULT_COLOUR, validators=[readable_colour])
    reply_to = models.EmailField("answers go to", blank=True)
    sender_name = models.CharField("messages come from", max_length=80, blank=True, default="", db_default="")
    sends_plain_text = models.BooleanField("send messages as plain text", default=False, db_default=False)

    class Meta:
        constraints = [UniqueConstraint(fields=["practice"], name="one_profile_for_a_practice")]

    def __str__(self) -> str:
        return f"Profile of {self.practice}"
