"""Everything that changes what is billed, owed and paid. Each runs inside the caller's transaction."""

from invoicing.operations.billing import BillingOutcome, bill_due_periods
from invoicing.operations.invoices import (
    amend_draft,
    discard_draft,
    draft_invoice,
    issue_invoice,
    mark_voided_in_ledger,
    post_invoice,
    void_invoice,
)
from invoicing.operations.payments import record_payment, reverse_payment
from invoicing.operations.schedules import (
    complete_schedule,
    end_billing,
    pause_billing,
    reopen_billing,
    resume_after_pauses,
    resume_billing,
    skip_period,
    start_billing,
)
from invoicing.operations.settings import invoicing_settings, set_billing_rules, set_invoicing_settings

__all__ = [
    "BillingOutcome",
    "amend_draft",
    "bill_due_periods",
    "complete_schedule",
    "discard_draft",
    "draft_invoice",
    "end_billing",
    "invoicing_settings",
    "issue_invoice",
    "mark_voided_in_ledger",
    "pause_billing",
    "post_invoice",
    "record_payment",
    "reopen_billing",
    "resume_after_pauses",
    "resume_billing",
    "reverse_payment",
    "set_billing_rules",
    "set_invoicing_settings",
    "skip_period",
    "start_billing",
    "void_invoice",
]
