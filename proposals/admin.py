"""The operator's view of a practice's proposals and signatures."""

from django.contrib import admin

from practices.operator_site import PracticeRowsAdmin, operators
from proposals.models import Proposal, Signature


@admin.register(Proposal, site=operators)
class ProposalAdmin(PracticeRowsAdmin):
    #: Whoever knows it could sign in the client's place.
    hidden = ("link_version",)
    list_display = ["number", "title", "client", "status", "starts_on", "valid_until"]
    list_select_related = ["client"]
    list_filter = ["status"]
    search_fields = ["title", "client__name"]


@admin.register(Signature, site=operators)
class SignatureAdmin(PracticeRowsAdmin):
    list_display = ["signed_name", "proposal", "signed_at", "on_behalf"]
    list_select_related = ["proposal", "on_behalf"]
    search_fields = ["signed_name"]
