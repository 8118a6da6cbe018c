"""Where a page of a long list goes on: its address names the last row of the page before, `0.75~123`."""

from __future__ import annotations

import math
from datetime import date

from kezhi.core.ids import record_id
from kezhi.web.requests import typed_day


def after_number(text: str) -> tuple[float, int] | None:
    """Figure and id of that row; None when the address has none."""
    figure, _mark, pk = text[:80].partition("~")
    last = record_id(pk)
    try:
        found = float(figure)
    except ValueError:
        return None
    return (found, last) if math.isfinite(found) and last is not None else None


def after_day(text: str) -> tuple[date, int] | None:
    """Day and id of that row; None when the address has none."""
    day, _mark, pk = text.partition("~")
    found, last = typed_day(day), record_id(pk)
    return (found, last) if found is not None and last is not None else None
