"""What every record that belongs to a customer has in common."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from kezhi.core.custom import custom_column
from kezhi.core.scoping import ScopedQuerySet
from kezhi.customers.models.customer import Customer


class BelongingQuerySet(ScopedQuerySet):
    """A kind's own queryset names its `kind`; see `Belonging`."""

    share_path = "customer_id"


class Belonging(models.Model):
    """A record of a customer. It repeats the customer's owner, team and department, which `reassign` keeps."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="%(class)ss")
    owner_id = models.BigIntegerField(null=True)
    team_id = models.BigIntegerField(null=True)
    department_id = models.BigIntegerField(null=True)
    custom = custom_column()
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_id = models.BigIntegerField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[Any] = BelongingQuerySet.as_manager()

    class Meta:
        abstract = True


def belongings() -> list[type[Belonging]]:
    """All models of that sort: what follows a customer to another owner, or into a merge."""
    return [
        model
        for model in Belonging.__subclasses__()
        if not model._meta.abstract and model._meta.app_config is not None
    ]
