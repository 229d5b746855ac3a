from django.urls import path

from practices import team, views

app_name = "practices"
urlpatterns = [
    path("settings/", views.settings, name="settings"),
    path("settings/save/", views.practice_amend, name="practice-amend"),
    path("settings/team/", team.member_list, name="member-list"),
    path("settings/team/invite/", team.member_invite, name="member-invite"),
    path("settings/team/<int:pk>/role/", team.member_role, name="member-role"),
    path("settings/team/<int:pk>/remove/", team.member_remove, name="member-remove"),
    path("settings/emails/", views.email_list, name="email-list"),
    path("settings/emails/<int:pk>/", views.email_detail, name="email-detail"),
    path("settings/activity/", views.activity, name="activity"),
]
