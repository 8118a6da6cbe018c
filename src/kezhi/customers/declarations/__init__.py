"""Parties, contacts, what is known of them, and what happened, as kinds of record."""

from kezhi.customers.declarations import (
    address,
    consent,
    contact,
    customer,
    follow_up,
    identifier,
    important_date,
    interaction,
    need,
    promise,
    relation,
    segment,
)
from kezhi.records import registry


def register() -> None:
    """Called once, when the apps are ready."""
    for declared in (
        customer,
        contact,
        interaction,
        follow_up,
        promise,
        need,
        important_date,
        address,
        identifier,
        relation,
        consent,
    ):
        registry.register(declared.KIND)
    segment.register()
