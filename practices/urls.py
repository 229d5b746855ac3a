from django.urls import path

from practices import (
    activity_views,
    export_views,
    job_views,
    key_views,
    mail_views,
    profile_views,
    saved_view_views,
    team,
    views,
    webhook_views,
    wording_views,
)

app_name = "practices"
urlpatterns = [
    path("settings/", views.settings, name="settings"),
    path("settings/save/", views.practice_amend, name="practice-amend"),
    path("settings/team/", team.member_list, name="member-list"),
    path("settings/team/roles/", team.role_matrix, name="role-matrix"),
    path("settings/team/invite/", team.member_invite, name="member-invite"),
    path(
        "settings/team/invitations/<int:pk>/again/", team.invitation_send_again, name="invitation-send-again"
    ),
    path(
        "settings/team/invitations/<int:pk>/withdraw/", team.invitation_withdraw, name="invitation-withdraw"
    ),
    path("settings/team/<int:pk>/role/", team.member_role, name="member-role"),
    path("settings/team/<int:pk>/remove/", team.member_remove, name="member-remove"),
    path("settings/emails/", mail_views.email_list, name="email-list"),
    path("settings/emails/<int:pk>/", mail_views.email_detail, name="email-detail"),
    path("settings/emails/<int:pk>/html/", mail_views.email_html, name="email-html"),
    path("settings/emails/<int:pk>/files/<int:file>/", mail_views.email_file, name="email-file"),
    path("settings/emails/<int:pk>/again/", mail_views.email_send_again, name="email-send-again"),
    path("settings/wording/", wording_views.wording_list, name="wording-list"),
    path("settings/wording/<path:kind>/preview/", wording_views.wording_preview, name="wording-preview"),
    path("settings/wording/<path:kind>/usual/", wording_views.wording_drop, name="wording-drop"),
    path("settings/wording/<path:kind>/", wording_views.wording_edit, name="wording-edit"),
    path("settings/profile/", profile_views.profile_edit, name="profile-edit"),
    path("settings/activity/", activity_views.activity, name="activity"),
    path("settings/webhooks/", webhook_views.webhook_list, name="webhook-list"),
    path("settings/webhooks/add/", webhook_views.webhook_add, name="webhook-add"),
    path("settings/webhooks/<int:pk>/", webhook_views.webhook_detail, name="webhook-detail"),
    path("settings/webhooks/<int:pk>/ask-again/", webhook_views.webhook_ask_again, name="webhook-ask-again"),
    path("settings/webhooks/<int:pk>/remove/", webhook_views.webhook_remove, name="webhook-remove"),
    path("settings/webhooks/deliveries/<int:pk>/again/", webhook_views.webhook_replay, name="webhook-replay"),
    path("settings/api-keys/", key_views.api_key_list, name="api-key-list"),
    path("settings/api-keys/issue/", key_views.api_key_issue, name="api-key-issue"),
    path("settings/api-keys/<int:pk>/revoke/", key_views.api_key_revoke, name="api-key-revoke"),
    path("settings/take-along/", export_views.export_detail, name="export"),
    path("settings/take-along/start/", export_views.export_start, name="export-start"),
    path("settings/take-along/<int:pk>/everything.zip", export_views.export_file, name="export-file"),
    path("jobs/", job_views.job_list, name="job-list"),
    path("jobs/<int:pk>/", job_views.job_detail, name="job-detail"),
    path("jobs/<int:pk>/cancel/", job_views.job_cancel, name="job-cancel"),
    path("jobs/<int:pk>/resume/", job_views.job_resume, name="job-resume"),
    path("views/save/", saved_view_views.view_save, name="view-save"),
    path("views/<int:pk>/forget/", saved_view_views.view_forget, name="view-forget"),
]
