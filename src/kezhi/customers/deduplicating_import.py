"""Rows of a file that look like a customer who is there, or like another row: found, counted, and treated by
the rule that the person chose. Nothing is lost: what isn't brought in stays in the file of error rows, and
what is brought in is listed with its twin for review.

Customers whom the importer may not see take part in the review of those who see both; in what the importer
is told they never appear, except as a number for identifiers, where the company says so much.
"""

# ruff: noqa: S608  # tables and columns are the code's own names; what a user typed goes as a parameter
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers.deduplicating_pairs import Pairs, is_mark
from kezhi.customers.deduplicating_scan import keep_pairs
from kezhi.customers.matching import IDENTIFIERS, keys_of
from kezhi.customers.matching_keeping import SOURCES, keep
from kezhi.customers.matching_scores import in_words
from kezhi.customers.models import Customer, DuplicateRules
from kezhi.dataio.registry import Option
from kezhi.dataio.staging import Work

FETCH = 5_000
MARKS = SOURCES["customer"].columns
RULES = (
    ("review", _("Create, and list both for review")),
    ("update", _("Update the customer that is there")),
    ("skip", pgettext_lazy("import rule", "Leave the row out")),
    ("hold", _("Hold the row back in the file of error rows")),
)
OPTIONS = (
    Option(
        "same_mark",
        _("New rows with a phone, e-mail or number that a customer or an earlier row has"),
        "review",
        RULES,
    ),
    Option("like_name", _("New rows with a name like another’s"), "review", RULES),
)


def compare(work: Work) -> dict[str, int]:
    """Find twins of the staged rows that would be created, and do by rule; what was found, in numbers."""
    _fill_keys(work)
    work.step(str(_("Looking for duplicates")))
    pairs = Pairs()
    for key, records in _groups():
        if is_mark(key):
            pairs.add_marks(key, records)
        else:
            pairs.add_names([each for each in records if each[1]])
    _keep_found(pairs)
    hidden = _hide(work)
    details = _count(hidden)
    if details:
        details |= _treat(work)
    return details


def _fill_keys(work: Work) -> None:
    """`import_keys`: the match keys of every row that would become a customer."""
    work.run("DROP TABLE IF EXISTS pg_temp.import_keys")
    work.run('CREATE TEMP TABLE import_keys (row bigint, key text COLLATE "C") ON COMMIT DROP')
    columns = ", ".join(f's."{name}"' for name in MARKS)
    last = -1
    while True:
        rows = work.fetch(
            f"SELECT s.row, {columns} FROM import_staging s WHERE s.row > %s AND s.outcome = 'created'"
            " ORDER BY s.row LIMIT %s",
            [last, FETCH * 4],
        )
        if not rows:
            break
        with connection.cursor() as cursor, cursor.copy("COPY import_keys FROM STDIN") as copy:
            for number, *entries in rows:
                about = dict(zip(MARKS, entries, strict=True))
                about["form"] = about["form"] or Customer.Form.COMPANY
                for key in keys_of(about):
                    copy.write_row((number, key))
        last = rows[-1][0]
    work.run("ANALYZE import_keys")


def _groups() -> Any:
    """Keys that a new row shares with another row or with a customer. New rows are negative numbers."""
    with connection.chunked_cursor() as cursor:
        cursor.cursor.itersize = FETCH
        cursor.execute(
            """WITH shared AS (
                 SELECT key FROM import_keys GROUP BY key HAVING count(*) > 1
                 UNION SELECT k.key FROM import_keys k
                 WHERE EXISTS (SELECT 1 FROM customers_matchkey m WHERE m.key = k.key))
               SELECT key, array_agg(ref), array_agg(name) FROM (
                 SELECT k.key, -k.row AS ref,
                   CASE coalesce(s.form, 'company') WHEN 'company' THEN s.name ELSE '' END AS name
                 FROM import_keys k JOIN shared USING (key) JOIN import_staging s ON s.row = k.row
                 UNION ALL
                 SELECT m.key, c.id, CASE c.form WHEN 'company' THEN c.name ELSE '' END
                 FROM shared JOIN customers_matchkey m USING (key)
                 JOIN customers_customer c ON c.id = m.customer_id) AS both_sides
               GROUP BY key"""
        )
        for key, refs, names in cursor:
            yield key, list(zip(refs, names, strict=True))


def _keep_found(pairs: Pairs) -> None:
    """`import_pairs`: row, its twin (a customer, or an earlier row as `other_row`), and what speaks for it."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.import_pairs")
        cursor.execute(
            "CREATE TEMP TABLE import_pairs (row bigint, other_row bigint, customer_id bigint, score int,"
            " reasons text[], is_mark boolean, is_hidden boolean) ON COMMIT DROP"
        )
        with cursor.copy("COPY import_pairs FROM STDIN") as copy:
            for (low, high), points, reasons in pairs.found():
                if low >= 0:
                    continue
                mark = any(reason in IDENTIFIERS for reason in reasons)
                other_row, customer = (-high, None) if high < 0 else (None, high)
                copy.write_row((-low, other_row, customer, points, reasons, mark, False))
        cursor.execute("ANALYZE import_pairs")


def _hide(work: Work) -> int:
    """Mark twins that the importer may not see; how many rows an identifier ties to such a customer."""
    reach = Customer.objects.visible_to(work.actor).order_by().values("pk")
    sql, params = reach.query.sql_with_params()
    work.run(
        "UPDATE import_pairs SET is_hidden = true WHERE customer_id IS NOT NULL"
        f" AND customer_id NOT IN ({sql})",
        list(params),
    )
    if DuplicateRules.current().telling == DuplicateRules.Telling.NOTHING:
        return 0
    found = work.fetch("SELECT count(DISTINCT row) FROM import_pairs WHERE is_hidden AND is_mark")
    return int(found[0][0])


def _count(hidden: int) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(DISTINCT row), count(DISTINCT row) FILTER (WHERE is_mark),
                 count(DISTINCT row) FILTER (WHERE other_row IS NOT NULL)
               FROM import_pairs WHERE NOT is_hidden"""
        )
        likely, marked, in_file = cursor.fetchone()
    found = {
        "likely": likely,
        "likely_mark": marked,
        "likely_in_file": in_file,
        "elsewhere": hidden,
    }
    return found if likely or hidden else {}


