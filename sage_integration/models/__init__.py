"""Our authorised access to one Sage business, and what is known of it here."""

from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils import timezone

from ledger.models import Posting
from practices.fields import SealedTextField
from practices.models import User
from practices.tenancy import TenantModel, TenantQuerySet, practice_key
from sage_integration.models.adoption import AdoptionOffer
from sage_integration.models.attention import Attention
from sage_integration.models.contacts import ClientAccount, ContactLink, SageContact
from sage_integration.models.copies import ClientChoices, CopyChoices
from sage_integration.models.earlier_copies import SetOnEarlierCopy
from sage_integration.models.exchanges import SageExchange
from sage_integration.models.mappings import AccountMapping, ItemMapping, TaxRateMapping
from sage_integration.models.reference_data import SageBankAccount, SageItem, SageLedgerAccount, SageTaxRate
from sage_integration.models.sign_offs import PennySignOff

__all__ = [
    "AccountMapping",
    "AdoptionOffer",
    "Attention",
    "Authorisation",
    "ClientAccount",
    "ClientChoices",
    "ContactLink",
    "CopyChoices",
    "ItemMapping",
    "PennySignOff",
    "SageBankAccount",
    "SageConnection",
    "SageContact",
    "SageExchange",
    "SageItem",
    "SageLedgerAccount",
    "SageLink",
    "SageTaxRate",
    "SetOnEarlierCopy",
    "SyncCursor",
    "SyncRun",
    "TaxRateMapping",
]


