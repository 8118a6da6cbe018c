"""Customers, contacts, interactions and follow-ups as kinds of record."""

from kezhi.customers.declarations import contact, customer, follow_up, interaction
from kezhi.records import registry


def register() -> None:
    """Called once, when the apps are ready."""
    for declared in (customer, contact, interaction, follow_up):
        registry.register(declared.KIND)
