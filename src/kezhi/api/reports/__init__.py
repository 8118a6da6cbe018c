"""Reports and saved views by program: listed, and answered as on their pages."""
