"""Columns that many records have in common."""

from __future__ import annotations

from django.db import models

from kezhi.core.custom import custom_column


class Owned(models.Model):
    """Whose it is, with their team and department: what `ScopedQuerySet` asks, without a join.

    Ids without foreign keys: people are above core.
    """

    owner_id = models.BigIntegerField(null=True)
    team_id = models.BigIntegerField(null=True)
    department_id = models.BigIntegerField(null=True)

    class Meta:
        abstract = True


class Edited(models.Model):
    """A record that people edit: the company's own fields, the version they saw, who entered it and when."""

    custom = custom_column()
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_id = models.BigIntegerField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
