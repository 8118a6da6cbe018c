"""Webhooks: where other systems are told, what they were told, and what came of it."""
