"""Webhooks: other systems are told what happens here, and tell what happens there."""
