"""Documents follow their records: at the end of a deed, after an import, at night, or all anew."""

# ruff: noqa: S608  # tables and columns are the code's own names; entries go as parameters
from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.audit.recording import traced_by
from kezhi.core import queue
from kezhi.core.actor import Actor
from kezhi.core.apart import in_processes
from kezhi.core.models import JobRun
from kezhi.core.progress import Progress, silent
from kezhi.core.saying import Told
from kezhi.records import registry
from kezhi.workbench.customizing import definitions
from kezhi.workbench.models import SearchGap
from kezhi.workbench.searching import documents
from kezhi.workbench.searching.subjects import Subject, subject, subjects

logger = logging.getLogger(__name__)

JOB = "search.fill"
AT_ONCE = 300  # more than a deed should wait for: a job closes them
CHUNK = 5_000
WORTH_PROCESSES = 40_000
MOST_PROCESSES = 4
LOCK = 7_302_114  # an advisory lock of the database


# ---- with the deed ----


def close_own_gaps() -> None:
    """Before a deed ends: write the documents of what it changed, in its transaction.

    After a large change the records are left to a job, which begins when the deed is committed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, first_id, last_id FROM workbench_searchgap"
            f" WHERE written_by = txid_current_if_assigned() LIMIT {AT_ONCE + 1}"
        )
        found = cursor.fetchall()
        if not found:
            return
        if len(found) > AT_ONCE or any(last - first > AT_ONCE for _kind, first, last in found):
            close_later()
            return
        cursor.execute(
            "DELETE FROM workbench_searchgap WHERE written_by = txid_current_if_assigned()"
        )
    for name, ids in _by_kind(found).items():
        refresh(name, sorted(ids))


def _by_kind(gaps: Iterable[tuple[str, int, int]]) -> dict[str, set[int]]:
    ids: dict[str, set[int]] = defaultdict(set)
    for name, first, last in gaps:
        ids[name].update(range(first, last + 1))
    return ids


def refresh(name: str, ids: Sequence[int]) -> None:
    """The documents of these records as the records are now; none for those that are gone."""
    about = subject(name) if name in registry else None
    if about is None:
        return
    made = documents.documents(about, ids)
    if made:
        documents.put(made)
    gone = set(ids) - {each.object_id for each in made}
    if gone:
        documents.drop(name, sorted(gone))


def close_later() -> None:
    """Queue the job that closes all gaps, once; it runs when this transaction is committed."""
    queue.defer("search.close_gaps", queueing_lock="search.close_gaps")


# ---- after an import ----


@contextmanager
def noting_gaps_in_sets() -> Iterator[None]:
    """Within an import: inserted rows leave no gap each; the import tells them all by `note_gaps`."""
    _tell("in sets")
    yield
    _tell("")


def _tell(how: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('kezhi.search_gaps', %s, true)", [how])


def note_gaps(stretches: Iterable[tuple[str, int, int]]) -> None:
    """Rows were inserted in sets: table, first and last id of each stretch."""
    names = {each.model._meta.db_table: each.name for each in subjects()}
    with connection.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO workbench_searchgap (kind, first_id, last_id, written_by)
               VALUES (%s, %s, %s, txid_current())""",
            [(names[table], first, last) for table, first, last in stretches if table in names],
        )


@traced_by("import.done")
def fill_after_import(*, file: str, actor: Actor) -> JobRun | None:
    """Close the import's gaps: few at once, many in a job that people can watch. Part of `import.done`."""
    waiting = _own_records()
    if not waiting:
        return None
    if waiting <= AT_ONCE:
        close_own_gaps()
        return None
    # The deed that ends soon needn't look at them again.
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workbench_searchgap SET written_by = NULL"
            " WHERE written_by = txid_current_if_assigned()"
        )
    title = Told(gettext_lazy("Making %(file)s findable"), file=file)
    return queue.start(JOB, title, actor=actor)


def _own_records() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(last_id - first_id + 1), 0) FROM workbench_searchgap"
            " WHERE written_by = txid_current_if_assigned()"
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


# ---- in a job ----


