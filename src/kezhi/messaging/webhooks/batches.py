"""Deeds on many records at once are one message; the receiver asks for the records page by page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kezhi.audit.models import Entry
from kezhi.core.actor import Actor
from kezhi.messaging.webhooks.listening import FURTHER
from kezhi.records import registry

MOST = 1_000


@dataclass(frozen=True)
class Batch:
    """What a deed on many records tells of itself.

    `kind(entry)` is the kind of the records. `ids(entry, after, limit)` gives those that it touched, in
    ascending order, beginning behind `after`; without it, nothing can be paged (the records are gone).
    """

    kind: Callable[[Entry], str]
    ids: Callable[[Entry, int, int], Sequence[int]] | None = None

    def told(self, entry: Entry, actor: Actor) -> dict[str, Any]:
        kind = self.kind(entry)
        counts = ("created", "updated", "customers")
        found = {name: entry.detail[name] for name in counts if name in entry.detail}
        return {"kind": kind, **found} if actor.may("read", kind) else {"kind": ""}


BATCHES: dict[str, Batch] = {}


def register(deed: str, batch: Batch) -> None:
    """By the app of the deed, in its `ready`."""
    BATCHES[deed] = batch
    FURTHER.add(deed)


def changed_records(
    entry: Entry, actor: Actor, after: int, limit: int
) -> tuple[str, list[int], int | None]:
    """Kind, ids that the actor may see, and where the next page begins (None: this was the last)."""
    batch = BATCHES.get(entry.deed)
    if batch is None or batch.ids is None:
        return "", [], None
    kind = batch.kind(entry)
    limit = max(1, min(limit, MOST))
    ids = list(batch.ids(entry, after, limit))
    seen = registry[kind].visible_to(actor).filter(pk__in=ids).values_list("pk", flat=True)
    return kind, sorted(seen), ids[-1] if len(ids) == limit else None
