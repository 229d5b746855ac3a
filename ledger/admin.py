"""The operator's view of a practice's queue to its ledger."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from ledger.models import LedgerSettings, Posting
from ledger.outbox import retry_posting
from ledger.queue import pause_postings, resume_postings
from practices.operator_site import PracticeRowsAdmin, operators


@admin.register(Posting, site=operators)
class PostingAdmin(PracticeRowsAdmin):
    list_display = ["reference", "kind", "status", "attempts", "failure", "not_before", "external_number"]
    list_filter = ["status", "kind"]
    search_fields = ["reference", "external_number", "failure"]
    actions = ["retry"]

    @admin.action(description="Try the chosen failed postings again")
    def retry(self, request: HttpRequest, postings: QuerySet[Posting]) -> None:
        """As a member of the practice would."""
        self.do_each(request, postings, retry_posting, "postings are in the queue again.")


@admin.register(LedgerSettings, site=operators)
class LedgerSettingsAdmin(PracticeRowsAdmin):
    list_display = ["__str__", "accepts_postings", "paused_at", "posts_new_clients"]
    actions = ["pause", "resume"]

    @admin.action(description="Pause the practice: nothing leaves for its ledger")
    def pause(self, request: HttpRequest, settings: QuerySet[LedgerSettings]) -> None:
        """The queue is kept and grows."""
        self.do_each(request, settings, lambda _: pause_postings(), "practice is paused. Its queue is kept.")

    @admin.action(description="Let the practice's queue leave again")
    def resume(self, request: HttpRequest, settings: QuerySet[LedgerSettings]) -> None:
        """In its old order."""
        self.do_each(request, settings, lambda _: resume_postings(), "practice copies again.")
