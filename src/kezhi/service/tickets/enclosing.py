"""Files that go with the words between customer and company, and which of them the customer may have.

What the customer sent and what we sent them is theirs. What hangs on a note, on words that a colleague wrote
down for them, or on the ticket without any words is the company's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kezhi.service.models import TicketEntry
from kezhi.workbench.models import Attachment

Sort = TicketEntry.Sort


def enclose(entry: TicketEntry, files: Sequence[int]) -> None:
    """These files of the ticket went with these words."""
    if files:
        entry.words = {**entry.words, "files": [*entry.words.get("files", []), *files]}
        entry.save(update_fields=["words"])


def is_for_customer(entry: TicketEntry) -> bool:
    """Whether the files with this entry went to the customer, or came from them."""
    is_from_them = entry.sort == Sort.RECEIVED and entry.author_id is None
    return entry.sort == Sort.SENT or is_from_them


def for_customer(entries: Iterable[TicketEntry]) -> dict[int, list[Attachment]]:
    """By entry, the files that the customer may have with it; one query, whatever the entries."""
    wanted = {
        pk: entry
        for entry in entries
        if is_for_customer(entry)
        for pk in entry.words.get("files", ())
    }
    if not wanted:
        return {}
    rows = Attachment.objects.filter(pk__in=wanted, kind="ticket", removed_at__isnull=True)
    found: dict[int, list[Attachment]] = {}
    for file in rows.defer("text").order_by("pk"):
        entry = wanted[file.pk]
        if file.object_id == entry.ticket_id:
            found.setdefault(entry.pk, []).append(file)
    return found
