"""Value runs: started by people, schedules and commands; carried out by a worker or the command itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pyarrow.compute as pc
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from kezhi import __version__
from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core import queue
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.models import JobRun
from kezhi.core.progress import Progress, Stopped, silent
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight import (
    contenting,
    economics,
    exempting,
    fed_from_above,
    figures,
    following,
    influencing,
    overriding,
    paying,
    prospects,
    publishing,
    standing,
)
from kezhi.insight.engines import engine_of_this_installation
from kezhi.insight.facts import Ledger, facts_folder, read_ledger
from kezhi.insight.indexing import approving
from kezhi.insight.influencing import Influences
from kezhi.insight.models import KeptFigure, ValueRun
from kezhi.insight.naming import stage_of_work
from kezhi.insight.offering import follow_value_run
from kezhi.insight.ruling import current_settings
from kezhi.value.compute.engine import Engine
from kezhi.value.index.tree import FrozenTree
from kezhi.value.measure import Measurement, Previous, Settings, measure
from kezhi.value.plain import from_plain, to_plain
from kezhi.workbench.customizing import carrying_out

logger = logging.getLogger(__name__)

ONE_AT_A_TIME = 7_320_581  # key of the advisory lock that a run holds
FIRST_BACKFILL_MONTHS = 12
PATIENCE = "20s"
READING_SHARE = 0.05
STEPS = 1000
IN_SUMMARY = ("summary", "totals", "growth", "concentration", "cohorts", "matrix", "tiers")

UNEXPECTED = gettext_noop(
    "The run stopped on an unexpected fault; nothing was published. The details are in the worker's log."
)


class NothingToMeasure(Refused):
    """There are no orders yet."""


@audited("value_run.started")
def start_value_run(
    *,
    actor: Actor,
    on: date,
    as_of: date | None = None,
    backfill_months: int | None = None,
    trigger: ValueRun.Trigger = ValueRun.Trigger.PERSON,
) -> ValueRun:
    """Queue a run over the facts until `as_of` (default: today). `run.job_run` tells how it goes.

    `backfill_months` past month ends are measured first; None: twelve the first time, none later.
    Refused while another run is under way.
    """
    run = _begin(actor=actor, on=on, as_of=as_of, backfill_months=backfill_months, trigger=trigger)
    run.job_run = queue.start(
        "insight.run", gettext_lazy("Measure customer value"), actor=actor, run=run.pk
    )
    run.save(update_fields=["job_run"])
    return run


@audited("value_run.started")
def begin_value_run(
    *, actor: Actor, on: date, as_of: date | None = None, backfill_months: int | None = None
) -> ValueRun:
    """A run that the caller carries out itself with `run_value`: the command line, the demo."""
    return _begin(
        actor=actor,
        on=on,
        as_of=as_of,
        backfill_months=backfill_months,
        trigger=ValueRun.Trigger.COMMAND,
    )


def _begin(
    *,
    actor: Actor,
    on: date,
    as_of: date | None,
    backfill_months: int | None,
    trigger: ValueRun.Trigger,
) -> ValueRun:
    if not actor.may("measure", "value_run"):
        raise NotAllowed(_("Your role doesn't start value runs."))
    as_of = as_of or on
    if as_of > on:
        raise Refused(_("A run can't look at a day to come."))
    recover_value_runs()
    approving.publish_due(actor=SYSTEM, on=on)
    try:
        with transaction.atomic():
            run = ValueRun.objects.create(
                as_of=as_of,
                backfill_months=backfill_months,
                trigger=trigger,
                value_settings=current_settings(),
                started_by=person(actor),
                code_version=__version__,
            )
    except IntegrityError as error:
        raise Refused(
            _("A value run is under way already. Wait until it has finished, or cancel it.")
        ) from error
    note(as_of=as_of.isoformat(), backfill_months=backfill_months, trigger=str(trigger))
    return run


@audited("value_run.cancelled")
def cancel_value_run(run: ValueRun, *, actor: Actor, on: date) -> None:
    """Stop a run; it publishes nothing. One that waits for a worker ends at once, others within seconds."""
    if not actor.may("measure", "value_run"):
        raise NotAllowed(_("Your role doesn't cancel value runs."))
    run = ValueRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.state != ValueRun.State.RUNNING or run.job_run_id is None:
        raise Refused(_("This run isn't under way any more."))
    if JobRun.ask_to_stop(run.job_run_id):
        _close(run, ValueRun.State.CANCELLED)


@audited("value_run.cancelled")
def discard_value_run(run: ValueRun, *, actor: Actor) -> None:
    """End a run that this very process carried out and was told to stop."""
    run = ValueRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.state == ValueRun.State.RUNNING:
        _discard(run, ValueRun.State.CANCELLED)


def run_value(run_id: int, progress: Progress = silent) -> ValueRun:
    """Carry out a run that was begun: measure, then publish everything in one transaction.

    Safe to call again after the process was killed: what was measured of past months is kept, a run that
    has ended stays as it is. Raises `Stopped` when cancelled and `Refused` when it can't be done.
    """
    run = ValueRun.objects.select_related("value_settings").get(pk=run_id)
    if run.state != ValueRun.State.RUNNING:
        return run
    with _alone():
        try:
            with engine_of_this_installation() as engine:
                _carry_out(run, progress, engine)
        except Stopped:
            _discard(run, ValueRun.State.CANCELLED)
            raise
        except Refused as refusal:
            _discard(run, ValueRun.State.FAILED, str(refusal))
            raise
        except Exception:
            _discard(run, ValueRun.State.FAILED, _(UNEXPECTED))
            raise
    run.refresh_from_db()
    return run


def recover_value_runs() -> int:
    """Close runs whose worker died for good, so that the next one may start; returns how many."""
    closed = 0
    for run in ValueRun.objects.filter(state=ValueRun.State.RUNNING).select_related("job_run"):
        if run.job_run is not None and run.job_run.is_under_way:
            continue
        if not _take_lock():
            continue
        try:
            message = _("The process that carried out this run ended early. Start it again.")
            _discard(run, ValueRun.State.FAILED, message)
            closed += 1
        finally:
            _leave_lock()
    return closed


@dataclass
class _Work:
    """What the measurements of one run share."""

    run: ValueRun
    settings: Settings
    ledger: Ledger
    tree: FrozenTree | None
    progress: Progress
    engine: Engine
    total: int = 1
    done: int = 0
    influences: Influences | None = None

    def measure(self, day: date, previous: ValueRun | None) -> Measurement:
        facts = self.ledger.facts
        if day != self.run.as_of:
            # Who hadn't bought by then wasn't known by then, as far as anybody can say.
            past = prospects.as_in_the_past(facts.prospects)
            facts = replace(facts, customers=None, prospects=past)
        known = self.ledger.facts.customers
        self.influences = influencing.influences(
            self.ledger.bonds, facts, day, self.ledger.influence, self.settings.as_json()
        )
        if known is not None:
            brought = self.influences.measures(known)
            measures = paying.with_behaviour(brought, self.ledger.invoices, day)
            for measure_name, opinions in self.ledger.opinions.items():
                measures = contenting.with_opinions(measures, opinions, day, known, measure_name)
            measures = fed_from_above.with_fed(measures, day, known)
            facts = replace(facts, measures=measures)
        tiers = publishing.previous_tiers(previous) if previous else None
        measurement = measure(
            facts,
            self.settings,
            as_of=day,
            previous=Previous(tiers=tiers, tree=self.tree),
            progress=self._told(day),
            engine=self.engine,
        )
        self.done += 1
        self.tree = measurement.tree
        return measurement

    def _told(self, day: date) -> Callable[[str, float], None]:
        def tell(stage: str, share: float) -> None:
            self.tell(stage_of_work(stage, day if day != self.run.as_of else None), share)

        return tell

    def tell(self, message: str, share: float = 0.0) -> None:
        begun = READING_SHARE + (1 - READING_SHARE) * (self.done + share) / self.total
        self.progress(int(begun * STEPS), STEPS, message)


def _carry_out(run: ValueRun, progress: Progress, engine: Engine) -> None:
    begun = time.perf_counter()
    progress(0, STEPS, stage_of_work("facts"))
    settings = Settings.from_json(run.value_settings.rules)
    ledger = _read(run.as_of, settings.segment_by, progress)
    if ledger.lines == 0:
        raise NothingToMeasure(_("There are no orders until that day. Import orders first."))
    work = _Work(run, settings, ledger, _published_tree(run, settings), progress, engine)
    days = _backfill_days(run, ledger)
    freeze_first = bool(days) and work.tree is None
    work.total = len(days) + freeze_first + 1
    if freeze_first:
        # The bounds of the indices are those of today's customers, for the months of the past as well.
        work.measure(run.as_of, None)
    for day in days:
        _backfill(work, day)
    measurement = work.measure(run.as_of, _last_before(run, run.as_of))
    work.tell(stage_of_work("publish"))
    publish_value_run(run, measurement, work, begun, actor=SYSTEM)
    del work, ledger, measurement  # a gigabyte that the figures of the pages have better use for
    # Published is published: nothing after it may stop or fail the run.
    try:
        standing.validate_standings()
        _keep_figures()
        following.keep_figures()
        carrying_out.follow_row("customer", "standing")
        follow_value_run(run)
    except Exception:
        logger.exception("What follows from run %s was not prepared", run.pk)
    with suppress(Stopped):
        progress(STEPS, STEPS, stage_of_work("done"))


def _keep_figures() -> None:
    """So that the first to open the dashboard of a large company doesn't wait either."""
    basis = figures.basis()
    if basis is None or basis.run.customers < figures.MANY:
        return
    for figure in (figures.strip, figures.pyramid, figures.pareto, figures.matrix):
        figure(SYSTEM, basis)
    figures.cohorts(SYSTEM, basis)
    figures.flow(SYSTEM, basis)
    figures.rfm(SYSTEM, basis)
    figures.trend(SYSTEM, basis)
    for third in ("", *figures.thirds_measured(SYSTEM, basis).names):
        figures.grid(SYSTEM, basis, third)
    drawn = figures.borders_of_run(basis)
    for up in drawn.ups:
        if up != drawn.up:
            figures.grid(SYSTEM, basis, up=up)
    figures.keep_growth(basis)
    rules = Settings.from_json(basis.run.value_settings.rules)
    economics.retention(SYSTEM, basis, rules.horizon_months, rules.annual_rate)


