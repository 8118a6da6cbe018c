"""What programs call: every record and deed over HTTP, from the same declarations as the pages."""
