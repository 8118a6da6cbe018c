"""Reports and dashboards that people keep, share and throw away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import F, Value
from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import registry
from kezhi.workbench.models import Dashboard, Report, SavedView
from kezhi.workbench.operands import is_one_line
from kezhi.workbench.reporting.delivered import REPORTS
from kezhi.workbench.reporting.spec import LONGEST, Spec
from kezhi.workbench.saving_views import MOST_PINNED, meant, settle_audience

MOST_PARTS = 12
WIDTHS = (1, 2, 3)
Kept = Report | Dashboard


@audited("report.saved")
def save_report(spec: Spec, name: str, *, actor: Actor, **more: Any) -> Report:
    """Keep a report under a name that the actor hasn't used yet; `audience` and `is_pinned` may be given."""
    report = Report(owner=_keeper(actor), asks=_fitting(spec))
    _save(report, {"name": name, **more}, actor, "create")
    return report


@audited("report.changed")
def change_report(report: Report, changes: dict[str, Any], *, actor: Actor) -> Report:
    """Change `name`, `audience`, `is_pinned` or, by a `spec`, what the report asks."""
    kept: Report = _claimed(report, actor, "edit")
    changes = dict(changes)
    note(fields=sorted(changes))
    if "spec" in changes:
        kept.asks = _fitting(changes.pop("spec"))
    _save(kept, changes, actor, "edit")
    return kept


@audited("report.deleted")
def delete_report(report: Report, *, actor: Actor) -> None:
    """The report, its schedules, and its places on dashboards."""
    kept = _claimed(report, actor, "delete")
    for board in Dashboard.objects.filter(parts__contains=[{"report": str(kept.pk)}]):
        board.parts = [part for part in board.parts if part["report"] != str(kept.pk)]
        board.save(update_fields=["parts", "updated_at"])
    kept.delete()


@audited("dashboard.saved")
def save_dashboard(
    name: str, *, actor: Actor, parts: list[dict[str, Any]] | None = None, **more: Any
) -> Dashboard:
    board = Dashboard(owner=_keeper(actor), parts=_parts(parts or [], actor))
    _save(board, {"name": name, **more}, actor, "create")
    return board


@audited("dashboard.changed")
def change_dashboard(board: Dashboard, changes: dict[str, Any], *, actor: Actor) -> Dashboard:
    """Change `name`, `audience`, `is_pinned` or the `parts`."""
    kept: Dashboard = _claimed(board, actor, "edit")
    changes = dict(changes)
    note(fields=sorted(changes))
    if "parts" in changes:
        kept.parts = _parts(changes.pop("parts"), actor)
    _save(kept, changes, actor, "edit")
    return kept


@audited("dashboard.deleted")
def delete_dashboard(board: Dashboard, *, actor: Actor) -> None:
    _claimed(board, actor, "delete").delete()


def pinned_reports(actor: Actor) -> list[tuple[str, str]]:
    """Address and name of what this person or their colleagues pinned, in one question."""
    return [(f"/{place}/{pk}/", name) for place, pk, name in _pinned(actor, with_views=False)]


def everything_pinned(actor: Actor) -> tuple[list[tuple[str, str]], list[tuple[int, str, str]]]:
    """As `pinned_reports`, and (id, address, name) of views: one question where no views are known."""
    rows = _pinned(actor, with_views=True)
    reports = [(f"/{place}/{pk}/", name) for place, pk, name in rows if place in _PLACES]
    views = [
        (pk, f"/{registry[kind].address}/?view={pk}", name)
        for kind, pk, name in rows
        if kind in registry and actor.may("read", kind)
    ]
    return reports, views


_PLACES = ("dashboards", "reports")  # no kind is called so: those have singular names


@dataclass(frozen=True)
class _Anybody:
    """Stands for the reader while the question is put together."""

    pk: int = -101
    team_id: int | None = -102
    department_id: int | None = -103


