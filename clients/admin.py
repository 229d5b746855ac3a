"""The operator's view of a practice's clients."""

from django.contrib import admin

from clients.models import Client, ContactPerson
from practices.operator_site import PracticeRowsAdmin, operators


@admin.register(Client, site=operators)
class ClientAdmin(PracticeRowsAdmin):
    list_display = ["name", "kind", "status", "city", "posts_automatically"]
    list_filter = ["status", "kind"]
    search_fields = ["name", "company_number"]


@admin.register(ContactPerson, site=operators)
class ContactPersonAdmin(PracticeRowsAdmin):
    list_display = ["name", "client", "email"]
    list_select_related = ["client"]
    search_fields = ["name", "email"]