def _read(as_of: date, segment_by: str, progress: Progress) -> Ledger:
    stage = stage_of_work("facts")

    def tell(done: int, total: int, message: str = "") -> None:
        progress(int(READING_SHARE * STEPS * done / max(total, 1)), STEPS, stage)

    with transaction.atomic():
        if len(connection.atomic_blocks) == 1:  # else the caller's transaction decides
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return read_ledger(facts_folder(), as_of, tell, segment_by=segment_by)


def _published_tree(run: ValueRun, settings: Settings) -> FrozenTree | None:
    """The tree with the bounds it was published with, as long as the rules hold the same tree."""
    latest = ValueRun.objects.published().exclude(tree={}).order_by("-as_of", "-id").first()
    if latest is None:
        return None
    frozen = from_plain(FrozenTree, latest.tree)
    return frozen if frozen.tree == settings.tree else None


def _backfill_days(run: ValueRun, ledger: Ledger) -> list[date]:
    """The month ends to measure first, oldest first; those measured from the same facts are left out."""
    months = run.backfill_months
    if months is None:
        months = 0 if ValueRun.objects.published().exists() else FIRST_BACKFILL_MONTHS
    first_on = pc.min(ledger.facts.lines["day"]).as_py()
    days: list[date] = []
    day = run.as_of.replace(day=1)
    for _month in range(months):
        day = day.replace(day=1) - timedelta(days=1)
        if day <= first_on:
            break
        days.append(day)
    return [day for day in reversed(days) if not _is_measured(run, ledger, day)]


