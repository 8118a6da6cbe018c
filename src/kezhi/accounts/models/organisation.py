from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class DepartmentQuerySet(models.QuerySet["Department"]):
    def within(self, department_id: int) -> DepartmentQuerySet:
        """The department and all below it."""
        return self.filter(path__contains=[department_id])

    def ids_above(self, department_id: int) -> models.QuerySet[Any, Any]:
        """Of the department and of all above it: a question within another."""
        above = models.Func(models.F("path"), function="unnest", set_returning=True)
        return self.filter(pk=department_id).annotate(above=above).values("above")


class Department(models.Model):
    """A node of the department tree; `path` holds the ids from the root down to itself."""

    name = models.CharField(max_length=80)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    path = ArrayField(models.BigIntegerField(), default=list)
    head = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects: ClassVar[Any] = DepartmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "name"], name="accounts_department_name", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """People who share their customers; part of a department."""

    name = models.CharField(max_length=80)
    department = models.ForeignKey(Department, models.PROTECT, related_name="teams")
    lead = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["department", "name"], name="accounts_team_name")
        ]

    def __str__(self) -> str:
        return self.name
