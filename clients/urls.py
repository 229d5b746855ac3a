from django.urls import path

from clients.views import activity, checks, groups, imports, keeping, listing, records

app_name = "clients"
urlpatterns = [
    path("", listing.client_list, name="client-list"),
    path("bulk/", listing.client_bulk, name="client-bulk"),
    path("export/", imports.client_export, name="client-export"),
    path("import/", imports.import_new, name="import-new"),
    path("import/<int:pk>/", imports.import_detail, name="import-detail"),
    path("import/<int:pk>/columns/", imports.import_columns, name="import-columns"),
    path("import/<int:pk>/decide/", imports.import_decide, name="import-decide"),
    path("import/<int:pk>/start/", imports.import_start, name="import-start"),
    path("import/<int:pk>/undo/", imports.import_undo, name="import-undo"),
    path("new/", records.client_new, name="client-new"),
    path("settings/", checks.client_settings_show, name="settings"),
    path("settings/save/", checks.client_settings_amend, name="settings-amend"),
    path("groups/", groups.group_list, name="group-list"),
    path("groups/add/", groups.group_add, name="group-add"),
    path("groups/<int:pk>/", groups.group_detail, name="group-detail"),
    path("groups/<int:pk>/rename/", groups.group_rename, name="group-rename"),
    path("groups/<int:pk>/remove/", groups.group_remove, name="group-remove"),
    path("groups/<int:pk>/join/", groups.group_join, name="group-join"),
    path("notes/<int:pk>/remove/", keeping.note_remove, name="note-remove"),
    path("files/<int:pk>/", keeping.file_open, name="file-open"),
    path("files/<int:pk>/remove/", keeping.file_remove, name="file-remove"),
    path("<int:pk>/", records.client_detail, name="client-detail"),
    path("<int:pk>/activity/", activity.client_activity, name="client-activity"),
    path("<int:pk>/edit/", records.client_edit, name="client-edit"),
    path("<int:pk>/checks/", checks.client_review, name="client-review"),
    path("<int:pk>/posts-automatically/", records.client_switch_posting, name="client-switch-posting"),
    path("<int:pk>/archive/", records.client_archive, name="client-archive"),
    path("<int:pk>/restore/", records.client_restore, name="client-restore"),
    path("<int:pk>/notes/", keeping.note_write, name="note-write"),
    path("<int:pk>/files/", keeping.file_attach, name="file-attach"),
    path("<int:pk>/leave-group/", groups.group_leave, name="group-leave"),
    path("<int:pk>/billed-to/", groups.client_bill_to, name="client-bill-to"),
]
