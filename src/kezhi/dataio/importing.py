"""Check a file without writing, import it in one transaction, take the whole import back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime

import pyarrow as pa
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from kezhi.audit.recording import as_one_batch, audited, note, traced_by
from kezhi.core import queue
from kezhi.core.actor import Actor
from kezhi.core.models import JobRun, JobState
from kezhi.core.progress import Progress, silent
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.dataio import custom_columns, tag_column
from kezhi.dataio.models import BatchState, ImportBatch, ImportProblem
from kezhi.dataio.reading import Table
from kezhi.dataio.registry import Counts, Loader, guards, loader_of
from kezhi.dataio.staging import Findings, Staging, Work
from kezhi.dataio.typing import Column, typed
from kezhi.dataio.undoing import created_ids
from kezhi.dataio.uploading import columns_of, cut, demand_permission, remember, table_of
from kezhi.records import registry
from kezhi.workbench.searching import filling

PREVIEW_ROWS = 50
PREVIEW_BAD_ROWS = 200


class _Discard(Exception):
    """Ends the dry run: the transaction is rolled back."""


# ---- the dry run ----


@traced_by("import.done")
def check(
    batch: ImportBatch, *, actor: Actor, on: date, at: datetime, progress: Progress = silent
) -> None:
    """Do everything but write: how many rows can be imported, which not, and why. Raises `Refused`."""
    _demand(
        batch,
        actor,
        {BatchState.UPLOADED, BatchState.CHECKED, BatchState.CHECKING, BatchState.FAILED},
    )
    table = table_of(batch)
    columns = columns_of(batch, table, on=on)
    findings = Findings(batch.problems_path)
    try:
        with _dry():
            work, rows = _stage(batch, table, columns, findings, actor, on, progress)
            counts = _resolve(work, loader_of(batch.kind))
            work.staging.drop()
            raise _Discard
    except _Discard:
        pass
    finally:
        findings.close()
    _keep_findings(batch, table, findings, rows, counts)
    batch.state, batch.checked_at, batch.message = BatchState.CHECKED, at, ""
    batch.save()


@contextmanager
def _dry() -> Iterator[None]:
    # Temporary tables and sequence numbers are all that a dry run touches; the savepoint takes them back.
    with transaction.atomic():
        yield


def _stage(
    batch: ImportBatch,
    table: Table,
    columns: list[Column],
    findings: Findings,
    actor: Actor,
    on: date,
    progress: Progress,
) -> tuple[Work, int]:
    """COPY every row that can be understood into the staging table; the number of rows read."""
    loader = loader_of(batch.kind)
    fields = loader.fields()
    staging = Staging(fields, {**loader.extra, **custom_columns.ids_of(fields)})
    total = batch.total or estimated_rows(table)
    done = 0
    progress(done, total, _("Reading the rows"))
    for raw in table.batches():
        understood = typed(raw, columns)
        findings.add(understood.problems)
        staging.add(understood)
        done += understood.rows_read
        progress(done, max(total, done), _("Reading the rows"))
    staging.ready()

    def step(message: str) -> None:
        progress(done, done, message)

    places = {column.field.name: column.index for column in columns}
    tags = places.pop(tag_column.NAME, -1)
    work = Work(staging, findings, actor, on, batch.options, places, batch.pk, step, tags)
    step(_("Comparing with what is there"))
    return work, done


def _resolve(work: Work, loader: Loader) -> Counts:
    tag_column.resolve(work)
    for guard in guards:
        guard(loader.kind, work)
    counts = loader.resolve(work)
    tagged = tag_column.newly_tagged(loader, work)
    return replace(counts, updated=counts.updated + tagged, unchanged=counts.unchanged - tagged)


def estimated_rows(table: Table) -> int:
    """About how many rows a file has: its line ends, or the rows of the sheet."""
    if table.format == "workbook":
        with pa.memory_map(str(table.path)) as source, pa.ipc.open_file(source) as reader:
            return sum(reader.get_batch(i).num_rows for i in range(reader.num_record_batches))
    lines = 0
    with table.path.open("rb") as file:
        while block := file.read(1 << 22):
            lines += block.count(b"\n")
    return max(1, lines - table.heading_row + 1)


def _keep_findings(
    batch: ImportBatch, table: Table, findings: Findings, rows: int, counts: Counts
) -> None:
    batch.total, batch.bad = rows, findings.rows
    batch.good = rows - findings.rows
    batch.created, batch.updated, batch.unchanged = counts.created, counts.updated, counts.unchanged
    batch.details = counts.details
    batch.problems_total = findings.total
    batch.causes = findings.causes()
    fields = [entry["field"] for entry in batch.mapping]
    shown = sorted(findings.shown, key=lambda problem: (problem.row, problem.column))
    batch.problems.all().delete()
    ImportProblem.objects.bulk_create(
        ImportProblem(
            batch=batch,
            row=problem.row,
            column=problem.column,
            field=fields[problem.column] if problem.column >= 0 else "",
            code=problem.code,
            text=problem.text[:200],
            params=dict(problem.params),
        )
        for problem in shown
    )
    bad = list(dict.fromkeys(problem.row for problem in shown))[:PREVIEW_BAD_ROWS]
    batch.preview = {**batch.preview, **_preview(table, bad)}


def _preview(table: Table, bad: list[int]) -> dict[str, list[list[object]]]:
    """The first rows and the first bad ones, as they stand in the file."""
    first: list[list[object]] = []
    wanted, found = set(bad), {}
    for raw in table.batches():
        for index, number in enumerate(
            raw.numbers[:PREVIEW_ROWS] if len(first) < PREVIEW_ROWS else []
        ):
            first.append([int(number), *map(cut, raw.row(index))])
        for row in raw.broken:
            if row.number in wanted:
                found[row.number] = [row.number, *map(cut, row.cells)]
        numbers = raw.numbers
        for number in [n for n in wanted if len(numbers) and numbers[0] <= n <= numbers[-1]]:
            position = int(numbers.searchsorted(number))
            if numbers[position] == number:
                found[number] = [number, *map(cut, raw.row(position))]
        if len(found) == len(wanted) and len(first) >= PREVIEW_ROWS:
            break
    return {"first": first[:PREVIEW_ROWS], "bad": [found[n] for n in sorted(found)]}


# ---- the import ----


@audited("import.done")
def import_rows(
    batch: ImportBatch,
    *,
    actor: Actor,
    on: date,
    at: datetime,
    progress: Progress = silent,
) -> ImportBatch:
    """Bring the good rows in, all or none; the same file twice changes nothing.

    Raises `Refused` when the mapping can't work, or when rows are bad and the batch is all or nothing.
    """
    _take_hold(batch)
    _demand(
        batch,
        actor,
        {BatchState.UPLOADED, BatchState.CHECKED, BatchState.IMPORTING, BatchState.FAILED},
    )
    table = table_of(batch)
    columns = columns_of(batch, table, on=on)
    findings = Findings(batch.problems_path)
    loader = loader_of(batch.kind)
    try:
        # The batch keeps its own list of rows and what they were; the triggers need not.
        with as_one_batch():
            work, rows = _stage(batch, table, columns, findings, actor, on, progress)
            counts = _resolve(work, loader)
            if findings.rows and not batch.options.get("skip_bad", True):
                raise Refused(
                    _("%(bad)s rows can't be imported, and the import is set to all or nothing.")
                    % {"bad": findings.rows}
                )
            work.step(_("Writing"))
            with filling.noting_gaps_in_sets():
                _write(work, loader)
            _settle_computed(batch)
            _make_findable(batch, actor)
            _plan_checks_anew()
            work.step(_("Finishing"))
            work.staging.drop()
    finally:
        findings.close()
    _keep_findings(batch, table, findings, rows, counts)
    batch.state, batch.finished_at, batch.message = BatchState.DONE, at, ""
    batch.save()
    remember(batch)
    note(
        kind=batch.kind,
        file=batch.file_name,
        created=batch.created,
        updated=batch.updated,
        unchanged=batch.unchanged,
        bad=batch.bad,
        **batch.details,
    )
    return batch


def _take_hold(batch: ImportBatch) -> None:
    """One process at a time imports a batch: who comes second waits, and then knows what the first has done.

    A worker that was only slow to beat may be taken for a killed one, and its job given to another.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('kezhi.import', %s))", [batch.pk]
        )
    batch.refresh_from_db(fields=["state"])


