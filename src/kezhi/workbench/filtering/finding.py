"""What the text box above a list means."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_

from django.db.models import Q

from kezhi.records import Kind
from kezhi.workbench import searching
from kezhi.workbench.filtering.meaning import Asking, search_path

MOST_WORDS = 6
WIDE = "a great many hold the text"


def found(kind: Kind, text: str, asking: Asking, *, is_alone: bool = False) -> Q:
    """As the search finds it, by the same documents; a kind that has none is read through.

    Every word must occur somewhere among the searchable fields. `is_alone`: nothing else is asked.
    """
    by_documents = searching.narrowing(kind, text, by=asking.actor, is_alone=is_alone)
    if by_documents is not None:
        asking.memo[WIDE] = by_documents.is_wide
        return by_documents.condition
    paths = [search_path(field) for field in kind.fields if field.is_searchable]
    if not paths:
        return Q()
    words = text.split()[:MOST_WORDS]
    return reduce(
        and_,
        (reduce(or_, (Q(**{f"{path}__icontains": word}) for path in paths)) for word in words),
    )
