"""Audit: one row for each deed, and the changed rows kept by the database."""
