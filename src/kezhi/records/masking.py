"""What is left of an entry for whom may know that it is there, but not what it is."""

from __future__ import annotations

from typing import Any

from kezhi.records.fields import Field, FieldKind

STARS = "****"
# Entries that people wrote themselves: their first character tells little.
_SPELT = (
    FieldKind.TEXT,
    FieldKind.LONG_TEXT,
    FieldKind.CODE,
    FieldKind.TAX_ID,
    FieldKind.URL,
    FieldKind.EMAIL,
)


def masked(field: Field, entry: Any) -> str:
    """`13812346027` → `138 **** 6027`, `zhang@acme.cn` → `zh****@acme.cn`; other entries keep at most the
    first character. The number of stars says nothing about the length."""
    text = str(entry)
    if field.kind is FieldKind.PHONE:
        digits = "".join(c for c in text if c.isdigit())
        return f"{digits[:3]} {STARS} {digits[-4:]}" if len(digits) >= 10 else STARS
    if field.kind is FieldKind.EMAIL and "@" in text:
        name, _at, host = text.rpartition("@")
        return f"{name[:2] if len(name) > 2 else ''}{STARS}@{host}"
    if field.is_number or field.kind not in _SPELT:
        return STARS  # the first letter of one choice among few would tell which
    return f"{text[:1]}{STARS}" if len(text) > 1 else STARS