def _is_measured(run: ValueRun, ledger: Ledger, day: date) -> bool:
    return (
        ValueRun.objects.filter(
            as_of=day,
            has_snapshots=True,
            data_version=ledger.version(day),
            value_settings=run.value_settings_id,
        )
        .filter(_known_to(run))
        .exists()
    )


def _known_to(run: ValueRun) -> Q:
    return Q(state=ValueRun.State.PUBLISHED) | Q(state=ValueRun.State.MEASURED, backfill_of=run.pk)


def _last_before(run: ValueRun, day: date) -> ValueRun | None:
    """The run whose tiers the next one holds on to: published, or measured as part of this run."""
    known = ValueRun.objects.filter(_known_to(run), has_snapshots=True, as_of__lt=day)
    return known.order_by("-as_of", "-id").first()


def _backfill(work: _Work, day: date) -> None:
    begun = time.perf_counter()
    measurement = work.measure(day, _last_before(work.run, day))
    with transaction.atomic():
        past = ValueRun.objects.create(
            state=ValueRun.State.MEASURED,
            trigger=work.run.trigger,
            as_of=day,
            backfill_of=work.run,
            value_settings=work.run.value_settings,
            started_by=work.run.started_by,
            code_version=__version__,
        )
        publishing.store_snapshots(past, measurement)
        _store_influences(past, measurement, work)
        exempting.leave_unjudged(past)
        _record(past, measurement, work, begun)


