"""Sales credit notes (FACTS.md 10)."""

from sage_sandbox.document_shape import DocumentKind

CREDIT_NOTE = DocumentKind(
    kind="sales_credit_notes",
    root="sales_credit_note",
    noun="credit note",
    transaction_type="SALES_CREDIT_NOTE",
    lines="credit_note_lines",
    number="credit_note_number",
    number_prefix="credit_note_number_prefix",
    next_number="next_credit_note_number",
    prefix_setting="sales_credit_note_number_prefix",
    terms_max=65535,
)