class Authorisation(TenantModel):
    """One trip to Sage's sign-in page: made when somebody leaves for it, gone when they come back."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    nonce_sha256 = models.CharField(max_length=64)
    code_verifier = SealedTextField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [UniqueConstraint(fields=["nonce_sha256"], name="an_authorisation_state_is_unique")]

    def __str__(self) -> str:
        return f"Authorisation by {self.user_id}"


class SageConnectionQuerySet(TenantQuerySet["SageConnection"]):
    def live(self) -> "SageConnectionQuerySet":
        """The connection that has not been ended, at most one a practice; its tokens stay sealed.

        A page must open even when a key was lost; only who needs a token asks for `with_tokens`.
        """
        return self.exclude(status=SageConnection.Status.DISCONNECTED).defer("access_token", "refresh_token")

    def with_tokens(self) -> "SageConnectionQuerySet":
        """The same with opened tokens; raises `practices.fields.CannotOpen` when a key is missing."""
        return self.defer(None)


class SageConnection(TenantModel):
    """Our access to one Sage business: tokens at rest are encrypted, one live connection a practice."""

    called_by = "business_name"

    class Status(models.TextChoices):
        CONNECTED = "connected", "Connected, not enabled yet"
        ENABLED = "enabled", "Connected"
        NEEDS_REAUTHORISATION = "needs_reauthorisation", "Needs reconnecting"
        DISCONNECTED = "disconnected", "Disconnected"

    class NumberOwner(models.TextChoices):
        SAGE = "sage", "Sage"
        PRACTICE = "practice", "Ignition"

    class ArrivesAs(models.TextChoices):
        FINAL = "final", "Final invoice"
        DRAFT = "draft", "Draft, released in Sage"

    class PdfOwner(models.TextChoices):
        SAGE = "sage", "Sage's PDF"
        PRACTICE = "practice", "Ignition's printable page"

    class VatByHand(models.TextChoices):
        MAPPED = "mapped", "Suggest the mapped VAT rate of each line"
        CHOSEN = "chosen", "No VAT unless somebody chooses a rate"

    class NameDirection(models.TextChoices):
        TO_SAGE = "to_sage", "From here to Sage"
        FROM_SAGE = "from_sage", "From Sage to here"

    status = models.CharField(max_length=22, choices=Status.choices, default=Status.CONNECTED)
    #: Empty until one of the login's companies is chosen.
    business_id = models.CharField(max_length=64, blank=True)
    business_name = models.CharField(max_length=200, blank=True)
    plan = models.CharField(max_length=40, blank=True)
    #: Sage's id of the VAT scheme; NOT_REGISTERED without VAT (FACTS.md 2). Empty when the login may not see it.
    tax_scheme = models.CharField(max_length=40, blank=True)
    access_token = SealedTextField(blank=True)
    refresh_token = SealedTextField(blank=True)
    access_expires_at = models.DateTimeField(null=True)
    refresh_expires_at = models.DateTimeField(null=True)
    #: Sage's id of the plan, which decides what a document may hold (FACTS.md 2).
    plan_id = models.CharField(max_length=40, blank=True)
    #: As read last from Sage's financial settings; empty when the login may not see them.
    base_currency = models.CharField(max_length=3, blank=True)
    accounts_start_on = models.DateField(null=True)
    locked_until = models.DateField(null=True)
    default_account_id = models.CharField(max_length=64, blank=True)
    #: F10: who numbers invoices.
    number_owner = models.CharField(max_length=8, choices=NumberOwner.choices, default=NumberOwner.SAGE)
    arrives_as = models.CharField(max_length=5, choices=ArrivesAs.choices, default=ArrivesAs.FINAL)
    #: F11: whose document a download gives.
    pdf_owner = models.CharField(max_length=8, choices=PdfOwner.choices, default=PdfOwner.SAGE)
    #: F35: what the copy dialog starts with (ruling D1); automatic copies always use the mapping.
    vat_by_hand = models.CharField(max_length=6, choices=VatByHand.choices, default=VatByHand.MAPPED)
    #: F50: whether a name changed on one side is brought to the other, and to which (ruling D7).
    syncs_names = models.BooleanField(default=False)
    name_direction = models.CharField(
        max_length=9, choices=NameDirection.choices, default=NameDirection.TO_SAGE
    )
    #: F12: payments made in Sage are mirrored here.
    pulls_payments = models.BooleanField(default=True)
    #: When something was last seen to have changed in Sage: a business that moves is read more often.
    last_news_at = models.DateTimeField(null=True)
    #: The next reading of payments begins then or later.
    poll_after = models.DateTimeField(default=timezone.now)
    #: Which of the feeds that a quiet business is read in turn comes next.
    next_feed = models.PositiveSmallIntegerField(default=0)
    #: When every invoice was compared after payments were switched on; None: that is still to be done (ruling D9).
    opening_read_at = models.DateTimeField(null=True)
    #: When Sage last refused the feed of ledger entries: this login's role lacks the journals.
    journals_refused_at = models.DateTimeField(null=True)
    connected_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    connected_at = models.DateTimeField(default=timezone.now)
    enabled_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    #: Steps of the set-up that only have to be read, once somebody went on from them.
    steps_read = models.JSONField(default=list)
    #: What the last look at the business found; see `health.Facts`.
    health = models.JSONField(default=dict)
    health_read_at = models.DateTimeField(null=True)
    #: What went wrong last with the connection itself, a key of the explanations; empty when healthy.
    trouble = models.CharField(max_length=60, blank=True)
    trouble_since = models.DateTimeField(null=True)
    #: Minutes after which the owners get an e-mail about what needs somebody; 0 sends none.
    alert_after_minutes = models.PositiveSmallIntegerField(default=60, db_default=60)
    #: What needed somebody up to this moment has been told of, so no digest tells of it again.
    alerted_until = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Any]] = SageConnectionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            UniqueConstraint(
                fields=["practice"],
                condition=~Q(status="disconnected"),
                name="one_live_connection_for_a_practice",
            ),
            models.CheckConstraint(
                name="an_enabled_connection_is_complete",
                condition=~Q(status="enabled")
                | (
                    ~Q(business_id="")
                    & ~Q(default_account_id="")
                    & ~Q(refresh_token="")
                    & Q(enabled_at__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="a_disconnected_connection_keeps_no_tokens",
                condition=~Q(status="disconnected") | Q(access_token="", refresh_token=""),
            ),
        ]

    def __str__(self) -> str:
        return self.business_name or "Sage"

    @property
    def is_enabled(self) -> bool:
        """Whether it works: set up, switched on and signed in."""
        return self.status == self.Status.ENABLED


class SageLink(TenantModel):
    """The identity in Sage of one posted copy, with Sage's own figures."""

    practice = practice_key(db_index=False, db_constraint=False)
    posting = models.OneToOneField(Posting, models.PROTECT, related_name="sage_link", db_constraint=False)
    business_id = models.CharField(max_length=64)
    sage_id = models.CharField(max_length=64)
    sage_number = models.CharField(max_length=40, blank=True)
    net = models.DecimalField(max_digits=12, decimal_places=2)
    vat = models.DecimalField(max_digits=12, decimal_places=2)
    #: A draft has no number yet: it gets one when somebody releases it in Sage (FACTS.md 9.2).
    is_draft = models.BooleanField(default=False)
    #: True when a lookup found it after a lost answer; False when Sage answered the create.
    was_adopted = models.BooleanField(default=False)
    #: The document as it was copied last, and as Sage held it when it was looked at last (see `sync.snapshots`);
    #: the latter is empty as long as they are the same.
    copied = models.JSONField(default=dict)
    seen = models.JSONField(default=dict)
    #: Of documents from before `copied` was kept; nothing reads or writes it any more.
    sent_fingerprint = models.CharField(max_length=64, blank=True)
    #: Of what Sage holds: it changes when somebody edits over there.
    seen_fingerprint = models.CharField(max_length=64, blank=True)
    posted_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    #: Since when it is to be read again; neither a kill nor a full reading forgets it.
    wanted_at = models.DateTimeField(null=True)
    #: What differed when it was read last, a kind of `comparison.Difference` and its sentence; empty when nothing did.
    difference = models.CharField(max_length=24, blank=True)
    difference_in_words = models.CharField(max_length=400, blank=True)
    #: Since when it has differed so, and a stand-in for in what: another change in Sage makes it another difference.
    differs_since = models.DateTimeField(null=True)
    differs_by = models.CharField(max_length=64, blank=True, default="", db_default="")
    #: What Sage says is owed on it, in pounds, while that is what differs.
    owed_there = models.DecimalField(max_digits=12, decimal_places=2, null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            UniqueConstraint(
                fields=["practice", "business_id", "sage_id"], name="one_link_for_a_sage_document"
            )
        ]
        indexes = [
            models.Index(
                fields=["practice", "wanted_at", "id"],
                name="links_to_read_again",
                condition=Q(wanted_at__isnull=False),
            ),
            models.Index(
                fields=["practice", "differs_since"], name="links_that_differ", condition=~Q(difference="")
            ),
        ]

    def __str__(self) -> str:
        return self.sage_number or self.sage_id

    @property
    def in_sage(self) -> dict[str, Any]:
        """The document as Sage held it when it was looked at last; empty where it never was."""
        held: dict[str, Any] = self.seen or self.copied
        return held

    @property
    def gross(self) -> Decimal:
        """Net plus VAT as Sage holds them, in pounds."""
        return self.net + self.vat


