"""Pages of a practice's connection to Sage, under `/p/<practice>/`."""

from django.urls import path

from sage_integration import views

app_name = "sage"
urlpatterns = [
    path("apps/", views.app_list, name="app-list"),
    path("sage/", views.connection_detail, name="connection-detail"),
]
