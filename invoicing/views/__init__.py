"""The pages of billing and of invoices."""
