"""The search page and the command palette."""
