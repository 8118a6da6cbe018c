"""Tickets: opened, answered, passed on, solved, and never lost."""
