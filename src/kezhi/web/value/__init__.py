"""The value dashboard and the runs behind it."""
