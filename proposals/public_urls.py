"""The pages behind a client's link; they are outside every practice's own addresses."""

from django.urls import path

from proposals import public_views

urlpatterns = [
    path("<str:token>/", public_views.proposal_read, name="proposal-read"),
    path("<str:token>/price/", public_views.proposal_price, name="proposal-price"),
    path("<str:token>/question/", public_views.proposal_question, name="proposal-question"),
    path("<str:token>/fresh/", public_views.proposal_fresh_link, name="proposal-fresh-link"),
    path("<str:token>/proposal.pdf", public_views.proposal_file, name="proposal-file"),
    path("<str:token>/sign/", public_views.proposal_sign, name="proposal-sign"),
    path("<str:token>/decline/", public_views.proposal_decline, name="proposal-decline"),
]
