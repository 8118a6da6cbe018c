"""Backups: made, kept, checked, restored."""
