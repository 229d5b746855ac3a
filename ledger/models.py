"""The outbox: what has to reach the accounting ledger, and how far it got."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q, UniqueConstraint
from django.db.models.functions import Collate, Now
from django.utils import timezone

from practices.models import User
from practices.tenancy import TenantModel, TenantQuerySet, practice_key

#: After every letter there is.
LAST_LETTER = "\U0010ffff"


class LedgerSettings(TenantModel):
    """Whether postings may leave, and what new clients start with. One row a practice."""

    accepts_postings = models.BooleanField(
        default=False,
        help_text="Closed until a connection is enabled: what is requested before that is held.",
    )
    posts_new_clients = models.BooleanField(
        "create invoices in Sage for new clients",
        default=True,
        help_text="Each client can be switched on its own page.",
    )

    #: Set while a person has stopped all copying: the queue is kept and grows, and nothing leaves.
    paused_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "ledger settings"
        constraints = [UniqueConstraint(fields=["practice"], name="one_ledger_settings_for_a_practice")]

    def __str__(self) -> str:
        return "Ledger settings"

    @property
    def is_pretended(self) -> bool:
        """Whether the ledger is made up, as that of a demo practice is: nothing can be asked of it."""
        return self.practice_id is not None and self.practice.is_demo


class PostingQuerySet(TenantQuerySet["Posting"]):
    def due(self) -> "PostingQuerySet":
        """What a worker may take now: pending and ripe, or leased by somebody whose lease ran out."""
        pending = Q(status=Posting.Status.PENDING, not_before__lte=Now())
        return self.filter(pending | Q(status=Posting.Status.LEASED, lease_expires_at__lte=Now()))

    def named(self, words: str) -> "PostingQuerySet":
        """Those whose reference begins so, or that have this number in the ledger; all without words."""
        if not words:
            return self
        return self.filter(Q(reference__istartswith=words) | Q(external_number__iexact=words))

    def live(self) -> "PostingQuerySet":
        """Everything that was not withdrawn."""
        return self.exclude(status=Posting.Status.CANCELLED)

    def open(self) -> "PostingQuerySet":
        """What has not come to an end: held, waiting, on its way or refused."""
        # By their names: what is none of two states would be looked for among all that ever arrived.
        return self.filter(status__in=Posting.OPEN)

    def perhaps_landed(self) -> "PostingQuerySet":
        """Those that `may_have_landed`."""
        return self.filter(attempted_at__isnull=False, refused_at__isnull=True)

    def clearly_refused(self) -> "PostingQuerySet":
        """Those that were sent and are certainly not in the ledger: it refused the only try."""
        return self.filter(refused_at__isnull=False)

    def known_to_differ(self) -> "PostingQuerySet":
        """Invoices' copies that somebody wrote or changed in the ledger, so that they hold no revision of ours."""
        theirs = Q(held_revision=0) | Q(standing=Posting.Standing.CHANGED)
        return self.filter(theirs, kind=Posting.Kind.INVOICE_CREATE, status=Posting.Status.POSTED)

    def numbered_like(self, beginning: str) -> "PostingQuerySet":
        """What the ledger has under numbers that begin so, in capitals or as typed."""
        number = Collate("external_number", "C")
        found = Q()
        for words in {beginning, beginning.upper()}:
            found |= Q(ledger_number__gte=words, ledger_number__lt=words + LAST_LETTER)
        return self.exclude(external_number="").annotate(ledger_number=number).filter(found)

    def of(self, kind: str, subject_id: int) -> "PostingQuerySet":
        """The copies of one document, newest first."""
        return self.filter(kind=kind, subject_id=subject_id).order_by("-copy", "-id")


