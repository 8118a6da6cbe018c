"""What every record that belongs to a customer has in common."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from kezhi.core.owned import Edited, Owned
from kezhi.core.scoping import ScopedQuerySet
from kezhi.customers.models.customer import Customer


class BelongingQuerySet(ScopedQuerySet):
    """A kind's own queryset names its `kind`; see `Belonging`."""

    share_path = "customer_id"


class Belonging(Owned, Edited):
    """A record of a customer. It repeats the customer's owner, team and department, which `reassign` keeps."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="%(class)ss")

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
