from django.urls import path

from services import views

app_name = "services"
urlpatterns = [
    path("", views.service_list, name="service-list"),
    path("new/", views.service_new, name="service-new"),
    path("<int:pk>/", views.service_detail, name="service-detail"),
    path("<int:pk>/edit/", views.service_edit, name="service-edit"),
    path("<int:pk>/price/", views.service_reprice, name="service-reprice"),
    path("<int:pk>/archive/", views.service_archive, name="service-archive"),
    path("<int:pk>/restore/", views.service_restore, name="service-restore"),
    path("vat-rates/", views.tax_rate_list, name="tax-rate-list"),
    path("vat-rates/add/", views.tax_rate_add, name="tax-rate-add"),
    path("vat-rates/<int:pk>/rename/", views.tax_rate_rename, name="tax-rate-rename"),
    path("vat-rates/<int:pk>/archive/", views.tax_rate_archive, name="tax-rate-archive"),
    path("vat-rates/<int:pk>/restore/", views.tax_rate_restore, name="tax-rate-restore"),
]
