from django.urls import path

from clients import views

app_name = "clients"
urlpatterns = [
    path("", views.client_list, name="client-list"),
    path("new/", views.client_new, name="client-new"),
    path("<int:pk>/", views.client_detail, name="client-detail"),
    path("<int:pk>/edit/", views.client_edit, name="client-edit"),
    path("<int:pk>/posts-automatically/", views.client_switch_posting, name="client-switch-posting"),
    path("<int:pk>/archive/", views.client_archive, name="client-archive"),
    path("<int:pk>/restore/", views.client_restore, name="client-restore"),
]
