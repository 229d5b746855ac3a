"""Invoices keyed into Sage before it was connected: found, and linked with ours without posting (P26)."""
