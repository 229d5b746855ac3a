from django.urls import path

from proposals import client_views, disengagement_views, letter_views, views

app_name = "proposals"
urlpatterns = [
    path("", views.proposal_list, name="proposal-list"),
    path("new/", views.proposal_new, name="proposal-new"),
    path("clients/<int:pk>/", client_views.client_letters, name="client-letters"),
    path("terms/", letter_views.part_edit, {"part": "terms"}, name="terms-edit"),
    path("clients/<int:pk>/disengagement/", disengagement_views.disengagement, name="disengagement"),
    path(
        "clients/<int:pk>/disengagement.pdf", disengagement_views.disengagement_pdf, name="disengagement-pdf"
    ),
    path(
        "clients/<int:pk>/disengagement/send/",
        disengagement_views.disengagement_send,
        name="disengagement-send",
    ),
    path("letter/", letter_views.part_list, name="part-list"),
    path(
        "letter/service/<int:service>/",
        letter_views.part_edit,
        {"part": "service"},
        name="service-terms-edit",
    ),
    path("letter/blocks/new/", letter_views.block_new, name="block-new"),
    path("letter/blocks/<int:pk>/", letter_views.block_edit, name="block-edit"),
    path("letter/blocks/<int:pk>/archive/", letter_views.block_archive, name="block-archive"),
    path("letter/<slug:part>/", letter_views.part_edit, name="part-edit"),
    path("<int:pk>/letter/", letter_views.proposal_letter, name="proposal-letter"),
    path("<int:pk>/proposal.pdf", letter_views.proposal_pdf, name="proposal-pdf"),
    path("<int:pk>/", views.proposal_detail, name="proposal-detail"),
    path("<int:pk>/edit/", views.proposal_edit, name="proposal-edit"),
    path("<int:pk>/send/", views.proposal_send, name="proposal-send"),
    path("<int:pk>/resend/", views.proposal_resend, name="proposal-resend"),
    path("<int:pk>/recall/", views.proposal_recall, name="proposal-recall"),
    path("<int:pk>/accept/", views.proposal_accept, name="proposal-accept"),
    path("<int:pk>/lose/", views.proposal_lose, name="proposal-lose"),
    path("<int:pk>/duplicate/", views.proposal_duplicate, name="proposal-duplicate"),
]