def _treat(work: Work) -> dict[str, int]:
    """Each row once, by its surest twin; identifiers count before names."""
    work.run("DROP TABLE IF EXISTS pg_temp.import_twin")
    work.run(
        """CREATE TEMP TABLE import_twin ON COMMIT DROP AS
           SELECT DISTINCT ON (row) *, NULL::text AS rule FROM import_pairs WHERE NOT is_hidden
           ORDER BY row, is_mark DESC, score DESC, customer_id NULLS LAST, other_row"""
    )
    work.run(
        "UPDATE import_twin SET rule = CASE WHEN is_mark THEN %s ELSE %s END",
        [work.options.get("same_mark", "review"), work.options.get("like_name", "review")],
    )
    updated = _update(work)
    left_out = work.run(
        "UPDATE import_staging s SET outcome = 'left_out' FROM import_twin t"
        " WHERE t.row = s.row AND t.rule = 'skip'"
    )
    held = _hold(work)
    return {"likely_updated": updated, "left_out": left_out, "held": held}


def _update(work: Work) -> int:
    """The customer that is there takes the row's entries, but keeps its name and code."""
    reach = Customer.objects.within(work.actor.scope("import", "customer"), work.actor)
    sql, params = reach.order_by().values("pk").query.sql_with_params()
    work.run(
        f"""UPDATE import_twin t SET rule = 'hold' WHERE t.rule = 'update' AND (
              t.customer_id IS NULL OR t.customer_id NOT IN ({sql})
              OR EXISTS (SELECT 1 FROM import_staging s WHERE s.customer_id = t.customer_id)
              OR EXISTS (SELECT 1 FROM import_twin o WHERE o.customer_id = t.customer_id
                         AND o.rule = 'update' AND o.row < t.row))""",
        list(params),
    )
    code = ", code = NULL" if work.has("code") else ""
    return work.run(
        f"""UPDATE import_staging s SET customer_id = c.id, name = c.name, outcome = NULL{code}
            FROM import_twin t JOIN customers_customer c ON c.id = t.customer_id
            WHERE t.row = s.row AND t.rule = 'update'"""
    )


def _hold(work: Work) -> int:
    rows = work.fetch(
        """SELECT t.row, s.name, coalesce(c.name, o.name, ''), coalesce(c.code, ''),
             coalesce(t.other_row, 0), t.reasons
           FROM import_twin t JOIN import_staging s ON s.row = t.row
           LEFT JOIN customers_customer c ON c.id = t.customer_id
           LEFT JOIN import_staging o ON o.row = t.other_row WHERE t.rule = 'hold'"""
    )
    if not rows:
        return 0
    work.run("DROP TABLE IF EXISTS pg_temp.import_held")
    work.run(
        "CREATE TEMP TABLE import_held (row bigint, text text, name text, code text, other bigint, why text)"
        " ON COMMIT DROP"
    )
    with connection.cursor() as cursor, cursor.copy("COPY import_held FROM STDIN") as copy:
        for row, text, name, code, other, reasons in rows:
            why = ", ".join(in_words(reasons))
            copy.write_row((row, text, name, code, other, why))
    held = 0
    for problem, condition in (("like_customer", "other = 0"), ("like_row", "other > 0")):
        held += work.reject(
            problem,
            "name",
            "SELECT row, text, jsonb_build_object('name', name, 'code', code, 'row', other, 'why', why)"
            f" FROM import_held WHERE {condition}",
        )
    return held


def keep_keys(work: Work) -> None:
    """The keys of the rows that were created, and of the customers that changed."""
    work.run(
        """INSERT INTO customers_matchkey (key, customer_id, source)
           SELECT k.key, s.customer_id, 'customer' FROM import_keys k JOIN import_staging s USING (row)
           WHERE s.outcome = 'created' ORDER BY k.key"""
    )
    changed = work.fetch("SELECT customer_id FROM import_staging WHERE outcome = 'updated'")
    keep("customer", [row[0] for row in changed])


def keep_review(work: Work) -> int:
    """List the created rows with their twins; how many pairs."""
    rows: Sequence[tuple[Any, ...]] = work.fetch(
        """SELECT s.customer_id, coalesce(p.customer_id, o.customer_id), p.score, p.reasons
           FROM import_pairs p JOIN import_staging s ON s.row = p.row AND s.outcome = 'created'
           LEFT JOIN import_staging o ON o.row = p.other_row
           WHERE coalesce(p.customer_id, o.customer_id) IS NOT NULL"""
    )
    found = [
        ((min(one, other), max(one, other)), points, list(reasons))
        for one, other, points, reasons in rows
        if one != other
    ]
    if found:
        keep_pairs(found, work.batch_id)
    return len(found)
