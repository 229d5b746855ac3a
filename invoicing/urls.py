"""Pages about billing and invoices, under `/p/<practice>/`."""

from django.urls import path

from invoicing.views import (
    amending,
    billing,
    bills,
    clients,
    corrections,
    credit_notes,
    invoices,
    month_end,
    renewals,
    schedules,
    service_use,
    uplifts,
)

app_name = "invoicing"
urlpatterns = [
    path("billing/", billing.billing, name="billing"),
    path("billing/rules/", billing.billing_rules, name="billing-rules"),
    path("billing/run/", billing.billing_run, name="billing-run"),
    path("billing/<int:pk>/complete/", billing.schedule_complete, name="schedule-complete"),
    path("billing/<int:pk>/pause/", billing.schedule_pause, name="schedule-pause"),
    path("billing/<int:pk>/resume/", billing.schedule_resume, name="schedule-resume"),
    path("billing/<int:pk>/end/", billing.schedule_end, name="schedule-end"),
    path("billing/<int:pk>/", schedules.schedule_detail, name="schedule-detail"),
    path("billing/<int:pk>/hold/", schedules.schedule_hold, name="schedule-hold"),
    path("billing/<int:pk>/reopen/", schedules.schedule_reopen, name="schedule-reopen"),
    path("billing/<int:pk>/mode/", schedules.schedule_mode, name="schedule-mode"),
    path("billing/<int:pk>/move/", schedules.schedule_move, name="schedule-move"),
    path("billing/<int:pk>/bills/<str:starts_on>/", bills.bill_edit, name="bill-edit"),
    path("billing/<int:pk>/bills/<str:starts_on>/act/", bills.bill_act, name="bill-act"),
    path("billing/<int:pk>/amend/", amending.schedule_amend, name="schedule-amend"),
    path("billing/changes/<int:pk>/undo/", amending.change_undo, name="change-undo"),
    path("billing/uplifts/", uplifts.uplift_list, name="uplift-list"),
    path("billing/uplifts/new/", uplifts.uplift_new, name="uplift-new"),
    path("billing/uplifts/<int:pk>/", uplifts.uplift_detail, name="uplift-detail"),
    path("billing/uplifts/<int:pk>/undo/", uplifts.uplift_undo, name="uplift-undo"),
    path(
        "billing/uplifts/<int:pk>/letters/<int:client>/fees.pdf", uplifts.uplift_letter, name="uplift-letter"
    ),
    path("clients/<int:pk>/bill/", bills.client_bill, name="client-bill"),
    path("billing/month/", month_end.month_end, name="month-end"),
    path("billing/month/act/", month_end.month_act, name="month-act"),
    path("billing/month/sign-off/", month_end.month_sign_off, name="month-sign-off"),
    path("invoices/<int:pk>/undo/", month_end.invoice_undo, name="invoice-undo"),
    path("service-use/", service_use.service_use_list, name="service-use-list"),
    path("service-use/<int:pk>/", service_use.service_use, name="service-use"),
    path("invoices/", invoices.invoice_list, name="invoice-list"),
    path("invoices/new/", invoices.invoice_new, name="invoice-new"),
    path("invoices/<int:pk>/", invoices.invoice_detail, name="invoice-detail"),
    path("invoices/<int:pk>/edit/", invoices.invoice_edit, name="invoice-edit"),
    path("invoices/<int:pk>/issue/", invoices.invoice_issue, name="invoice-issue"),
    path("invoices/<int:pk>/discard/", invoices.invoice_discard, name="invoice-discard"),
    path("invoices/<int:pk>/void/", invoices.invoice_void, name="invoice-void"),
    path("invoices/<int:pk>/amend/", corrections.invoice_amend, name="invoice-amend"),
    path(
        "invoices/<int:pk>/as-in-sage/", corrections.invoice_discard_changes, name="invoice-discard-changes"
    ),
    path(
        "invoices/<int:pk>/void-in-sage/", corrections.invoice_void_in_ledger, name="invoice-void-in-ledger"
    ),
    path("invoices/<int:pk>/accept-void/", corrections.invoice_accept_void, name="invoice-accept-void"),
    path("invoices/<int:pk>/credit/", credit_notes.credit_note_new, name="credit-note-new"),
    path("credit-notes/", credit_notes.credit_note_list, name="credit-note-list"),
    path("credit-notes/<int:pk>/", credit_notes.credit_note_detail, name="credit-note-detail"),
    path("credit-notes/<int:pk>/copy/", credit_notes.credit_note_post, name="credit-note-post"),
    path("credit-notes/<int:pk>/update/", credit_notes.credit_note_update, name="credit-note-update"),
    path("invoices/<int:pk>/post/", invoices.invoice_post, name="invoice-post"),
    path("clients/<int:pk>/renew/", renewals.client_renew, name="client-renew"),
    path("clients/<int:pk>/services/", clients.client_services, name="client-services"),
    path("clients/<int:pk>/schedule/", clients.client_schedule, name="client-schedule"),
    path("clients/<int:pk>/invoices/", clients.client_invoices, name="client-invoices"),
]
