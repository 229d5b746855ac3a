from django.urls import path

from services.views import files, services, starters, tax_rates

app_name = "services"
urlpatterns = [
    path("", services.service_list, name="service-list"),
    path("starters/", starters.starter_list, name="starter-list"),
    path("new/", services.service_new, name="service-new"),
    path("services.csv", files.service_export, name="service-export"),
    path("import/", files.service_import, name="service-import"),
    path("change/", services.service_bulk_edit, name="service-bulk-edit"),
    path("<int:pk>/", services.service_detail, name="service-detail"),
    path("<int:pk>/edit/", services.service_edit, name="service-edit"),
    path("<int:pk>/price/", services.service_reprice, name="service-reprice"),
    path("<int:pk>/archive/", services.service_archive, name="service-archive"),
    path("<int:pk>/restore/", services.service_restore, name="service-restore"),
    path("vat-rates/", tax_rates.tax_rate_list, name="tax-rate-list"),
    path("vat-rates/settings/", tax_rates.vat_settings_edit, name="vat-settings-edit"),
    path("vat-rates/add/", tax_rates.tax_rate_add, name="tax-rate-add"),
    path("vat-rates/<int:pk>/", tax_rates.tax_rate_detail, name="tax-rate-detail"),
    path("vat-rates/<int:pk>/rename/", tax_rates.tax_rate_rename, name="tax-rate-rename"),
    path("vat-rates/<int:pk>/archive/", tax_rates.tax_rate_archive, name="tax-rate-archive"),
    path("vat-rates/<int:pk>/restore/", tax_rates.tax_rate_restore, name="tax-rate-restore"),
]
