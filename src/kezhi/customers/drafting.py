"""What people are writing and haven't saved: kept on the server, so that it is there on any device."""

from __future__ import annotations

from typing import Any

from kezhi.accounts.models import User
from kezhi.customers.models import Customer, Draft

LONGEST = 20_000


def keep_draft(person: User, customer: Customer, text: str, fields: dict[str, Any]) -> Draft | None:
    """The person's draft for this customer is this text now; an empty text leaves none."""
    mine = Draft.objects.filter(person=person, customer=customer)
    if not text.strip():
        mine.delete()
        return None
    draft, _is_new = Draft.objects.update_or_create(
        person=person, customer=customer, defaults={"text": text[:LONGEST], "fields": fields}
    )
    return draft  # type: ignore[no-any-return]


def hand_over_drafts(customer_ids: list[int], before: int, after: int) -> int:
    """Drafts of who had the customers go to who has them now, below what that person has written already."""
    moved = 0
    waiting = Draft.objects.filter(person_id=before, customer_id__in=customer_ids)
    for draft in waiting.select_for_update():
        known = Draft.objects.filter(person_id=after, customer_id=draft.customer_id).first()
        if known is None:
            draft.person_id = after
            draft.save(update_fields=["person"])
        else:
            known.text = f"{known.text}\n\n{draft.text}"[:LONGEST]
            known.save()
            draft.delete()
        moved += 1
    return moved
