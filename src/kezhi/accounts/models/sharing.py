from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Now, TruncDate
from django.utils import timezone

from kezhi.accounts.models.organisation import Team
from kezhi.core.actor import Principal


class _Dated(models.QuerySet[Any]):
    def current(self) -> Self:
        """In force on the database's day."""
        today = TruncDate(Now())
        return self.filter(Q(until__isnull=True) | Q(until__gte=today), since__lte=today)


class Share(models.Model):
    """A customer that one colleague or one team may see, or work on, though it isn't theirs.

    The customer's id has no foreign key: customers are above accounts, and take their shares with them.
    """

    customer_id = models.BigIntegerField(db_index=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="+")
    may_edit = models.BooleanField(default=False)
    since = models.DateField()
    until = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = _Dated.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=True) ^ Q(team__isnull=True),
                name="accounts_share_one_side",
            ),
            models.UniqueConstraint(
                fields=["customer_id", "person", "team"],
                name="accounts_share_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return str(self.person or self.team)


class Delegation(models.Model):
    """While it lasts, the delegate has the principal's own customers as if they were theirs."""

    principal = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    delegate = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    since = models.DateField()
    until = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = _Dated.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(principal=models.F("delegate")), name="accounts_delegation_to_another"
            )
        ]
        indexes = [models.Index(fields=["delegate", "since"], name="accounts_delegation_delegate")]

    def __str__(self) -> str:
        return f"{self.principal} → {self.delegate}"


# Asked on every page, so written out: put together anew each time, two queries took a millisecond and a half.
_LENT = """
WITH today AS (SELECT (statement_timestamp() AT TIME ZONE %(zone)s)::date AS day)
SELECT d.principal_id, u.name, NULL::boolean
FROM today, accounts_delegation d JOIN accounts_user u ON u.id = d.principal_id
WHERE d.delegate_id = %(person)s::bigint AND u.is_active
  AND d.since <= day AND (d.until IS NULL OR d.until >= day)
UNION
SELECT s.customer_id, '', s.may_edit
FROM today, accounts_share s
WHERE (s.person_id = %(person)s::bigint OR s.team_id = %(team)s::bigint)
  AND s.since <= day AND (s.until IS NULL OR s.until >= day)
ORDER BY 1
"""


def lent_to(
    person: int | None, team: int | None
) -> tuple[tuple[Principal, ...], tuple[tuple[int, bool], ...]]:
    """For whom a person stands in today, and the customers shared with them: may they edit it."""
    about = {"person": person, "team": team, "zone": timezone.get_current_timezone_name()}
    with connection.cursor() as cursor:
        cursor.execute(_LENT, about)
        rows = cursor.fetchall()
    principals = tuple(Principal(pk, name) for pk, name, may_edit in rows if may_edit is None)
    return principals, tuple((pk, may_edit) for pk, _name, may_edit in rows if may_edit is not None)
