from __future__ import annotations

from django.db import models
from django.utils.translation import gettext, gettext_noop

from kezhi.core.actor import Access, Actor, Scope
from kezhi.records.fields import FIELD_GROUPS

# As in `reference/roles.csv`; here they are found by the translators.
NAMES = (
    gettext_noop("Owner"),
    gettext_noop("Manager"),
    gettext_noop("Salesperson"),
    gettext_noop("Service agent"),
    gettext_noop("Analyst"),
    gettext_noop("Data protection"),
)


class Role(models.Model):
    """What people of a role may do: `grants["customer"]["read"] = "team"`; what isn't granted is denied.

    The name of a role that comes with the product is translated by its key until the company renames it.
    """

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    grants = models.JSONField(default=dict)
    # {"customer": {"reach": "masked", "money": "hidden"}}; what isn't named may be edited.
    field_rules = models.JSONField(default=dict, blank=True)
    is_second_factor_required = models.BooleanField(default=False)
    # What a person may export in a day; owners decide for themselves.
    rows_a_day = models.PositiveIntegerField(default=5_000, db_default=5_000)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return gettext(self.name)

    @property
    def is_owners(self) -> bool:
        """The role that can't be taken from itself: it may do everything, with kinds yet to come, too."""
        return self.key == "owner"

    def scope(self, action: str, kind: str) -> Scope:
        if self.is_owners and kind not in self.grants:
            return Scope.ALL
        return Scope.named(self.grants.get(kind, {}).get(action, "none"))

    def access(self, kind: str, group: str) -> Access:
        """What the role may do with a group of fields, provided that it reads the kind at all."""
        return Access.named(self.field_rules.get(kind, {}).get(group, "edit"))

    def is_covered_by(self, actor: Actor) -> bool:
        """Whether the actor may do and see all that the role may."""
        if self.is_owners and not (actor.pk is None or getattr(actor, "is_owner", False)):
            return False
        for kind, grants in self.grants.items():
            for action, scope in grants.items():
                if Scope.named(scope) > actor.scope(action, kind):
                    return False
            if grants.get("read") and any(
                self.access(kind, group) > actor.access(kind, group) for group in FIELD_GROUPS
            ):
                return False
        return True
