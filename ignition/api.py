"""The addresses of the REST API, version 1."""

from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.routers import SimpleRouter

from clients.api import Clients
from clients.people_api import Contacts
from ignition.api_reference import reference
from invoicing.api import Invoices, Payments
from invoicing.credit_note_api import CreditNotes
from invoicing.schedule_api import Schedules
from ledger.api import Postings
from practices.api import PracticeView
from practices.webhook_api import Deliveries, Webhooks
from proposals.api import Proposals
from sage_integration.api import ConnectionView
from services.api import Services, TaxRates

router = SimpleRouter()
router.register("clients", Clients, basename="client")
router.register("contacts", Contacts, basename="contact")
router.register("services", Services, basename="service")
router.register("tax-rates", TaxRates, basename="tax-rate")
router.register("proposals", Proposals, basename="proposal")
router.register("schedules", Schedules, basename="schedule")
router.register("invoices", Invoices, basename="invoice")
router.register("credit-notes", CreditNotes, basename="credit-note")
router.register("payments", Payments, basename="payment")
router.register("postings", Postings, basename="posting")
router.register("webhooks", Webhooks, basename="webhook")
router.register("webhook-deliveries", Deliveries, basename="webhook-delivery")

app_name = "api"
urlpatterns = [
    path("", reference, name="reference"),
    path(
        "openapi.json",
        SpectacularJSONAPIView.as_view(permission_classes=[]),
        name="schema",
    ),
    path("practice/", PracticeView.as_view(), name="practice"),
    path("connection/", ConnectionView.as_view(), name="connection"),
    path("", include(router.urls)),
]