def _pinned(actor: Actor, *, with_views: bool) -> list[tuple[str, int, str]]:
    """The first of each sort: dashboards, reports, views."""
    anybody = _Anybody()
    sql, asked = _question(with_views, actor.team_id is None, actor.department_id is None)
    known = {
        anybody.pk: actor.pk,
        anybody.team_id: actor.team_id,
        anybody.department_id: actor.department_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, [known.get(each, each) for each in asked])
        return [(place, pk, name) for place, pk, name, _turn in cursor.fetchall()]


@cache
def _question(with_views: bool, no_team: bool, no_department: bool) -> tuple[str, tuple[Any, ...]]:
    """It is asked for every page, and putting it together takes longer than answering it: done once."""
    reader: Any = _Anybody()
    if no_team:
        reader = replace(reader, team_id=None)
    if no_department:
        reader = replace(reader, department_id=None)
    sorts: list[tuple[Any, Any]] = [(Dashboard, Value("dashboards")), (Report, Value("reports"))]
    if with_views:
        sorts.append((SavedView, F("kind")))
    parts = [
        model.objects.visible_to(reader)
        .filter(is_pinned=True)
        .annotate(place=place, turn=Value(turn))
        .order_by("pk")
        .values_list("place", "pk", "name", "turn")[:MOST_PINNED]
        for turn, (model, place) in enumerate(sorts)
    ]
    rows = parts[0].union(*parts[1:], all=True).order_by("turn", "pk")
    sql, asked = rows.query.sql_with_params()
    return sql, tuple(asked)


def free_name(model: type[Kept], name: str, actor: Actor) -> str:
    """The name, or with a number what the actor has no other of."""
    used = set(model.objects.filter(owner_id=actor.pk).values_list("name", flat=True))
    free, number = name[:60], 1
    while free in used:
        number += 1
        free = f"{name[:54]} {number}"
    return free


def _keeper(actor: Actor) -> User:
    if not isinstance(actor, User) or not actor.may("create", "view"):
        raise NotAllowed(_("Your role doesn’t save views."))
    return actor


def _claimed(kept: Kept, actor: Actor, action: str) -> Any:
    model = type(kept)
    row = model.objects.visible_to(actor, action).select_for_update(of=("self",))
    found = row.filter(pk=kept.pk).first()
    if found is None:
        raise NotAllowed(_("This report belongs to somebody else."))
    return found


def _fitting(spec: Spec) -> str:
    asks = str(spec)
    if len(asks) > LONGEST:
        raise Refused(_("These are too many filters for one report."))
    return asks


def _parts(parts: list[dict[str, Any]], actor: Actor) -> list[dict[str, Any]]:
    """Only reports that the actor sees, and widths that there are."""
    keys = [key for part in parts if (key := record_id(str(part["report"]))) is not None]
    seen = set(Report.objects.visible_to(actor).filter(pk__in=keys).values_list("pk", flat=True))
    kept = []
    for part in parts:
        name, width = str(part["report"]), int(part["width"])
        if not (record_id(name) in seen or name in REPORTS) or width not in WIDTHS:
            raise Refused(_("One of the reports isn’t there any more."))
        kept.append({"report": name, "width": width})
    if len(kept) > MOST_PARTS:
        raise Refused(_("A dashboard holds at most %(count)d reports.") % {"count": MOST_PARTS})
    return kept


def _save(kept: Kept, fields: dict[str, Any], actor: Actor, action: str) -> None:
    fields = dict(fields)
    if "audience" in fields:
        fields |= meant(fields.pop("audience"), actor, kept)
    for name, new in fields.items():
        setattr(kept, name, new)
    kept.name = kept.name.strip()
    if not kept.name:
        raise Refused(_("Give it a name."))
    if len(kept.name) > 60 or not is_one_line(kept.name):
        raise Refused(_("The name has at most 60 characters."))
    if kept.audience not in SavedView.Audience.values:
        raise Refused(_("Choose who sees it."))
    settle_audience(kept, actor, action)
    same = type(kept).objects.filter(owner_id=kept.owner_id, name=kept.name)
    if same.exclude(pk=kept.pk).exists():
        raise Refused(_("You have one called “%(name)s” already.") % {"name": kept.name})
    kept.save()
