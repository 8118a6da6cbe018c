"""What every form has that keeps its controls as text, so that a mistake can be shown where it was typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class TypedForm:
    """`typed` are the controls as text, `errors` what is wrong with them, both by the control's name."""

    typed: dict[str, str]
    errors: dict[str, str]

    def get(self, name: str) -> str:
        return self.typed.get(name, "").strip()

    def error(self, name: str) -> str:
        return self.errors.get(name, "")


def all_typed(post: Mapping[str, Any], longest: int) -> dict[str, str]:
    """Every control as the database can keep it: without NUL, and not endless."""
    return {name: str(post[name]).replace("\0", "").strip()[:longest] for name in post}
