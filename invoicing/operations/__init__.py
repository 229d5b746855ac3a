"""Everything that changes what is billed, owed and paid. Each runs inside the caller's transaction."""

from invoicing.operations.advancing import realign, set_invoice_day
from invoicing.operations.amending import amend_invoice, discard_changes
from invoicing.operations.billing import BillingOutcome, bill_due_periods
from invoicing.operations.by_hand import Item, invoices_that_result, issue_by_hand
from invoicing.operations.coming_bills import (
    approve_bill,
    approve_bills,
    change_bill,
    hold_bill,
    hold_bills,
    skip_bills,
    skip_period,
    split_bill,
    take_back_skip,
)
from invoicing.operations.commenting import comment_on
from invoicing.operations.credit_notes import (
    amend_credit_note,
    issue_credit_note,
    post_credit_note,
    update_credit_note,
)
from invoicing.operations.drafting import duplicate_invoice, merge_lines
from invoicing.operations.ending import call_off_billing, end_service, end_services
from invoicing.operations.holes import close_holes
from invoicing.operations.invoices import (
    amend_draft,
    copy_again,
    discard_draft,
    draft_invoice,
    issue_invoice,
    mark_voided_in_ledger,
    post_invoice,
    post_invoices,
    void_copy,
    void_in_ledger,
    void_invoice,
)
from invoicing.operations.month_end import (
    approve_month,
    hold_month,
    sign_off_month,
    skip_month,
    why_not_sign_off,
)
from invoicing.operations.moving import move_periods, set_mode, shift_when_moved
from invoicing.operations.payments import OnAccount, record_payment, reverse_payment
from invoicing.operations.schedules import (
    complete_schedule,
    end_billing,
    pause_billing,
    reopen_billing,
    resume_after_pauses,
    resume_billing,
    start_billing,
)
from invoicing.operations.sending import Words, remind, send_invoice, switch_reminders
from invoicing.operations.settings import (
    invoicing_settings,
    set_billing_rules,
    set_documents_by,
    set_invoicing_settings,
    set_sending_rules,
)
from invoicing.operations.settling import mark_paid, receive_by_hand, take_back, write_off
from invoicing.operations.undoing import undo_invoice

__all__ = [
    "BillingOutcome",
    "Item",
    "OnAccount",
    "Words",
    "amend_credit_note",
    "amend_draft",
    "amend_invoice",
    "approve_bill",
    "approve_bills",
    "approve_month",
    "bill_due_periods",
    "call_off_billing",
    "change_bill",
    "close_holes",
    "comment_on",
    "complete_schedule",
    "copy_again",
    "discard_changes",
    "discard_draft",
    "draft_invoice",
    "duplicate_invoice",
    "end_billing",
    "end_service",
    "end_services",
    "hold_bill",
    "hold_bills",
    "hold_month",
    "invoices_that_result",
    "invoicing_settings",
    "issue_by_hand",
    "issue_credit_note",
    "issue_invoice",
    "mark_paid",
    "mark_voided_in_ledger",
    "merge_lines",
    "move_periods",
    "pause_billing",
    "post_credit_note",
    "post_invoice",
    "post_invoices",
    "realign",
    "receive_by_hand",
    "record_payment",
    "remind",
    "reopen_billing",
    "resume_after_pauses",
    "resume_billing",
    "reverse_payment",
    "send_invoice",
    "set_billing_rules",
    "set_documents_by",
    "set_invoice_day",
    "set_invoicing_settings",
    "set_mode",
    "set_sending_rules",
    "shift_when_moved",
    "sign_off_month",
    "skip_bills",
    "skip_month",
    "skip_period",
    "split_bill",
    "start_billing",
    "switch_reminders",
    "take_back",
    "take_back_skip",
    "undo_invoice",
    "update_credit_note",
    "void_copy",
    "void_in_ledger",
    "void_invoice",
    "why_not_sign_off",
    "write_off",
]
