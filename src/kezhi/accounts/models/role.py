from __future__ import annotations

from django.db import models
from django.utils.translation import gettext, gettext_noop

from kezhi.core.actor import Scope

# As in `reference/roles.csv`; here they are found by the translators.
NAMES = (
    gettext_noop("Owner"),
    gettext_noop("Manager"),
    gettext_noop("Salesperson"),
    gettext_noop("Service agent"),
    gettext_noop("Analyst"),
)


class Role(models.Model):
    """What people of a role may do: `grants["customer"]["read"] = "team"`; what isn't granted is denied.

    The name of a role that comes with the product is translated by its key until the company renames it.
    """

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    grants = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return gettext(self.name)

    def scope(self, action: str, kind: str) -> Scope:
        return Scope.named(self.grants.get(kind, {}).get(action, "none"))
