"""Surveys as people design and send them, and as customers answer them."""
