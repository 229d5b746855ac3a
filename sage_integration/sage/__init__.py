"""A client for the Sage Business Cloud Accounting API v3.1 that knows neither Django nor our models."""
