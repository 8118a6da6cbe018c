"""The column in which a customizable record keeps what the company added to it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Value


def custom_column() -> models.JSONField[Any, Any]:
    """One object by key; the database fills it in where raw SQL inserts rows."""
    return models.JSONField(
        default=dict, blank=True, db_default=Value({}, output_field=models.JSONField())
    )
