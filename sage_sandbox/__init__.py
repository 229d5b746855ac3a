"""A pretend Sage Business Cloud Accounting (API v3.1, UK): for development and tests, never for real books."""
