"""How long rows stay, what for, and the nightly work that takes away what has stayed long enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.audit.recording import as_one_batch, audited, note
from kezhi.core.actor import Actor
from kezhi.core.progress import Progress, silent
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.reaching import home_day
from kezhi.records.retention import CLOCKS, SPARED, Clock, Sparing, declare, spare
from kezhi.records.treatment import treatments
from kezhi.rights.clearing import clear_rows, model_of, tables_along
from kezhi.rights.holding_back import held_customers, held_tables
from kezhi.rights.models import DataRequest, RetentionRule, RetentionRun

CHUNK = 2_000
LONGEST_DAYS = 36_500
YEAR = 365


KEPT_OUTCOMES = gettext_lazy("To see how long work ended")


def declare_own() -> None:
    """Of this app, and of those below that know nothing of their own."""
    declare(
        Clock(
            "core_jobrun",
            gettext_lazy("Ended jobs"),
            KEPT_OUTCOMES,
            "finished_at",
            30,
            Q(finished_at__isnull=False),
        ),
        Clock(
            "dataio_importproblem",
            gettext_lazy("Rows that imports refused"),
            gettext_lazy("To correct them"),
            "batch__created_at",
            30,
        ),
        Clock(
            "dataio_beforeimage",
            gettext_lazy("Rows as they were before an import"),
            gettext_lazy("To take the import back"),
            "batch__created_at",
            30,
        ),
        Clock(
            "accounts_onetimelink",
            gettext_lazy("Links that work once"),
            gettext_lazy("To sign in for the first time"),
            "expires_at",
            7,
        ),
        Clock(
            "rights_datarequest",
            gettext_lazy("Data requests"),
            gettext_lazy("To prove that they were answered"),
            "closed_on",
            3 * YEAR,
            Q(closed_on__isnull=False),
        ),
        Clock(
            "rights_retentionrun",
            gettext_lazy("Results of clearing"),
            gettext_lazy("To prove that data was deleted"),
            "at",
            3 * YEAR,
        ),
    )
    spare("customers_customer", _asking("customer_id"))
    spare("customers_contact", _asking("contact_id"))


def _asking(column: str) -> Sparing:
    """Whoever has an open request is answered before anything of theirs goes."""

    def sparing(_until: datetime) -> Q:
        rows = DataRequest.objects.filter(closed_on__isnull=True)
        return Q(Exists(rows.filter(**{column: OuterRef("pk")})))

    return sparing


@dataclass(frozen=True)
class Standing:
    """A clock as it runs now: the days that count, how many rows are due, and what holds them."""

    clock: Clock
    days: int
    purpose: str
    due: int
    held: int
    hold: str
    is_own: bool


@audited("retention.rule_set")
def set_rule(table: str, days: int, purpose: str, *, actor: Actor, at: datetime) -> RetentionRule:
    """Keep rows of a table so many days for that purpose; 0: as long as the company wants."""
    if not actor.may("edit", "data_right"):
        raise NotAllowed(_("Your role doesn't say how long data is kept."))
    if table not in CLOCKS:
        raise Refused(_("Rows of this table have no clock."))
    if not 0 <= days <= LONGEST_DAYS:
        raise Refused(
            _("Enter a number between %(least)s and %(most)s.") % {"least": 0, "most": "36,500"}
        )
    least = CLOCKS[table].least_days
    if 0 < days < least:
        raise Refused(
            _("These rows are needed for at least %(least)s days: %(what)s.")
            % {"least": least, "what": CLOCKS[table].label}
        )
    if not purpose.strip():
        raise Refused(_("Say what the data is kept for."))
    rule, _is_new = RetentionRule.objects.update_or_create(
        table_name=table,
        defaults={
            "days": days,
            "purpose": purpose.strip()[:200],
            "set_by_id": actor.pk,
            "set_on": home_day(at),
        },
    )
    return rule


def dry_run(at: datetime) -> list[Standing]:
    """What the next night would take away, by table; each counted up to a hundred thousand."""
    return list(_standings(at))


MOST_COUNTED = 100_000


def _standings(at: datetime) -> Iterator[Standing]:
    own = {rule.table_name: rule for rule in RetentionRule.objects.all()}
    held, customers = held_tables(), held_customers()
    for table, clock in CLOCKS.items():
        rule = own.get(table)
        days = rule.days if rule else clock.usual_days
        purpose = rule.purpose if rule else str(clock.purpose)
        due = kept = 0
        if days:
            rows = _due(clock, days, at)
            free = _free(rows, clock, held, customers)
            due = free[:MOST_COUNTED].count()
            kept = rows[:MOST_COUNTED].count() - due
        yield Standing(
            clock, days, purpose, due, max(0, kept), _hold_on(table, held), rule is not None
        )


@audited("retention.applied")
def apply_retention(*, actor: Actor, at: datetime, progress: Progress = silent) -> RetentionRun:
    """Take away what has stayed long enough and nothing holds; the result is kept."""
    removed, held_back, overdue = {}, {}, 0
    for place, standing in enumerate(_standings(at)):
        progress(place, len(CLOCKS), str(standing.clock.label))
        if standing.due:
            removed[standing.clock.table] = _clear(standing, at)
        if standing.held:
            held_back[standing.clock.table] = standing.held
    overdue = sum(standing.due for standing in _standings(at))
    note(removed=removed, held=held_back)
    return RetentionRun.objects.create(
        at=at, is_dry=False, removed=removed, held=held_back, overdue=overdue
    )


def _clear(standing: Standing, at: datetime) -> int:
    clock, gone = standing.clock, 0
    held, customers = held_tables(), held_customers()
    while True:
        rows = _free(_due(clock, standing.days, at), clock, held, customers)
        ids = list(rows.order_by("pk").values_list("pk", flat=True)[:CHUNK])
        if not ids:
            return gone
        with transaction.atomic(), as_one_batch():
            clear_rows(clock.table, ids)
        gone += len(ids)


def _due(clock: Clock, days: int, at: datetime) -> QuerySet[Any]:
    until = at - timedelta(days=days)
    column = model_of(clock.table)._meta.get_field(clock.column.split("__")[0])
    is_day = isinstance(column, models.DateField) and not isinstance(column, models.DateTimeField)
    rows: QuerySet[Any] = model_of(clock.table)._base_manager.filter(
        clock.only, **{f"{clock.column}__lt": until.date() if is_day else until}
    )
    for sparing in SPARED.get(clock.table, ()):
        rows = rows.exclude(sparing(until))
    return rows


def _free(
    rows: QuerySet[Any], clock: Clock, held: dict[str, str], customers: list[int]
) -> QuerySet[Any]:
    if _hold_on(clock.table, held):
        return rows.none()
    if clock.customer and customers:
        rows = rows.exclude(**{f"{clock.customer}__in": customers})
    if clock.held and customers:
        rows = rows.exclude(clock.held(customers))
    return rows


def _hold_on(table: str, held: dict[str, str]) -> str:
    """Why nothing of the table may go: it is held itself, or what would go along."""
    return next((held[each] for each in sorted(tables_along(table)) if each in held), "")


def kept_for_good() -> list[tuple[str, str]]:
    """Tables with a time of their own that only the owner of the database may end: the log."""
    return [(each.table, each.retention) for each in treatments().values() if each.audit == "log"]
