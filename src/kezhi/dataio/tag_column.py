"""A column of tags: put on the records of a file in the same way for every taggable kind.

Tags of a file join those that a record has; none is taken off. Which record a row means is asked of the loader
(`rows_of`) after it has compared the rows, and again after it has written them.
"""

# ruff: noqa: S608  # tables and columns are the code's own names; what a user typed goes as a parameter
from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from kezhi.core.refusal import Refused
from kezhi.dataio.undoing import created_ids, delete_created
from kezhi.workbench.models import Tag, Tagging
from kezhi.workbench.tagging import MOST_ON_A_RECORD

if TYPE_CHECKING:
    from kezhi.dataio.models import ImportBatch
    from kezhi.dataio.registry import Loader
    from kezhi.dataio.staging import Work

NAME = "tags"


def resolve(work: Work) -> None:
    """`import_tags`: row and tag. A tag that isn't there is new where the importer may create tags."""
    if not work.has_tags:
        return
    work.run(
        """CREATE TEMP TABLE import_tags ON COMMIT DROP AS
           SELECT said.row, said.name, t.id AS tag_id
           FROM (SELECT row, unnest(string_to_array(tags, ',')) COLLATE "default" AS name
                 FROM import_staging WHERE tags IS NOT NULL) AS said
           LEFT JOIN workbench_tag t ON lower(t.name) = lower(said.name)"""
    )
    if work.actor.may("read", "tag") and work.actor.may("create", "tag"):
        return
    known = "tag_id IS NULL" if work.actor.may("read", "tag") else "true"
    work.reject(
        "missing_reference",
        NAME,
        f"""SELECT row, name, jsonb_build_object('text', name, 'kind', %s::text)
            FROM import_tags WHERE {known}""",
        [_("Tag")],
    )


def newly_tagged(loader: Loader, work: Work) -> int:
    """How many rows bring nothing but tags that their record doesn't have yet."""
    if not work.has_tags:
        return 0
    found = work.fetch(
        f"""SELECT count(DISTINCT m.row) FROM ({loader.rows_of}) AS m(row, record, outcome)
            JOIN import_tags i ON i.row = m.row
            WHERE m.outcome = 'unchanged' AND m.record IS NOT NULL AND {_LACKING}""",
        [loader.kind],
    )
    return int(found[0][0])


_LACKING = """NOT EXISTS (SELECT 1 FROM workbench_tagging g
                WHERE g.kind = %s AND g.object_id = m.record AND g.tag_id = i.tag_id)"""


def remember(loader: Loader, work: Work) -> None:
    """Before the rows that change nothing leave the staging table: which records they mean."""
    if work.has_tags:
        work.run(
            f"""CREATE TEMP TABLE import_tagged ON COMMIT DROP AS
                SELECT m.row, m.record FROM ({loader.rows_of}) AS m(row, record, outcome)
                WHERE m.outcome = 'unchanged' AND m.record IS NOT NULL"""
        )


def write(loader: Loader, work: Work) -> None:
    """Put the tags on; what is created is remembered, so that undoing takes it off again."""
    if not work.has_tags:
        return
    _create_tags(work)
    work.run(
        f"""INSERT INTO import_tagged
            SELECT m.row, m.record FROM ({loader.rows_of}) AS m(row, record, outcome)
            WHERE m.outcome IN ('created', 'updated') AND m.record IS NOT NULL"""
    )
    work.run("ANALYZE import_tagged")
    work.run(
        f"""CREATE TEMP TABLE import_taggings ON COMMIT DROP AS
            SELECT nextval(pg_get_serial_sequence('workbench_tagging', 'id')) AS id, record, tag_id
            FROM (SELECT DISTINCT m.record, i.tag_id FROM import_tagged m
                  JOIN import_tags i ON i.row = m.row WHERE {_LACKING}) AS lacking""",
        [loader.kind],
    )
    work.run(
        "INSERT INTO workbench_tagging (id, kind, object_id, tag_id, created_at)"
        " SELECT id, %s, record, tag_id, now() FROM import_taggings ORDER BY id",
        [loader.kind],
    )
    work.keep_created("workbench_tagging", "SELECT id FROM import_taggings")
    if work.fetch(
        """SELECT 1 FROM workbench_tagging WHERE kind = %s
             AND object_id = ANY(ARRAY(SELECT record FROM import_taggings))
           GROUP BY object_id HAVING count(*) > %s LIMIT 1""",
        [loader.kind, MOST_ON_A_RECORD],
    ):
        raise Refused(_("At most %(count)d tags fit on a record.") % {"count": MOST_ON_A_RECORD})


def _create_tags(work: Work) -> None:
    # Only tags of rows that come in: what a rejected row says is nobody's tag.
    created: list[int] = []
    names = work.fetch(
        """SELECT DISTINCT ON (lower(i.name)) i.name FROM import_tags i
           WHERE i.tag_id IS NULL AND (EXISTS (SELECT 1 FROM import_tagged m WHERE m.row = i.row)
             OR EXISTS (SELECT 1 FROM import_staging s WHERE s.row = i.row))
           ORDER BY lower(i.name), i.row"""
    )
    for (name,) in names:
        (tag := Tag(name=name)).save()
        created.append(tag.pk)
    if created:
        ids = ", ".join(f"({pk})" for pk in created)
        work.keep_created("workbench_tag", f"SELECT id FROM (VALUES {ids}) AS new(id)")
        work.run(
            "UPDATE import_tags i SET tag_id = t.id FROM workbench_tag t"
            " WHERE i.tag_id IS NULL AND lower(t.name) = lower(i.name)"
        )
    work.run("DELETE FROM import_tags WHERE tag_id IS NULL")


def undo(batch: ImportBatch) -> None:
    """Take the tags off again; those that the import created go when nothing else carries them."""
    delete_created(batch, "workbench_tagging")
    created = created_ids(batch, "workbench_tag")
    if created:
        carried = Tagging.objects.filter(tag=OuterRef("pk"))
        Tag.objects.filter(~Exists(carried), pk__in=created).delete()