@audited("value_run.published")
def publish_value_run(
    run: ValueRun, measurement: Measurement, work: _Work, begun: float, *, actor: Actor
) -> None:
    """Make the measurement what every page reads, with the past months measured for it."""
    run = ValueRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    with following.telling(run, work.ledger) as told:
        publishing.store_snapshots(run, measurement)
        _store_influences(run, measurement, work)
        exempting.leave_unjudged(run)
        run.state = ValueRun.State.PUBLISHED
        _record(run, measurement, work, begun)
        past = list(run.backfilled.filter(state=ValueRun.State.MEASURED).order_by("as_of"))
        run.backfilled.filter(state=ValueRun.State.MEASURED).update(state=ValueRun.State.PUBLISHED)
        moves = 0
        for each in (*past, run):
            publishing.supersede(each)
            moves += publishing.write_moves(each)
        standings = None
        if ValueRun.objects.latest_published() == run:
            standings = standing.prepare_standings(run)
            overriding.expire_overrides(run, actor=actor)
            KeptFigure.objects.exclude(key__in=figures.OF_A_DAY).delete()
            following.prepare_pages(run, work.ledger, told)
    work.tell(stage_of_work("publish"), 0.9)  # the last chance to cancel
    changed = standings.show() if standings else 0
    for follow in publishing.on_published:
        follow()
    note(as_of=run.as_of.isoformat(), changed=changed, moves=moves, backfilled=len(past))


def _store_influences(run: ValueRun, measurement: Measurement, work: _Work) -> None:
    """Before `_record`: it adds what the run tells of influence to the summary."""
    if work.influences is not None:
        told = influencing.store_influences(run, work.influences, measurement.customers)
        run.summary = {"influence": told}


def _record(run: ValueRun, measurement: Measurement, work: _Work, begun: float) -> None:
    facts = measurement.run.as_json()
    run.chosen_model = str(facts["model"]["chosen"])
    run.parameters = {name: facts[name] for name in ("model", "spend")}
    run.diagnostics = {
        name: facts[name]
        for name in ("evaluation", "report", "calibration", "tracking", "frequencies")
    }
    run.summary |= {name: facts[name] for name in IN_SUMMARY}
    run.warnings = facts["warnings"]
    run.tree = to_plain(measurement.tree)
    run.customers = measurement.customers.num_rows
    run.lines = int(facts["summary"]["lines"])
    run.data_version = work.ledger.version(run.as_of)
    run.seconds = round(time.perf_counter() - begun, 3)
    run.finished_at = Now()
    run.save()
    run.refresh_from_db(fields=["finished_at"])


def _discard(run: ValueRun, state: ValueRun.State, error: str = "") -> None:
    """Close a run that came to nothing, and forget the past months measured for it."""
    with transaction.atomic():
        past = run.backfilled.filter(state=ValueRun.State.MEASURED)
        publishing.forget_snapshots(list(past.values_list("pk", flat=True)))
        past.delete()
        _close(run, state, error)


def _close(run: ValueRun, state: ValueRun.State, error: str = "") -> None:
    run.state, run.error, run.finished_at = state, error[:500], Now()
    run.save(update_fields=["state", "error", "finished_at"])
    run.refresh_from_db()


@contextmanager
def _alone() -> Iterator[None]:
    """One run at a time over all processes; the lock goes with the connection of a killed process."""
    if not _take_lock() and not _wait_for_lock():
        raise Refused(_("Another process carries out a value run at this moment."))
    try:
        yield
    finally:
        _leave_lock()


def _take_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ONE_AT_A_TIME])
        return bool(cursor.fetchone()[0])


def _wait_for_lock() -> bool:
    """The connection of a killed process may take a moment to end."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
            cursor.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])
    except OperationalError:
        return False
    return True


def _leave_lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [ONE_AT_A_TIME])
