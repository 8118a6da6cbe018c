"""A company with a million customers, made by the database itself, for measurements of pages and searches."""
