"""Creations of a bulk as one set, for kinds that have a deed for it: a thousand in the time of twenty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kezhi.api.calling import Call
from kezhi.api.entries import Fields
from kezhi.api.problems import Problem
from kezhi.api.records import done
from kezhi.customers.creating_many import create_customers
from kezhi.records import Kind

LEAST = 10  # below, one by one is as quick and tells more
# By kind: `create(list of entries, actor=, on=)` gives the records in order, all or none.
SETS: dict[str, Callable[..., Sequence[Any]]] = {"customer": create_customers}


def create_set(call: Call, kind: Kind, fields: Fields, sent: Sequence[Any]) -> Sequence[Any] | None:
    """The new records; None where it can't be done as one, whatever the reason: then each is tried alone."""
    create = SETS.get(kind.name)
    if create is None or len(sent) < LEAST:
        return None
    given = []
    for one in sent:
        entries, wrong = fields.read(one, is_new=True)
        if wrong:
            return None
        given.append({n: entry for n, entry in entries.items() if entry not in (None, "", [])})
    try:
        return done(lambda: create(given, actor=call.actor, on=call.today))
    except Problem:
        return None
