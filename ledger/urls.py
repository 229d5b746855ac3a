"""Pages about what is on its way to the ledger, under `/p/<practice>/postings/`."""

from django.urls import path

from ledger import views

app_name = "ledger"
urlpatterns = [
    path("", views.posting_list, name="posting-list"),
    path("retry/", views.posting_retry_all, name="posting-retry-all"),
    path("<int:pk>/retry/", views.posting_retry, name="posting-retry"),
    path("<int:pk>/release/", views.posting_release, name="posting-release"),
    path("<int:pk>/cancel/", views.posting_cancel, name="posting-cancel"),
]