def _write(work: Work, loader: Loader) -> None:
    try:
        with transaction.atomic():
            tag_column.remember(loader, work)
            loader.write(work)
            tag_column.write(loader, work)
    except IntegrityError as error:
        raise Refused(
            _(
                "Somebody changed the same records at this moment. Nothing was imported; import again."
            )
        ) from error


def _settle_computed(batch: ImportBatch) -> None:
    """What is computed from the records that came or changed."""
    table = registry.declared(batch.kind).model._meta.db_table
    touched = batch.before_images.filter(table=table).values_list("row_id", flat=True)
    if registry.declared(batch.kind).is_customizable:
        custom_columns.settle(batch.kind, [*created_ids(batch, table), *touched])


def _make_findable(batch: ImportBatch, actor: Actor) -> None:
    """Few records can be found when the import ends; of many, a job tells when they can."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT r."table", min(u.row_id), max(u.row_id) FROM dataio_importedrows r,
                 unnest(r.ids) AS u(row_id)
               WHERE r.batch_id = %s GROUP BY r."table", u.row_id / %s""",
            [batch.pk, filling.CHUNK],
        )
        filling.note_gaps(cursor.fetchall())
    filling.fill_after_import(file=batch.file_name, actor=actor)


def _plan_checks_anew() -> None:
    """Foreign keys are checked row by row at the commit; their plans must use the index.

    With statistics from when a table was empty (after an undone import, say) they were seen to read the whole
    table for every row, for minutes.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("DISCARD PLANS")


@traced_by("import.done")
def queue_check(batch: ImportBatch, *, actor: Actor) -> JobRun:
    """Check a large file in the background."""
    return _queue(batch, "dataio.check", BatchState.CHECKING, actor)


@traced_by("import.done")
def queue_import(batch: ImportBatch, *, actor: Actor) -> JobRun:
    """Import in the background, with progress that people can watch and stop."""
    return _queue(batch, "dataio.import", BatchState.IMPORTING, actor)


def _queue(batch: ImportBatch, name: str, state: BatchState, actor: Actor) -> JobRun:
    with transaction.atomic():
        row = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        demand_permission(actor, row.kind)
        if not row.is_open:
            raise Refused(_("This import is under way or finished and can't be changed."))
        batch.job_run = queue.start(name, batch.file_name, actor=actor, batch=batch.pk)
        batch.state, batch.message = state, ""
        batch.save(update_fields=["job_run", "state", "message"])
    return batch.job_run


def give_up(batch: ImportBatch, message: str, *, is_cancelled: bool) -> None:
    """After work that was rolled back: the batch can be changed and tried again."""
    was_check = batch.state == BatchState.CHECKING
    batch.refresh_from_db()
    if batch.state in {BatchState.DONE, BatchState.UNDONE}:
        return  # another worker has brought it to its end
    batch.state = BatchState.UPLOADED if is_cancelled or was_check else BatchState.FAILED
    batch.message = message[:500]
    batch.save(update_fields=["state", "message"])


@audited("import.cancelled")
def cancel_import(batch: ImportBatch, *, actor: Actor) -> ImportBatch:
    """Stop the work under way; before it began, throw the file away. Nothing of the file stays imported."""
    row = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    demand_permission(actor, row.kind)
    if row.is_under_way and row.job_run is not None and row.job_run.is_under_way:
        JobRun.objects.filter(pk=row.job_run.pk).update(cancel_requested=True)
        waiting = JobRun.objects.filter(pk=row.job_run.pk, state=JobState.QUEUED)
        if waiting.update(state=JobState.CANCELLED, finished_at=Now()):
            # No worker had taken it up: there is nothing to wait for.
            row.state, row.message = BatchState.UPLOADED, _("Cancelled. Nothing was imported.")
            row.save(update_fields=["state", "message"])
        return row
    if row.state in {BatchState.DONE, BatchState.UNDONE}:
        raise Refused(_("The import is finished. You can undo it as a whole."))
    row.state = BatchState.CANCELLED
    row.save(update_fields=["state"])
    transaction.on_commit(row.delete_files)
    return row


@audited("import.undone")
def undo_import(batch: ImportBatch, *, actor: Actor, at: datetime) -> ImportBatch:
    """Delete what the import created and restore what it changed; refused when later changes depend on it."""
    row = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    demand_permission(actor, row.kind)
    if not ImportBatch.objects.visible_to(actor).filter(pk=row.pk).exists():
        raise NotAllowed(
            _("Only whoever imported the file, or who imports for the whole company, can undo it.")
        )
    if not row.is_undoable:
        raise Refused(_("There is nothing to undo."))
    table = registry.declared(row.kind).model._meta.db_table
    touched = list(row.before_images.filter(table=table).values_list("row_id", flat=True))
    with as_one_batch():
        tag_column.undo(row)
        loader_of(row.kind).undo(row, actor=actor)
        if registry.declared(row.kind).is_customizable:
            custom_columns.settle(row.kind, touched)
        _plan_checks_anew()
    row.imported_rows.all().delete()
    row.before_images.all().delete()
    row.state, row.undone_at = BatchState.UNDONE, at
    row.save(update_fields=["state", "undone_at"])
    note(kind=row.kind, file=row.file_name)
    return row


def _demand(batch: ImportBatch, actor: Actor, states: set[BatchState]) -> None:
    demand_permission(actor, batch.kind)
    if batch.state not in states:
        raise Refused(_("This import is under way or finished and can't be changed."))


# ---- what jobs call ----


@traced_by("import.done")
def in_background(
    work: Callable[..., object],
    batch: ImportBatch,
    job_run: JobRun,
    *,
    actor: Actor,
    on: date,
    at: datetime,
    progress: Progress,
) -> JobState:
    """Run `check` or `import_rows` for a job: a refusal or a cancel ends the batch, not the worker."""
    from kezhi.core.progress import Stopped

    try:
        work(batch, actor=actor, on=on, at=at, progress=progress)
    except Stopped:
        give_up(batch, str(_("Cancelled. Nothing was imported.")), is_cancelled=True)
        return JobState.CANCELLED
    except Refused as refusal:
        give_up(batch, str(refusal), is_cancelled=False)
        return JobState.DONE if batch.state == BatchState.DONE else JobState.FAILED
    return JobState.DONE
