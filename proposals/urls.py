from django.urls import path

from proposals import client_views, views

app_name = "proposals"
urlpatterns = [
    path("", views.proposal_list, name="proposal-list"),
    path("new/", views.proposal_new, name="proposal-new"),
    path("clients/<int:pk>/", client_views.client_letters, name="client-letters"),
    path("terms/", views.terms_edit, name="terms-edit"),
    path("<int:pk>/", views.proposal_detail, name="proposal-detail"),
    path("<int:pk>/edit/", views.proposal_edit, name="proposal-edit"),
    path("<int:pk>/send/", views.proposal_send, name="proposal-send"),
    path("<int:pk>/resend/", views.proposal_resend, name="proposal-resend"),
    path("<int:pk>/recall/", views.proposal_recall, name="proposal-recall"),
    path("<int:pk>/accept/", views.proposal_accept, name="proposal-accept"),
    path("<int:pk>/lose/", views.proposal_lose, name="proposal-lose"),
    path("<int:pk>/duplicate/", views.proposal_duplicate, name="proposal-duplicate"),
]