def close_gaps(progress: Progress = silent, *, is_waiting: bool = True) -> int:
    """Close every gap that is committed, in chunks of their own transactions; how many records that were.

    Safe to stop and to repeat: a chunk's gaps go with the commit of its documents. While another job does
    it, this one waits or leaves it to that.
    """
    with _alone(is_waiting) as is_ours:
        if not is_ours:
            return 0
        _cut_long_gaps()
        plan = list(_plan())
        total = sum(last - first + 1 for _name, first, last, _gaps in plan)
        return _carry_out(plan, total, progress) if plan else 0


def sort_in() -> int:
    """Bring what waits in the list of the index to its place; how many pages that were.

    Whoever looks for something reads the list through, so it stays short.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT kezhi_sort_search_in()")
        return int(cursor.fetchone()[0])


@contextmanager
def _alone(is_waiting: bool) -> Iterator[bool]:
    """Two jobs would do the same work twice."""
    ask = "SELECT true FROM (SELECT pg_advisory_lock(%s)) AS waited"
    with connection.cursor() as cursor:
        cursor.execute(ask if is_waiting else "SELECT pg_try_advisory_lock(%s)", [LOCK])
        row = cursor.fetchone()
        is_ours = bool(row and row[0])
        try:
            yield is_ours
        finally:
            if is_ours:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def note_kind(name: str) -> None:
    """All records of a kind have other words now (a field became searchable): a job writes them anew."""
    about = subject(name)
    if about is None:
        return
    with connection.cursor() as cursor:
        _note_all(cursor, about)
    close_later()


def _note_all(cursor: Any, about: Subject) -> None:
    table, pk = about.model._meta.db_table, about.model._meta.pk.column  # type: ignore[union-attr]
    cursor.execute(
        f"""INSERT INTO workbench_searchgap (kind, first_id, last_id)
            SELECT %s, min("{pk}"), max("{pk}") FROM {table} HAVING count(*) > 0""",
        [about.name],
    )


def note_new_kinds(names: Sequence[str]) -> None:
    """Records that were there before their kind could be searched; the job by the clock finds the gap."""
    with connection.cursor() as cursor:
        for about in subjects():
            if about.name in names:
                _note_all(cursor, about)


def _cut_long_gaps() -> None:
    """A gap over a whole table becomes pieces that are closed one by one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH cut AS (DELETE FROM workbench_searchgap WHERE last_id - first_id >= %s RETURNING *)
               INSERT INTO workbench_searchgap (kind, first_id, last_id)
               SELECT cut.kind, piece, least(piece + %s - 1, cut.last_id)
               FROM cut, generate_series(cut.first_id, cut.last_id, %s) AS piece""",
            [CHUNK, CHUNK, CHUNK],
        )


Chunk = tuple[str, int, int, list[int]]


def _plan() -> Iterator[Chunk]:
    """Stretches of about `CHUNK` numbers with the gaps that they close."""
    gaps = SearchGap.objects.order_by("kind", "first_id", "last_id").values_list(
        "pk", "kind", "first_id", "last_id"
    )
    name, first, last, closed = "", 0, -1, list[int]()
    for pk, kind, begin, end in gaps.iterator(chunk_size=10_000):
        if closed and (kind != name or end - first >= CHUNK):
            yield name, first, last, closed
            closed = []
        if not closed:
            name, first, last = kind, begin, end
        last = max(last, end)
        closed.append(pk)
    if closed:
        yield name, first, last, closed


def _carry_out(plan: Sequence[Chunk], total: int, progress: Progress) -> int:
    done = 0
    progress(done, total, _("Making records findable"))
    for records in _chunks_done(plan, total):
        done += records
        progress(done, max(total, done), _("Making records findable"))
    return done


def _chunks_done(plan: Sequence[Chunk], total: int) -> Iterator[int]:
    processes = min(MOST_PROCESSES, os.cpu_count() or 1)
    if total < WORTH_PROCESSES or processes < 2 or connection.in_atomic_block:
        for chunk in plan:
            yield fill_chunk(chunk)
        return
    for ended in in_processes(__name__, "fill_chunk", plan, processes):
        yield sum(ended)


@definitions.as_of_now()  # in a process of its own nobody has said which fields the company has
def fill_chunk(chunk: Chunk) -> int:
    """The documents of a stretch of records, and an end to the gaps that it closes."""
    name, first, last, gaps = chunk
    about = subject(name) if name in registry else None
    with transaction.atomic():
        _relax()
        SearchGap.objects.filter(pk__in=gaps).delete()
        if about is None:
            return 0
        ids = _ids(about, first, last)
        filled = documents.replace_many(about, ids) if ids else 0
        _drop_orphans(about, first, last, ids)
    return filled


def _relax() -> None:
    # A crash before the next sync of the log brings the gaps back as well: nothing is lost.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


def _ids(about: Subject, first: int, last: int) -> list[int]:
    rows = about.model._base_manager.filter(pk__gte=first, pk__lte=last).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def _drop_orphans(about: Subject, first: int, last: int, ids: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""DELETE FROM {documents.TABLE} WHERE kind = %s AND object_id BETWEEN %s AND %s
                AND NOT object_id = ANY(%s)""",
            [about.name, first, last, list(ids)],
        )


