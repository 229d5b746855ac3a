"""The pages about clients: one module a subject."""
