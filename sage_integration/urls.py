"""Pages of a practice's connection to Sage, under `/p/<practice>/`."""

from django.urls import path

from sage_integration.views import connection, setup

app_name = "sage"
urlpatterns = [
    path("apps/", connection.app_list, name="app-list"),
    path("sage/", connection.connection_detail, name="connection-detail"),
    path("sage/connect/", connection.connection_begin, name="connection-begin"),
    path("sage/enable/", connection.connection_enable, name="connection-enable"),
    path("sage/disconnect/", connection.connection_disconnect, name="connection-disconnect"),
    path("sage/sync/", connection.sync_start, name="sync-start"),
    path("sage/held/", connection.held_release, name="held-release"),
    path("sage/business/", setup.business_choose, name="business-choose"),
    path("sage/settings/", setup.settings_edit, name="settings-edit"),
    path("sage/vat/", setup.tax_rate_map, name="tax-rate-map"),
    path("sage/accounts/", setup.account_map, name="account-map"),
]