# ---- all anew, and the check at night ----


def rebuild(names: Sequence[str] = (), progress: Progress = silent) -> dict[str, int]:
    """Write every document of these kinds anew, of all without names; the old ones serve meanwhile."""
    made = {}
    for about in subjects():
        if names and about.name not in names:
            continue
        plan = list(_stretches(about))
        total = sum(last - first + 1 for _name, first, last, _gaps in plan)
        made[about.name] = _carry_out(plan, total, progress)
    if not names:
        _forget_other_kinds()
    return made


def _stretches(about: Subject) -> Iterator[Chunk]:
    """Stretches of `CHUNK` rows over all numbers that rows or documents have."""
    table, pk = about.model._meta.db_table, about.model._meta.pk.column  # type: ignore[union-attr]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT least((SELECT min("{pk}") FROM {table}), (SELECT min(object_id)
                  FROM {documents.TABLE} WHERE kind = %s)),
                greatest((SELECT max("{pk}") FROM {table}), (SELECT max(object_id)
                  FROM {documents.TABLE} WHERE kind = %s))""",
            [about.name, about.name],
        )
        first, last = cursor.fetchone() or (None, None)
        if first is None:
            return
        cursor.execute(
            f"""SELECT "{pk}" FROM (SELECT "{pk}", row_number() OVER (ORDER BY "{pk}") AS n FROM {table}) t
                WHERE n % {CHUNK} = 0 ORDER BY 1"""
        )
        ends = [row[0] for row in cursor.fetchall()]
    for end in [*ends, last]:
        if end >= first:
            yield about.name, first, end, []
            first = end + 1


def _forget_other_kinds() -> None:
    known = [each.name for each in subjects()]
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {documents.TABLE} WHERE NOT kind = ANY(%s)", [known])


def check_counts() -> dict[str, tuple[int, int]]:
    """Records without a document and documents without a record, by kind, noted as gaps to close.

    Kinds in which both agree aren't named.
    """
    found = {}
    for about in subjects():
        table, pk = about.model._meta.db_table, about.model._meta.pk.column  # type: ignore[union-attr]
        with connection.cursor() as cursor:
            cursor.execute(
                f"""INSERT INTO workbench_searchgap (kind, first_id, last_id)
                    SELECT %s, "{pk}", "{pk}" FROM {table} r WHERE NOT EXISTS (SELECT 1
                      FROM {documents.TABLE} d WHERE d.kind = %s AND d.object_id = r."{pk}")""",
                [about.name, about.name],
            )
            missing = cursor.rowcount
            cursor.execute(
                f"""DELETE FROM {documents.TABLE} d WHERE kind = %s AND NOT EXISTS (
                      SELECT 1 FROM {table} r WHERE r."{pk}" = d.object_id)""",
                [about.name],
            )
            orphans = cursor.rowcount
        if missing or orphans:
            found[about.name] = (missing, orphans)
            logger.warning(
                "Search: %s %s without document, %s documents without record",
                missing,
                about.name,
                orphans,
            )
    if found:
        close_later()
    return found


def is_behind() -> bool:
    """Whether some records can't be found yet, or only as they were."""
    return SearchGap.objects.exists()
