"""Analyses over many records: few are counted at once, many by a job, and the page says when.

An app declares what it analyses (`declare`). A page asks with `look`: up to `MANY` records are counted for it
there and then, in less than a tenth of a second; of more it shows what was counted last. Everybody who may see
the same records reads the same kept figures, and nobody reads those of other records: when a role or a team
changes, they are counted anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kezhi.accounts.models import Company, User
from kezhi.audit.recording import audited, note, traced_by
from kezhi.core import queue
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.models import JobRun
from kezhi.core.progress import Progress, silent
from kezhi.core.refusal import Refused
from kezhi.records.fields import Label
from kezhi.workbench.models import KeptAnalysis

JOB = "workbench.analyse"
MANY = 2_000
ASKED_WITHIN = timedelta(days=14)
"""Figures that nobody looked at for so long aren't counted any more, those of the whole company excepted."""
MORNING = 5

Rows = QuerySet[Any]
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Analysis:
    """`visible` are the records that the actor may see at all, `rows` those of them that count at a moment;
    `count` says of them what JSON can hold, by the parts that pages show ("" for the only one)."""

    name: str
    label: Label
    visible: Callable[[Actor], Rows]
    rows: Callable[[Rows, datetime], Rows]
    count: Callable[[Rows, datetime, Progress], Mapping[str, Figures]]


@dataclass(frozen=True, slots=True)
class Found:
    """`figures` is None while nobody has counted; `is_kept`: they are of `counted_at`, not of this moment.
    `job` counts right now."""

    figures: Figures | None
    counted_at: datetime | None
    is_kept: bool
    job: JobRun | None


_declared: dict[str, Analysis] = {}


def declare(analysis: Analysis) -> None:
    """An app makes an analysis known: it is kept every night, and whenever somebody asks."""
    _declared[analysis.name] = analysis


def look(name: str, actor: Actor, at: datetime, part: str = "") -> Found:
    """What the analysis, or a part of it, says of the records that the actor may see."""
    analysis = _declared[name]
    visible = analysis.visible(actor)
    rows = analysis.rows(visible, at)
    if not _are_many(rows):
        return Found(analysis.count(rows, at, silent).get(part), at, False, None)
    subjects = {_subject(name, ""), _subject(name, part)}
    found = KeptAnalysis.objects.filter(subject__in=subjects, whose=_whose(visible))
    kept = {each.subject: each for each in found.select_related("job_run")}
    whole, own = kept.get(_subject(name, "")), kept.get(_subject(name, part))
    if whole is None:
        return Found(None, None, True, None)
    if whole.asked_at < at - timedelta(days=1):
        KeptAnalysis.objects.filter(pk=whole.pk).update(asked_at=at, actor_id=actor.pk)
    job = whole.job_run if whole.job_run is not None and whole.job_run.is_under_way else None
    if whole.counted_at is None:
        return Found(None, None, True, job)
    return Found(own.figures if own is not None else None, whole.counted_at, True, job)


@audited("analysis.started")
def start_analysis(name: str, *, actor: Actor, at: datetime) -> JobRun:
    """Count anew what the actor may see, in the background; refused while that is under way."""
    analysis = _declared[name]
    note(analysis=name)
    kept, _is_new = KeptAnalysis.objects.get_or_create(
        subject=name,
        whose=_whose(analysis.visible(actor)),
        defaults={"asked_at": at, "actor_id": actor.pk},
    )
    kept = KeptAnalysis.objects.select_for_update(of=("self",)).get(pk=kept.pk)
    if kept.job_run is not None and kept.job_run.is_under_way:
        raise Refused(_("This is being counted already."))
    kept.job_run = queue.start(JOB, analysis.label, actor=actor, analysis=name)
    kept.asked_at, kept.actor_id = at, actor.pk
    kept.save(update_fields=["job_run", "asked_at", "actor_id"])
    return kept.job_run


@audited("analysis.counted")
def count_analysis(
    name: str, *, actor: Actor, at: datetime, progress: Progress = silent
) -> Mapping[str, Figures]:
    """Count and keep what the actor may see."""
    analysis = _declared[name]
    visible = analysis.visible(actor)
    parts = analysis.count(analysis.rows(visible, at), at, progress)
    whose = _whose(visible)
    kept: dict[str, Figures] = {"": {}, **parts}  # the first row says that it was counted, and when
    KeptAnalysis.objects.bulk_create(
        [
            KeptAnalysis(
                subject=_subject(name, part),
                whose=whose,
                actor_id=actor.pk,
                figures=figures,
                counted_at=at,
                asked_at=at,
            )
            for part, figures in kept.items()
        ],
        update_conflicts=True,
        unique_fields=["subject", "whose"],
        update_fields=["figures", "counted_at"],
    )
    parts_before = KeptAnalysis.objects.filter(whose=whose, subject__startswith=f"{name}.")
    parts_before.exclude(subject__in=[_subject(name, part) for part in parts]).delete()
    note(analysis=name)
    return parts


@traced_by("analysis.counted")
def count_all(*, actor: Actor, at: datetime) -> int | None:
    """Once in the company's early morning; how many were counted. None at other hours."""
    company = Company.current()
    if company is None or at.astimezone(company.zone).hour != MORNING:
        return None
    return sum(_count_for_all(analysis, actor, at) for analysis in _declared.values())


def _count_for_all(analysis: Analysis, actor: Actor, at: datetime) -> int:
    """For the whole company and for everybody who looked lately, each set of records once."""
    asked = KeptAnalysis.objects.filter(subject=analysis.name, asked_at__gt=at - ASKED_WITHIN)
    ids = asked.exclude(actor_id=None).values_list("actor_id", flat=True)
    people: list[Actor] = list(User.objects.active().filter(pk__in=list(ids)).order_by("pk"))
    current: set[str] = set()
    for each in [SYSTEM, *people]:
        visible = analysis.visible(each)
        whose = _whose(visible)
        if whose in current or not _are_many(analysis.rows(visible, at)):
            continue
        current.add(whose)
        with transaction.atomic():
            count_analysis(analysis.name, actor=each, at=at)
    _forget(analysis.name, current)
    return len(current)


def _forget(name: str, current: set[str]) -> None:
    """What nobody looks at, and what somebody may not see any more; work under way finds its row."""
    rows = KeptAnalysis.objects.exclude(whose__in=current).filter(subject__startswith=name)
    ours = [
        each.pk
        for each in rows.select_related("job_run").only("subject", "job_run")
        if each.subject.partition(".")[0] == name
        and not (each.job_run is not None and each.job_run.is_under_way)
    ]
    KeptAnalysis.objects.filter(pk__in=ours).delete()


def _are_many(rows: Rows) -> bool:
    return rows.order_by()[: MANY + 1].count() > MANY


def _subject(name: str, part: str) -> str:
    return f"{name}.{part}" if part else name


def _whose(visible: Rows) -> str:
    """Equal for all who may see the same records."""
    try:
        sql, given = visible.order_by().query.sql_with_params()
    except EmptyResultSet:
        sql, given = "", ()
    return hashlib.sha256(f"{sql}|{given!r}".encode()).hexdigest()
