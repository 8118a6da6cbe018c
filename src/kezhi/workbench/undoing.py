"""Deeds taken back by who did them: the rows that a deed changed become what they were before it.

The database kept each row's before and after (`audit.Change`). A row that somebody changed since stays as it
is, and the person is told. What was derived from a row (a place on child rows, a search document) is put right
by whoever registered for its table in `on_restored`; a deed that set more in motion than rows has a `Way`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.core import signing
from django.db import connection, models, transaction
from django.db.utils import IntegrityError
from django.utils.translation import gettext as _
from psycopg import sql

from kezhi.audit.models import Change, Entry
from kezhi.audit.recording import audited, listening, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import Kind, registry

WITHIN = timedelta(minutes=10)
MOST_DEEDS = 50
SALT = "kezhi.undo"
# What is never put back: bookkeeping that only goes forward.
FORWARD = frozenset({"version", "updated_at"})
# Tables beside those of the kinds of record that an undo may write to; and those whose new rows may stay.
TABLES: set[str] = {"workbench_tagging"}
LEFT_ALONE: set[str] = set()
Restored = Callable[[int, frozenset[str]], None]
# By table: what must be put right when a row of it came back, changed or went, told by its id and columns.
on_restored: dict[str, list[Restored]] = {}
# By table: columns that keep themselves. They aren't put back, and nobody changed the row by them.
SELF_KEPT: dict[str, frozenset[str]] = {}


@dataclass(frozen=True, slots=True)
class Way:
    """How a deed is taken back that set more in motion than rows.

    Rows of the tables `beside` stay as they are. `after(record, was, actor=, at=)` sees to what hangs on the
    record once it is what it was before; `was` says what its columns held until then. `brings` are deeds that
    came along and go with it. `may(record, actor)` decides who may, where it isn't who may edit the record as
    it then stands. With `instead(record, actor=, at=)` no row is put back: that deed does it all.
    """

    beside: frozenset[str] = frozenset()
    after: Callable[..., Any] | None = None
    brings: frozenset[str] = frozenset()
    may: Callable[[Any, Actor], bool] | None = None
    instead: Callable[..., Any] | None = None


# By the name of the deed; an app registers its own.
WAYS: dict[str, Way] = {}
USUAL = Way()


@dataclass
class Undone:
    """How many records are as they were, and the reasons why others aren't."""

    records: int = 0
    kept: list[str] = field(default_factory=list)