class SyncCursor(TenantModel):
    """How far a change feed of one business has been read; `since` is Sage's clock, not ours."""

    business_id = models.CharField(max_length=64)
    feed = models.CharField(max_length=40)
    since = models.DateTimeField()
    #: Rows at its end that were seen already, where a feed only tells whether anything happened.
    seen = models.JSONField(default=list)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["practice", "business_id", "feed"], name="one_cursor_for_a_feed")
        ]

    def __str__(self) -> str:
        return f"{self.feed} since {self.since}"


class SyncRun(TenantModel):
    """One reading of Sage: when, what for, how much, what went wrong."""

    class Kind(models.TextChoices):
        PAYMENTS = "payments", "Payments"
        REFERENCE_DATA = "reference_data", "Accounts and VAT rates"
        AUDIT = "audit", "Comparison of documents"
        CONTACTS = "contacts", "Contacts"
        EXISTING = "existing", "Invoices from before"
        OUTSTANDING = "outstanding", "Comparison of what is owed"

    kind = models.CharField(max_length=15, choices=Kind.choices)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["practice", "kind", "-id"], name="sync_runs_by_kind")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.started_at}"

    @property
    def counts_in_words(self) -> str:
        """What was counted as `12 checked, 1 missing`, amounts in pounds; what came to nothing is left out."""
        parts = []
        for name, value in self.counts.items():
            if name == "last_payment":  # It says how far a comparison looked, and counts nothing.
                continue
            words = {"sage": "in Sage"}.get(name, name.replace("_", " "))
            # Amounts are kept as text, so that JSON makes no fraction of them; lists hold what was found.
            if isinstance(value, str):
                parts += [f"£{Decimal(value):,.2f} {words}"] if Decimal(value) else []
            elif number := len(value) if isinstance(value, list) else value:
                parts.append(f"{number} {words}")
        return ", ".join(parts)
