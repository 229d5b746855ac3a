"""Sales invoices (FACTS.md 9)."""

from sage_sandbox.document_shape import DocumentKind

INVOICE = DocumentKind(
    kind="sales_invoices",
    root="sales_invoice",
    noun="invoice",
    transaction_type="SALES_INVOICE",
    lines="invoice_lines",
    number="invoice_number",
    number_prefix="invoice_number_prefix",
    next_number="next_invoice_number",
    prefix_setting="sales_invoice_number_prefix",
    terms_max=2000,
)