def taken_back_by(keys: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Of deeds just done, those that have a way back of their own."""
    ways = Entry.objects.filter(key__in=list(keys), deed__in=WAYS).order_by("pk")
    return list(ways.values_list("key", flat=True))


def token(keys: Iterable[uuid.UUID], actor: Actor) -> str:
    """What the button carries: good for ten minutes, and only in the hand of who did the deeds."""
    return signing.dumps({"deeds": [key.hex for key in keys], "actor": actor.pk}, salt=SALT)


def token_for_run(run: int, actor: Actor) -> str:
    return signing.dumps({"run": run, "actor": actor.pk}, salt=SALT)


def opened(text: str, actor: Actor) -> tuple[list[uuid.UUID], int | None]:
    """The deeds of a token, or the bulk run.

    Raises `Refused` when it is too old, `LookupError` when it isn't one of ours or another person's.
    """
    try:
        said = signing.loads(text, salt=SALT, max_age=WITHIN)
    except signing.SignatureExpired as error:
        raise Refused(_("This can’t be undone any more: only within ten minutes.")) from error
    except signing.BadSignature as error:
        raise LookupError(text) from error
    if said["actor"] != actor.pk:
        raise LookupError(text)
    return [uuid.UUID(key) for key in said.get("deeds", ())], said.get("run")


def may_undo(entry: Entry, actor: Actor, at: datetime) -> bool:
    """Whether the log offers it: one's own, not older than ten minutes, of a record that can come back."""
    if entry.actor_id != actor.pk or entry.actor_id is None or entry.at < at - WITHIN:
        return False
    kind = _kind_of_subject(entry)
    return kind is not None and not entry.deed.endswith((".exported", ".created", ".imported"))


@audited("deed.undone")
def undo_deeds(keys: Sequence[uuid.UUID], *, actor: Actor, at: datetime) -> Undone:
    """Take back one's own deeds of the last ten minutes, the latest first.

    Each deed is taken back as far as nobody changed its rows since; permission is asked anew for the record as
    it then stands. Raises `Refused` when nothing of them can be taken back.
    """
    entries = list(Entry.objects.filter(key__in=list(keys)[:MOST_DEEDS]).order_by("-pk"))
    if not entries:
        raise Refused(_("There is nothing to undo."))
    done = Undone()
    together = [str(entry.key) for entry in entries] + [_running()]
    brought = {deed for each in entries for deed in WAYS.get(each.deed, USUAL).brings}
    with listening() as own:
        for entry in entries:
            if entry.actor_id != actor.pk or entry.actor_id is None:
                raise NotAllowed(_("Only who did it can undo it."))
            if entry.at < at - WITHIN:
                raise Refused(_("This can’t be undone any more: only within ten minutes."))
            if entry.deed in brought:
                continue
            known = together + [str(key) for key in own]
            try:
                with transaction.atomic():
                    done.records += _taken_back(entry, known, actor, at, done)
            except Refused as refusal:
                done.kept.append(str(refusal))
    note(
        deeds=[entry.deed for entry in entries],
        subjects=[entry.subject_title for entry in entries],
        kept=done.kept[:20],
    )
    if not done.records:
        raise Refused(done.kept[0] if done.kept else _("There is nothing to undo."))
    return done


def _taken_back(entry: Entry, keys: Sequence[str], actor: Actor, at: datetime, done: Undone) -> int:
    """The number of rows put back. Raises `Refused` when the record itself must stay as it is."""
    kind = _kind_of_subject(entry)
    if kind is None:
        raise Refused(_("This kind of change can’t be undone."))
    way = WAYS.get(entry.deed, USUAL)
    subject = (kind.model._meta.db_table, entry.subject_id or 0)
    changes = list(Change.objects.filter(deed_key=str(entry.key)).order_by("-pk"))
    if way.instead is None:
        _must_be_known(changes, way)
    rows: dict[tuple[str, int], list[Change]] = {}
    for change in changes:
        if change.row_id is not None and change.table_name not in LEFT_ALONE | way.beside:
            rows.setdefault((change.table_name, change.row_id), []).append(change)
    if any(c.operation == "insert" for c in rows.get(subject, ())):
        raise Refused(_("What was created isn’t undone but deleted."))
    if way.instead is not None:
        rows = {row: its for row, its in rows.items() if row == subject}
    _lock(rows)
    count = 0
    touched: list[tuple[str, int]] = []
    for row, its in rows.items():
        if _was_changed_since(row, its[0], keys):
            if row == subject:
                raise Refused(
                    _("%(name)s was changed by somebody since and stays as it is.")
                    % {"name": entry.subject_title}
                )
            done.kept.append(
                _("Something that belongs to %(name)s was changed since and stays as it is.")
                % {"name": entry.subject_title}
            )
            continue
        if way.instead is not None:
            way.instead(kind.model._default_manager.get(pk=row[1]), actor=actor, at=at)
            return 1
        try:
            with transaction.atomic():
                for change in its:
                    _put_back(change)
                _check_references()
        except IntegrityError as error:
            raise Refused(
                _("It can’t come back: something took its place, or what it belonged to is gone.")
            ) from error
        touched.append(row)
        count = 1
    _must_still_be_allowed(entry, kind, changes, actor)
    for row in touched:
        columns = frozenset(name for c in rows[row] for name in c.before or c.after or {})
        for hook in on_restored.get(row[0], ()):
            hook(row[1], columns)
    if way.after is not None and subject in touched:
        was: dict[str, Any] = {}
        for change in reversed(rows[subject]):
            was |= change.after or {}
        record = kind.model._default_manager.get(pk=subject[1])
        way.after(record, was, actor=actor, at=at)
    return count


def _was_changed_since(row: tuple[str, int], last: Change, keys: Sequence[str]) -> bool:
    """Whether anybody but these deeds and this undo changed the row after its last change by the deed."""
    since = Change.objects.filter(table_name=row[0], row_id=row[1], pk__gt=last.pk)
    since = since.exclude(deed_key__in=keys)
    if row[0] not in SELF_KEPT:
        return bool(since.exists())
    quiet = SELF_KEPT[row[0]] | FORWARD
    return any(not after or set(after) - quiet for after in since.values_list("after", flat=True))


def _running() -> str:
    """The key of this undo, by which the database keeps what it changes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('kezhi.deed', true), '')")
        (key,) = cursor.fetchone()
    return str(key)


def _kind_of_subject(entry: Entry) -> Kind | None:
    """The kind of record that the deed was about, where it is one."""
    if entry.subject_id is None:
        return None
    for kind in registry:
        if kind.model._meta.model_name == entry.subject_kind:
            return kind
    return None


def _must_be_known(changes: Sequence[Change], way: Way) -> None:
    """An undo writes to records and what hangs on them, and to nothing else."""
    known = {kind.model._meta.db_table for kind in registry} | TABLES | LEFT_ALONE | way.beside
    if any(change.table_name not in known for change in changes):
        raise Refused(_("This kind of change can’t be undone."))


def _lock(rows: Iterable[tuple[str, int]]) -> None:
    """Whoever is changing one of the rows now is waited for, and then seen."""
    for table, pk in sorted(rows):
        with connection.cursor() as cursor:
            cursor.execute(
                sql.SQL("SELECT 1 FROM {} WHERE {} = %s FOR UPDATE").format(
                    sql.Identifier(table), sql.Identifier(_key_of(table))
                ),
                [pk],
            )


def _check_references() -> None:
    """Foreign keys are checked at the end of a transaction; here it must be known before."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _put_back(change: Change) -> None:
    table = sql.Identifier(change.table_name)
    key = sql.Identifier(_key_of(change.table_name))
    with connection.cursor() as cursor:
        if change.operation == "insert":
            statement = sql.SQL("DELETE FROM {} WHERE {} = %s").format(table, key)
            cursor.execute(statement, [change.row_id])
        elif change.operation == "delete":
            statement = sql.SQL(
                "INSERT INTO {} SELECT (jsonb_populate_record(NULL::{}, before)).*"
                " FROM audit_change WHERE id = %s"
            ).format(table, table)
            cursor.execute(statement, [change.pk])
        else:
            _put_back_columns(cursor, table, key, change)


def _put_back_columns(cursor: Any, table: Any, key: Any, change: Change) -> None:
    model = _model_of(change.table_name)
    known = {each.column for each in model._meta.concrete_fields}
    kept = FORWARD | SELF_KEPT.get(change.table_name, frozenset())
    columns = [c for c in change.before or {} if c in known - kept]
    if not columns:
        return
    names = sql.SQL(", ").join(sql.Identifier(c) for c in columns)
    sources = sql.SQL(", ").join(sql.SQL("was.{}").format(sql.Identifier(c)) for c in columns)
    onwards = sql.SQL(", version = version + 1") if "version" in known else sql.SQL("")
    statement = sql.SQL(
        "UPDATE {table} SET ({names}) = (SELECT {sources} FROM audit_change c,"
        " jsonb_populate_record(NULL::{table}, c.before) was WHERE c.id = %s){onwards}"
        " WHERE {key} = %s"
    ).format(table=table, names=names, sources=sources, onwards=onwards, key=key)
    cursor.execute(statement, [change.pk, change.row_id])


def _must_still_be_allowed(
    entry: Entry, kind: Kind, changes: Sequence[Change], actor: Actor
) -> None:
    """The record as it stands now must be one on which the actor may do what they did."""
    if (may := WAYS.get(entry.deed, USUAL).may) is not None:
        if not may(kind.model._default_manager.get(pk=entry.subject_id), actor):
            raise NotAllowed(_("Your role doesn't change this record."))
        return
    action = {"deleted": "delete", "reassigned": "assign", "assigned": "assign"}.get(
        entry.deed.rpartition(".")[2], "edit"
    )
    if not kind.visible_to(actor, action).filter(pk=entry.subject_id).exists():
        raise NotAllowed(_("Your role doesn't change this record."))
    table = kind.model._meta.db_table
    touched = {
        column
        for change in changes
        if change.table_name == table and change.operation == "update"
        for column in change.before or {}
    }
    seen = kind.seen_by(actor)
    for each in kind.fields:
        column = _column(kind.model, each.path)
        is_locked = each.is_editable and (
            each.name not in seen or not seen.field(each.name).is_editable
        )
        if column in touched and is_locked and action == "edit":
            raise NotAllowed(_("Your role doesn't change this record."))


def _column(model: type[models.Model], path: str) -> str:
    step = path.split("__")[0]
    return next((str(f.column) for f in model._meta.concrete_fields if f.name == step), "")


def _model_of(table: str) -> type[models.Model]:
    return next(model for model in apps.get_models() if model._meta.db_table == table)


def _key_of(table: str) -> str:
    key = _model_of(table)._meta.pk
    return str(key.column) if key is not None else "id"
