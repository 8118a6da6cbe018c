"""The whole base searched for duplicates, as a job that people watch; and pairs kept for review."""

# tables and columns are the code's own names
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.audit.recording import as_one_batch, audited, note, traced_by
from kezhi.core import queue
from kezhi.core.actor import Actor, Scope
from kezhi.core.models import JobRun, JobState
from kezhi.core.progress import Progress, silent
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.deduplicating_pairs import Pair, Pairs, components, is_mark
from kezhi.customers.matching_keeping import keep_missing
from kezhi.customers.models import MatchKey

JOB = "customers.find_duplicates"
# Identifiers first: the surest pairs are found even if the names bring too many.
LETTERS = "cotewph" + "ybfs"
FETCH = 500
Found = tuple[Pair, int, list[str]]


@traced_by("duplicates.searched")
def queue_scan(*, actor: Actor) -> JobRun:
    """Search in the background; one search at a time."""
    _demand(actor)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [JOB])
        if JobRun.objects.under_way().filter(name=JOB).exists():
            raise Refused(_("The search is under way already."))
        return queue.start(JOB, gettext_lazy("Search for duplicates"), actor=actor)


@audited("duplicates.cancelled")
def cancel_scan(*, actor: Actor) -> int:
    """Stop the search; one that no worker has taken up ends at once."""
    _demand(actor)
    runs = JobRun.objects.filter(name=JOB)
    waiting = runs.filter(state=JobState.QUEUED)
    ended = waiting.update(state=JobState.CANCELLED, finished_at=Now())
    return ended + runs.under_way().update(cancel_requested=True)


@audited("duplicates.searched")
def find_duplicates(*, actor: Actor, progress: Progress = silent) -> dict[str, int]:
    """Compare all customers that share a key and list the pairs; what was dismissed stays so."""
    _demand(actor)
    progress(0, 0, _("Completing the match keys"))
    keep_missing(progress)
    total = MatchKey.objects.count()
    pairs = Pairs()
    done = 0
    with as_one_batch():
        for letter in LETTERS:
            for key, records, rows in _groups(letter):
                if is_mark(key):
                    pairs.add_marks(key, records)
                else:
                    pairs.add_names(records)
                done += rows
                progress(min(done, total), total, _("Comparing the customers"))
        progress(total, total, _("Writing down the pairs"))
        result = {
            **keep_pairs(list(pairs.found())),
            "compared": pairs.compared,
            "oversized": pairs.oversized,
            "dropped": pairs.dropped,
        }
        result["gone"] = _forget_unfound(pairs)
    note(**result)
    return result


def _demand(actor: Actor) -> None:
    if actor.scope("create", "merge") < Scope.DEPARTMENT:
        raise NotAllowed(_("Your role doesn't search for duplicates."))


def _groups(letter: str) -> Iterator[tuple[str, list[tuple[int, str]], int]]:
    """Keys that several customers have, with (id, name of a company) of each, streamed."""
    after = chr(ord(letter) + 1)
    with connection.chunked_cursor() as cursor:
        cursor.cursor.itersize = FETCH
        cursor.execute(
            """SELECT m.key, array_agg(c.id), array_agg(CASE c.form WHEN 'company' THEN c.name ELSE '' END)
               FROM customers_matchkey m JOIN customers_customer c ON c.id = m.customer_id
               WHERE m.key >= %s AND m.key < %s
               GROUP BY m.key HAVING count(DISTINCT m.customer_id) > 1""",
            [f"{letter}:", f"{after}:"],
        )
        for key, ids, names in cursor:
            records = list(zip(ids, names, strict=True))
            if letter in "ybfs":
                records = [each for each in records if each[1]]
            yield key, records, len(ids)


def keep_pairs(found: Sequence[Found], batch_id: int | None = None) -> dict[str, int]:
    """Write pairs down; what is known gets its new score, what was dismissed isn't touched."""
    before, listed = _count_open(), [pair for pair, _score, _reasons in found]
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.found_pairs")
        cursor.execute(
            'CREATE TEMP TABLE found_pairs (one bigint, other bigint, score int, reasons jsonb, "group" bigint)'
            " ON COMMIT DROP"
        )
        groups = components([*listed, *_open_pairs_of(listed)])
        with cursor.copy("COPY found_pairs FROM STDIN") as copy:
            for (one, other), points, reasons in found:
                copy.write_row((one, other, points, _json(reasons), groups[one]))
        cursor.execute("ANALYZE found_pairs")
        cursor.execute(
            """INSERT INTO customers_duplicatepair (first_id, second_id, score, reasons, stake, "group",
                 state, batch_id, found_at, reason)
               SELECT f.one, f.other, f.score, f.reasons,
                 greatest(coalesce(a.realised_value, 0), 0) + greatest(coalesce(a.potential_value, 0), 0)
                 + greatest(coalesce(b.realised_value, 0), 0) + greatest(coalesce(b.potential_value, 0), 0),
                 f."group", 'open', %s, now(), ''
               FROM found_pairs f
               LEFT JOIN customers_standing a ON a.customer_id = f.one
               LEFT JOIN customers_standing b ON b.customer_id = f.other
               WHERE EXISTS (SELECT 1 FROM customers_customer c WHERE c.id = f.one)
                 AND EXISTS (SELECT 1 FROM customers_customer c WHERE c.id = f.other)
               ON CONFLICT (first_id, second_id) DO UPDATE SET
                 score = excluded.score, reasons = excluded.reasons, stake = excluded.stake,
                 "group" = excluded."group"
               WHERE customers_duplicatepair.state = 'open'""",
            [batch_id],
        )
    return {"found": len(found), "new": _count_open() - before}


def _open_pairs_of(found: Iterable[Pair]) -> list[Pair]:
    """Pairs listed before that hang on the same customers."""
    ids = list({record for pair in found for record in pair})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT first_id, second_id FROM customers_duplicatepair WHERE state = 'open'"
            " AND (first_id = ANY(%s) OR second_id = ANY(%s))",
            [ids, ids],
        )
        return cursor.fetchall()


def _forget_unfound(pairs: Pairs) -> int:
    """Open pairs that nothing speaks for any more: one of the two was corrected."""
    if pairs.dropped:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM customers_duplicatepair p WHERE p.state = 'open' AND NOT EXISTS
               (SELECT 1 FROM found_pairs f WHERE f.one = p.first_id AND f.other = p.second_id)"""
        )
        return int(cursor.rowcount)


def _count_open() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customers_duplicatepair WHERE state = 'open'")
        return int(cursor.fetchone()[0])


def _json(reasons: list[str]) -> str:
    return '["' + '","'.join(reasons) + '"]'
