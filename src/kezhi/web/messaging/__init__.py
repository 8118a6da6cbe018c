"""Pages of mail and notices."""
