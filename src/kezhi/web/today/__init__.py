"""What to do today, ranked by the customer value that hangs on it."""
