"""Where a quick entry does not do: own fields that a new record must have are asked by its form."""

from __future__ import annotations

from urllib.parse import urlencode

from kezhi.records import registry


def whole_form(kind_name: str, **given: object) -> str:
    """The address of the kind's form with what is known; nothing where a quick entry is enough."""
    kind = registry[kind_name]
    if not any(field.is_custom and field.is_required for field in kind.fields):
        return ""
    return f"/{kind.address}/new/?{urlencode(given)}"
