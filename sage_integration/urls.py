"""Pages of a practice's connection to Sage, under `/p/<practice>/`."""

from django.urls import path

from sage_integration.views import (
    adoption,
    app_clients,
    clients,
    connection,
    contacts,
    documents,
    offers,
    postings,
    services,
    setup,
    steps,
)

app_name = "sage"
urlpatterns = [
    path("apps/", connection.app_list, name="app-list"),
    path("sage/", connection.connection_detail, name="connection-detail"),
    path("sage/connect/", connection.connection_begin, name="connection-begin"),
    path("sage/enable/", connection.connection_enable, name="connection-enable"),
    path("sage/disconnect/", connection.connection_disconnect, name="connection-disconnect"),
    path("sage/sync/", connection.sync_start, name="sync-start"),
    path("sage/held/", connection.held_release, name="held-release"),
    path("sage/pause/", connection.posting_pause, name="posting-pause"),
    path("sage/resume/", connection.posting_resume, name="posting-resume"),
    path("sage/business/", setup.business_choose, name="business-choose"),
    path("sage/health/", steps.health_check, name="health-check"),
    path("sage/clients/", steps.clients_foreseen, name="clients-foreseen"),
    path("sage/invoices/", steps.invoices_foreseen, name="invoices-foreseen"),
    path("sage/invoices/read/", adoption.existing_read, name="existing-read"),
    path("sage/invoices/adopt/", adoption.existing_adopt, name="existing-adopt"),
    path("sage/dry-run/", steps.dry_run, name="dry-run"),
    path("sage/settings/", setup.settings_edit, name="settings-edit"),
    path("sage/settings/dates/", setup.terms_example, name="terms-example"),
    path("sage/settings/clients/", setup.clients_switch, name="clients-switch"),
    path("sage/vat/", setup.tax_rate_map, name="tax-rate-map"),
    path("sage/accounts/", setup.account_map, name="account-map"),
    path("sage/services/", services.services_in_sage, name="services-in-sage"),
    path("sage/services/<int:pk>/", services.service_in_sage, name="service-in-sage"),
    path("sage/services/preview/", services.line_preview, name="line-preview"),
    path("sage/invoices/<int:pk>/document/", documents.invoice_document, name="invoice-document"),
    path("sage/invoices/<int:pk>/preview/", postings.invoice_preview, name="invoice-preview"),
    path("sage/postings/<int:pk>/", postings.posting_detail, name="posting-detail"),
    path("sage/postings/<int:pk>/fix/", postings.posting_fix, name="posting-fix"),
    path("sage/clients/<int:pk>/", clients.client_sage, name="client-sage"),
    path("sage/app-clients/", app_clients.app_client_list, name="app-client-list"),
    path("sage/app-clients/review/", app_clients.app_client_review, name="app-client-review"),
    path("sage/app-clients/sync/", app_clients.contact_sync, name="contact-sync"),
    path("sage/app-clients/twins/", app_clients.contact_twins, name="contact-twins"),
    path("sage/app-clients/undo/<int:pk>/", app_clients.app_client_undo, name="app-client-undo"),
    path(
        "sage/app-clients/<int:pk>/set-aside/", app_clients.app_client_set_aside, name="app-client-set-aside"
    ),
    path("sage/client-offers/", offers.client_offers, name="client-offers"),
    path("sage/client-offers/<int:pk>/save/", offers.client_offer_save, name="client-offer-save"),
    path("sage/clients/<int:pk>/account/", clients.client_account, name="client-account"),
    path("sage/clients/<int:pk>/contact/", contacts.contact_choose, name="contact-choose"),
]
