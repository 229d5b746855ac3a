"""The operator's view of a practice's connection to Sage; its tokens are nobody's to see."""

from django.contrib import admin

from practices.operator_site import PracticeRowsAdmin, operators
from sage_integration.models import SageConnection, SageLink, SyncRun


@admin.register(SageConnection, site=operators)
class SageConnectionAdmin(PracticeRowsAdmin):
    list_display = ["business_name", "status", "plan", "poll_after", "last_news_at"]
    list_filter = ["status"]


@admin.register(SageLink, site=operators)
class SageLinkAdmin(PracticeRowsAdmin):
    list_display = ["__str__"]


@admin.register(SyncRun, site=operators)
class SyncRunAdmin(PracticeRowsAdmin):
    list_display = ["kind", "started_at", "finished_at", "problem"]
    list_filter = ["kind"]
