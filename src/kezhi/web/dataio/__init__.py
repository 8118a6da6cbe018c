"""The way of a file into the company: upload, match and check, import, result."""
