"""Columns of a file that are the company's own fields: resolved and written for every kind in the same way.

A loader that takes them lets `declared_fields` give them, calls `resolve` at its start and puts `entries` and
`differs` into its statements. They hold for the staged row `s`.
"""

# ruff: noqa: S608  # names were checked when they were defined; what a user typed goes as a parameter
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from kezhi.dataio.fields import ImportField
from kezhi.dataio.people import resolve_people
from kezhi.records import Field, FieldKind, registry
from kezhi.workbench.customizing import carrying_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kezhi.dataio.staging import Work

K = FieldKind
NUMBERS = (K.INTEGER, K.QUANTITY, K.MONEY, K.SHARE)


def ids_of(fields: Sequence[ImportField]) -> dict[str, str]:
    """Further columns of the staging table: the ids of what custom links and persons mean."""
    ours = (each for each in fields if each.is_custom and each.kind in (K.PERSON, K.LINK))
    return {f"{each.name}_id": "bigint" for each in ours}


def matched(kind: str, work: Work) -> list[Field]:
    """The custom fields to which a column of the file was matched."""
    declared = registry[kind]
    return [
        declared.field(name)
        for name in work.columns
        if name in declared and declared.field(name).is_custom
    ]


def resolve(kind: str, work: Work) -> None:
    """Find the people and records that the rows name; rows that name none, or several, are rejected."""
    for field in matched(kind, work):
        if field.kind is K.PERSON:
            resolve_people(work, field.name)
        elif field.kind is K.LINK:
            resolve_link(work, field.name, field.link, f"{field.name}_id")


def resolve_link(
    work: Work, name: str, link: str, into: str, among: QuerySet[Any] | None = None
) -> None:
    """Fill `into` by code or name of the records that the actor may see, or of those `among` them."""
    linked = registry.declared(link)
    table = linked.model._meta.db_table
    rows = linked.visible_to(work.actor) if among is None else among
    reach, params = rows.order_by().values("pk").query.sql_with_params()
    title = linked.field(linked.title).path
    ways = [path for path in ("code", title) if _has_column(link, path)]
    for path in ways:
        work.run("DROP TABLE IF EXISTS pg_temp.import_linked")
        work.run(
            f"""CREATE TEMP TABLE import_linked ON COMMIT DROP AS
                SELECT said.text, min(t.id) AS id, count(*) AS hits
                FROM (SELECT DISTINCT "{name}" AS text FROM import_staging
                      WHERE "{name}" IS NOT NULL AND {into} IS NULL) AS said
                JOIN {table} t ON t."{path}" = said.text WHERE t.id IN ({reach}) GROUP BY said.text""",
            list(params),
        )
        label = str(linked.label)
        work.reject(
            "several_references",
            name,
            f"""SELECT s.row, s."{name}", jsonb_build_object('text', s."{name}", 'kind', %s::text)
                FROM import_staging s JOIN import_linked l ON l.text = s."{name}" WHERE l.hits > 1""",
            [label],
        )
        work.run(
            f"""UPDATE import_staging s SET {into} = l.id FROM import_linked l
                WHERE l.text = s."{name}" AND s.{into} IS NULL"""
        )
    work.reject(
        "missing_reference",
        name,
        f"""SELECT s.row, s."{name}", jsonb_build_object('text', s."{name}", 'kind', %s::text)
            FROM import_staging s WHERE s."{name}" IS NOT NULL AND s.{into} IS NULL""",
        [str(linked.label)],
    )


def _has_column(link: str, path: str) -> bool:
    model = registry.declared(link).model
    return any(each.column == path for each in model._meta.concrete_fields)


def entries(kind: str, work: Work) -> str:
    """The custom entries of a staged row as one JSON object; blank cells say nothing."""
    parts = [f"'{each.name}', {_entry(each)}" for each in matched(kind, work)]
    if not parts:
        return "'{}'::jsonb"
    return f"jsonb_strip_nulls(jsonb_build_object({', '.join(parts)}))"


def _entry(field: Field) -> str:
    cell = f's."{field.name}"'
    if field.kind is K.INTEGER:
        return f"{cell}::text"
    if field.kind in NUMBERS:
        places = (field.decimals or 0) + (2 if field.kind is K.SHARE else 0)
        return f"round({cell}, {places})::text"
    if field.kind is K.DATE:
        return f"to_char({cell}, 'YYYY-MM-DD')"
    if field.kind is K.MULTI_CHOICE:
        return f"to_jsonb(string_to_array({cell}, ','))"
    if field.kind in (K.PERSON, K.LINK):
        return f's."{field.name}_id"'
    return cell


def differs(kind: str, work: Work, row: str) -> str:
    """Whether the record `row` of the table holds something else in these fields."""
    given = entries(kind, work)
    return f"(({row}.custom || {given}) IS DISTINCT FROM {row}.custom)"


def reject_incomplete(kind: str, work: Work) -> None:
    """New records must have what the company requires of them."""
    declared = registry[kind]
    known = {each.name for each in matched(kind, work)}
    for field in declared.fields:
        if not (field.is_custom and field.is_required):
            continue
        cell = f's."{field.name}"' if field.name in known else "NULL"
        first = next(iter(work.columns))
        work.reject(
            "required",
            field.name if field.name in known else first,
            f"""SELECT s.row, '', jsonb_build_object('field', %s::text) FROM import_staging s
                WHERE s.outcome = 'created' AND {cell} IS NULL""",
            [str(field.label)],
        )


def settle(kind: str, ids: Sequence[int]) -> None:
    """After the rows are written: what is computed from them."""
    carrying_out.recompute_rows(kind, ids)
