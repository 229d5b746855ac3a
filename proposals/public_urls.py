"""The pages behind a client's link; they are outside every practice's own addresses."""

from django.urls import path

from proposals import public_views

urlpatterns = [
    path("<str:token>/", public_views.proposal_read, name="proposal-read"),
    path("<str:token>/sign/", public_views.proposal_sign, name="proposal-sign"),
    path("<str:token>/decline/", public_views.proposal_decline, name="proposal-decline"),
]