class Posting(TenantModel):
    """One document on its way to the ledger: a kind and an id, never a payload."""

    called_by = "reference"

    class Kind(models.TextChoices):
        CONTACT_UPSERT = "contact.upsert", "Contact"
        INVOICE_CREATE = "invoice.create", "Invoice"
        INVOICE_UPDATE = "invoice.update", "Change to an invoice"
        INVOICE_VOID = "invoice.void", "Void of an invoice"
        CREDIT_NOTE_CREATE = "credit_note.create", "Credit note"
        CREDIT_NOTE_UPDATE = "credit_note.update", "Change to a credit note"
        CREDIT_NOTE_ALLOCATE = "credit_note.allocate", "Credit set against an invoice"

    class Status(models.TextChoices):
        HELD = "held", "Held"
        PENDING = "pending", "Waiting"
        LEASED = "leased", "Copying"
        POSTED = "posted", "In Sage"
        FAILED = "failed", "Needs you"
        CANCELLED = "cancelled", "Withdrawn"

    class Standing(models.TextChoices):
        AS_COPIED = "", "As copied"
        CHANGED = "changed", "Changed there"
        VOID = "void", "Void there"
        MISSING = "missing", "Not there any more"
        #: Of an earlier copy alone: what it counted for was taken back by credits.
        CLEARED = "cleared", "Credited there"

    class Blocked(models.TextChoices):
        NO = "", "Can be changed"
        SETTLED = "settled", "Money is set against it there"
        LOCKED = "locked", "In a locked period or on a VAT return"

    class Then(models.TextChoices):
        NOTHING = "", "Nothing more"
        VOID_HERE = "void_here", "Void here too"
        COPY_AGAIN = "copy_again", "Copy again"

    #: The states that something may still come after.
    OPEN = (Status.HELD, Status.PENDING, Status.LEASED, Status.FAILED)
    #: How copies stand of which nothing counts in the ledger any more.
    GONE = (Standing.VOID, Standing.MISSING, Standing.CLEARED)

    #: What is done to a document that is in the ledger, where no other one is made: asked for, meanwhile, and done.
    ACTS: ClassVar[dict[str, tuple[str, str, str]]] = {
        Kind.INVOICE_VOID: ("Void", "Voiding", "Voided"),
        Kind.INVOICE_UPDATE: ("Update", "Updating", "Updated"),
        Kind.CREDIT_NOTE_UPDATE: ("Update", "Updating", "Updated"),
    }

    practice = practice_key(db_index=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    subject_id = models.BigIntegerField()
    copy = models.PositiveSmallIntegerField(default=1)
    reference = models.CharField(max_length=25)
    #: Sent with every repeat of the same create (FACTS.md 14); made once and never changed.
    idempotency_id = models.CharField(max_length=32)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    not_before = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    #: How many workers in a row were lost with it: a posting that kills its workers must not do so for ever.
    times_lost = models.PositiveSmallIntegerField(default=0)
    lease = models.CharField(max_length=32, blank=True)
    lease_expires_at = models.DateTimeField(null=True)
    #: Once set, an earlier try may have landed: look before sending again. Taken back only by whoever set it and
    #: certainly sent nothing.
    attempted_at = models.DateTimeField(null=True)
    #: Since when it is certain that nothing landed all the same: the ledger clearly refused the only try.
    refused_at = models.DateTimeField(null=True)
    external_id = models.CharField(max_length=64, blank=True)
    external_number = models.CharField(max_length=40, blank=True)
    external_url = models.URLField(max_length=300, blank=True)
    #: The class of the last refusal or delay, a key of the explanations; empty when all is well.
    failure = models.CharField(max_length=60, blank=True)
    failure_detail = models.TextField(blank=True)
    #: What a person can press against the failure, in words; empty when trying again is all there is.
    remedy = models.CharField(max_length=60, blank=True)
    requested_at = models.DateTimeField(default=timezone.now)
    #: Who issued the document or asked for the copy (F71); nobody where it was billed by itself.
    requested_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    settled_at = models.DateTimeField(null=True)
    #: The copy that a change or a void is about.
    target = models.ForeignKey("self", models.PROTECT, null=True, related_name="changes", db_index=False)
    #: A stand-in for what the ledger held when a person asked for a change: what is other since is not overwritten.
    basis = models.CharField(max_length=64, blank=True, default="", db_default="")
    #: What follows once a void is through.
    then = models.CharField(max_length=10, choices=Then.choices, blank=True, default="", db_default="")
    #: Why a person asked for it, in their words.
    reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    #: Of a copy: which revision of the document the ledger holds, and how it was found there last.
    held_revision = models.PositiveIntegerField(default=1, db_default=1)
    standing = models.CharField(max_length=7, choices=Standing.choices, blank=True, default="", db_default="")
    blocked = models.CharField(max_length=7, choices=Blocked.choices, blank=True, default="", db_default="")
    checked_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Any]] = PostingQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            UniqueConstraint(fields=["practice", "reference"], name="reference_is_unique_in_the_practice"),
            UniqueConstraint(fields=["idempotency_id"], name="idempotency_id_is_unique"),
            UniqueConstraint(
                fields=["practice", "kind", "subject_id", "copy"],
                condition=~Q(status="cancelled"),
                name="one_live_posting_for_a_copy",
            ),
            models.CheckConstraint(
                name="a_lease_has_an_end",
                condition=~Q(status="leased") | (~Q(lease="") & Q(lease_expires_at__isnull=False)),
            ),
            UniqueConstraint(
                fields=["practice", "target"],
                # Those without one are left out, as an index they are in is written with each of their states.
                condition=Q(status__in=["held", "pending", "leased", "failed"], target__isnull=False),
                name="one_open_change_of_a_copy",
            ),
            models.CheckConstraint(
                name="a_change_names_its_copy",
                condition=Q(
                    kind__in=["invoice.update", "invoice.void", "credit_note.update"], target__isnull=False
                )
                | Q(
                    ~Q(kind__in=["invoice.update", "invoice.void", "credit_note.update"]), target__isnull=True
                ),
            ),
            models.CheckConstraint(
                name="a_refusal_follows_a_try",
                condition=Q(refused_at__isnull=True) | Q(attempted_at__isnull=False),
            ),
            models.CheckConstraint(
                name="posted_means_known_in_the_ledger", condition=~Q(status="posted") | ~Q(external_id="")
            ),
        ]
        indexes = [
            models.Index(
                F("practice"),
                F("not_before"),
                name="postings_to_push",
                condition=Q(status="pending"),
            ),
            # A turn takes the oldest first, however long the queue behind them is.
            models.Index(fields=["practice", "id"], name="postings_in_order", condition=Q(status="pending")),
            models.Index(
                fields=["practice", "lease_expires_at"], name="postings_leased", condition=Q(status="leased")
            ),
            models.Index(fields=["practice", "status", "-id"], name="postings_by_status"),
            # Arrivals of each day are counted, out of everything that ever arrived.
            models.Index(
                fields=["practice", "settled_at"],
                include=["status"],
                name="postings_settled",
                condition=Q(status__in=["posted", "failed"]),
            ),
            models.Index(fields=["practice", "subject_id", "kind"], name="postings_of_a_document"),
            # Which documents are there is asked for whole months and lists: answered from the index alone.
            models.Index(
                fields=["practice", "subject_id"],
                name="invoices_in_the_ledger",
                condition=Q(kind="invoice.create", status="posted"),
            ),
            # Few copies differ from their documents or are gone; who looks for them reads no others.
            models.Index(
                fields=["practice", "subject_id"],
                name="copies_that_differ",
                condition=Q(kind="invoice.create", status="posted") & (Q(held_revision=0) | ~Q(standing="")),
            ),
            # Few documents were copied more than once.
            models.Index(
                fields=["practice", "subject_id"],
                name="copies_that_came_again",
                condition=Q(kind="invoice.create", status="posted", copy__gt=1),
            ),
            # Read by beginnings of the ledger's numbers, letter by letter (docs/decisions/0014-finding-clients.md).
            models.Index(
                F("practice"),
                Collate("external_number", "C"),
                name="postings_by_ledger_number",
                condition=~Q(external_number=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.reference}"

    @property
    def takes_changes(self) -> bool:
        """Whether the copy is in the ledger as we left it, with nothing there that forbids changing or voiding it."""
        return self.status == self.Status.POSTED and not self.standing and not self.blocked

    @property
    def counts_in_ledger(self) -> bool:
        """Whether the document is in the ledger and counts there: neither void, gone nor credited away."""
        return self.status == self.Status.POSTED and self.standing not in self.GONE

    @property
    def is_settled_in_ledger(self) -> bool:
        """Whether it counts in the ledger and money or a credit was set against it there."""
        return self.counts_in_ledger and self.blocked == self.Blocked.SETTLED

    @property
    def may_have_landed(self) -> bool:
        """Whether an earlier try may be in the ledger: it was made, and not clearly refused."""
        return self.attempted_at is not None and self.refused_at is None

    @property
    def outcome_is_unknown(self) -> bool:
        """Whether an earlier try may have landed and nobody has looked yet."""
        return self.may_have_landed and self.status in (self.Status.PENDING, self.Status.LEASED)

    @classmethod
    def standing_in_words(cls, status: str, standing: str) -> str:
        """A word for files: how far a document got, or that what got there is no more."""
        gone = {
            cls.Standing.VOID: "Void in Sage",
            cls.Standing.MISSING: "Missing in Sage",
            cls.Standing.CLEARED: "Credited in Sage",
        }
        if status == cls.Status.POSTED and standing in gone:
            return gone[cls.Standing(standing)]
        return str(cls.Status(status).label)

    @property
    def whereabouts(self) -> str:
        """What is said behind its number: `in Sage`, or what became of it there."""
        words = {
            self.Standing.VOID: "void in Sage",
            self.Standing.MISSING: "no longer in Sage",
            self.Standing.CLEARED: "credited in Sage",
        }
        return words.get(self.Standing(self.standing), "in Sage")

    @property
    def state_in_words(self) -> str:
        """What a person reads on the badge."""
        if self.outcome_is_unknown and self.status == self.Status.PENDING:
            return "Checking with Sage"
        if self.kind in self.ACTS and self.status in (self.Status.LEASED, self.Status.POSTED):
            _, meanwhile, done = self.ACTS[self.kind]
            return meanwhile if self.status == self.Status.LEASED else f"{done} in Sage"
        if self.status == self.Status.POSTED and self.external_number:
            if self.standing == self.Standing.CLEARED:
                return f"In Sage as {self.external_number}, credited there"
            gone = {self.Standing.VOID: "void there now", self.Standing.MISSING: "not there any more"}
            if self.standing in gone:
                return f"Was {self.external_number} in Sage, {gone[self.Standing(self.standing)]}"
            return f"In Sage as {self.external_number}"
        return self.Status(self.status).label

    @property
    def state_in_files(self) -> str:
        """A word for files: how far it got, or of a void or update what is done to the document."""
        if self.kind in self.ACTS and self.status in (self.Status.LEASED, self.Status.POSTED):
            return self.state_in_words
        return self.standing_in_words(self.status, self.standing)

    @property
    def under_way_in_words(self) -> str:
        """What is done to the document right now, as the reason why nothing else can be."""
        _, _, done = self.ACTS.get(self.kind, ("Copy", "Copying", "Copied"))
        return f"It is being {done.lower()} right now."
