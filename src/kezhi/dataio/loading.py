"""The import of any kind that needs no loader of its own, from its declaration.

Rows are matched by the kind's `import_key`, links by code or name among what the actor may work on. A kind
whose deeds are the plain ones is written in sets; one with rules of its own goes through its deeds, row by row,
and what a rule refuses is told at the row. A blank cell never erases what is there.
"""

# ruff: noqa: S608  # tables and columns are the models' own names; what a user typed goes as a parameter
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.core.actor import Actor, Scope
from kezhi.core.refusal import Refused
from kezhi.dataio import custom_columns
from kezhi.dataio.fields import ImportField, declared_fields
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.people import resolve_people
from kezhi.dataio.problems import Problem
from kezhi.dataio.registry import Counts, Option
from kezhi.dataio.staging import Work
from kezhi.dataio.undoing import created_ids, delete_created, demand_unchanged, restore
from kezhi.records import Field, FieldKind, Kind, registry

K = FieldKind
MOST_BY_DEED = 20_000
PLACED = ("owner_id", "team_id", "department_id")
CHUNK = 500


@dataclass(frozen=True)
class DeclaredLoader:
    """The loader of the kind of that name."""

    kind: str
    one_of: Sequence[Sequence[str]] = ()
    options: Sequence[Option] = ()

    # ---- what the declaration says ----

    @property
    def declared(self) -> Kind:
        return registry.declared(self.kind)

    @property
    def table(self) -> str:
        return self.declared.model._meta.db_table

    @property
    def is_plain(self) -> bool:
        """Whether no rule beyond permission stands between a row and the table."""
        return bool(getattr(self.declared.create, "is_plain", False))

    @property
    def extra(self) -> dict[str, str]:
        ids = {f"{each.name}_id": "bigint" for each in self._pointing()}
        return {**ids, "record_id": "bigint", "outcome": "text", "name_key": "text"}

    def _pointing(self) -> list[Field]:
        return [
            each
            for each in self.declared.fields
            if each.is_importable and each.kind in (K.LINK, K.PERSON)
        ]

    @property
    def rows_of(self) -> str:
        return "SELECT row, record_id, outcome FROM import_staging"

    def fields(self) -> Sequence[ImportField]:
        return declared_fields(self.kind, {}, {}, with_custom=True)

    def link(self, batch: ImportBatch) -> str:
        return registry[self.kind].list_url()

    # ---- what each row refers to ----

    def resolve(self, work: Work) -> Counts:
        self._refer(work)
        custom_columns.resolve(self.kind, work)
        key = self._key(work)
        shown = f's."{self.declared.import_key[-1]}"::text' if key else "''"
        if key:
            # A row that lacks a part of the key is nobody's twin.
            parts = (f"coalesce({part}::text, 'row ' || s.row)" for part in key)
            work.find_twins(", ".join(parts), shown, self._cells(work))
            work.fold_twins(self._named(work))
            self._match(work, key, shown)
        work.run(
            f"""UPDATE import_staging s SET outcome = CASE
                  WHEN s.record_id IS NULL THEN 'created'
                  WHEN EXISTS (SELECT 1 FROM {self.table} t WHERE t.id = s.record_id
                               AND ({self._differs(work)})) THEN 'updated' ELSE 'unchanged' END
                WHERE outcome IS NULL"""
        )
        custom_columns.reject_incomplete(self.kind, work)
        if not self.is_plain:
            self._by_deeds(work)
        return Counts.of(work.counts())

    def _refer(self, work: Work) -> None:
        for each in self._pointing():
            if not work.has(each.name):
                continue
            if each.kind is K.PERSON:
                resolve_people(work, each.name)
                continue
            reach = None
            if each.name == self.declared.belongs_to:
                # Whose record it becomes: only customers for whom the actor may import this kind.
                model: Any = registry.declared(each.link).model
                scope = work.actor.scope("import", self.kind)
                reach = model._default_manager.within(scope, work.actor)
            custom_columns.resolve_link(work, each.name, each.link, f"{each.name}_id", reach)

    def _named(self, work: Work) -> str:
        return next((n for n in reversed(self.declared.import_key) if work.has(n)), "")

    def _key(self, work: Work) -> list[str]:
        """The staged expressions of the import key, none when a part of it isn't in the file."""
        if not all(work.has(name) for name in self.declared.import_key):
            return []
        return [self._staged(name) for name in self.declared.import_key]

    def _staged(self, name: str) -> str:
        field = self.declared.field(name)
        return f's."{name}_id"' if field.kind in (K.LINK, K.PERSON) else f's."{name}"'

    def _column(self, name: str) -> models.Field[Any, Any]:
        column: Any = self.declared.model._meta.get_field(self.declared.field(name).path)
        return column  # type: ignore[no-any-return]

    def _cells(self, work: Work) -> list[str]:
        pointing = {each.name for each in self._pointing()}
        return [f"{name}_id" if name in pointing else name for name in work.columns]

    def _match(self, work: Work, key: list[str], shown: str) -> None:
        work.run("DROP TABLE IF EXISTS pg_temp.import_named")
        work.run(
            f"""CREATE TEMP TABLE import_named ON COMMIT DROP AS
                SELECT s.row, min(t.id) AS id, count(*) AS hits FROM import_staging s
                {self._known(key)} WHERE s.outcome IS NULL GROUP BY s.row"""
        )
        named = self._named(work)
        work.reject(
            "several_references",
            named,
            f"""SELECT s.row, {shown}, jsonb_build_object('text', {shown}) FROM import_staging s
                JOIN import_named n USING (row) WHERE n.hits > 1""",
        )
        work.run(
            "UPDATE import_staging s SET record_id = n.id FROM import_named n WHERE n.row = s.row"
        )
        if work.actor.scope("import", self.kind) is not Scope.ALL:
            rows = self.declared.visible_to(work.actor, "import").order_by().values("pk")
            reach, params = rows.query.sql_with_params()
            work.reject(
                "not_editable",
                named,
                f"""SELECT s.row, {shown}, jsonb_build_object('key', {shown}) FROM import_staging s
                    WHERE s.record_id IS NOT NULL AND s.record_id NOT IN ({reach})""",
                list(params),
            )

    def _known(self, key: list[str]) -> str:
        """How the staged rows join the table `t` by their key."""
        same = " AND ".join(
            f't."{self._column(name).column}" = {expression}'
            for name, expression in zip(self.declared.import_key, key, strict=True)
        )
        return f"JOIN {self.table} t ON {same}"

    def _creation(self, work: Work) -> Callable[..., Any]:
        """The deed that a new row goes through."""
        create = registry[self.kind].create
        assert create is not None
        return create

    def _plain_names(self, work: Work) -> list[str]:
        own = {each.name for each in custom_columns.matched(self.kind, work)}
        return [name for name in work.columns if name not in own]

    def _given(self, name: str) -> str:
        """The staged entry as the column of the table takes it."""
        staged, column = self._staged(name), self._column(name)
        if isinstance(column, ArrayField):
            return f"string_to_array({staged}, ',')"
        return staged

    def _differs(self, work: Work) -> str:
        parts = [
            f'({given} IS NOT NULL AND t."{self._column(name).column}" IS DISTINCT FROM {given})'
            for name in self._plain_names(work)
            for given in [self._given(name)]
        ]
        if custom_columns.matched(self.kind, work):
            parts.append(custom_columns.differs(self.kind, work, "t"))
        return " OR ".join(parts) or "false"

    # ---- written in sets ----

    def write(self, work: Work) -> None:
        if not self.is_plain:
            return  # the deeds have done it; a check is rolled back as a whole
        work.run("DELETE FROM import_staging WHERE outcome NOT IN ('created', 'updated')")
        has_key = any(c.column == "name_key" for c in self.declared.model._meta.concrete_fields)
        if has_key and work.has("name"):
            work.fill_name_keys("import_staging")
        self._update(work)
        self._insert(work, has_key)

    def _update(self, work: Work) -> None:
        changed = "SELECT record_id FROM import_staging WHERE outcome = 'updated'"
        has_version = any(c.name == "version" for c in self.declared.model._meta.concrete_fields)
        if not work.keep_before(self.table, changed, has_version):
            return
        sets = [
            f'"{column}" = coalesce({self._given(name)}, t."{column}")'
            for name in self._plain_names(work)
            for column in [self._column(name).column]
        ]
        sets.append(f"custom = t.custom || {custom_columns.entries(self.kind, work)}")
        names = {column.name for column in self.declared.model._meta.concrete_fields}
        sets += [
            words
            for name, words in (
                ("version", "version = t.version + 1"),
                ("updated_at", "updated_at = now()"),
            )
            if name in names
        ]
        work.run(
            f"""UPDATE {self.table} t SET {", ".join(sets)} FROM import_staging s
                WHERE s.outcome = 'updated' AND s.record_id = t.id"""
        )

    def _insert(self, work: Work, has_key: bool) -> None:
        work.run(
            f"""UPDATE import_staging SET record_id = nextval(pg_get_serial_sequence('{self.table}', 'id'))
                WHERE outcome = 'created'"""
        )
        given = {self._column(n).column: self._given(n) for n in self._plain_names(work)}
        owner = registry.declared(self._owner_link()) if self.declared.belongs_to else None
        columns: list[str] = []
        filled: list[str] = []
        params: list[Any] = []
        for column in self.declared.model._meta.concrete_fields:
            name = str(column.column)
            expression, its = self._filling(column, given.get(name), work, has_key)
            if owner is not None and name in PLACED:
                expression, its = f"c.{name}", []
            columns.append(f'"{name}"')
            filled.append(expression)
            params += its
        place = ""
        if owner is not None:
            place = f"JOIN {owner.model._meta.db_table} c ON c.id = s.{self.declared.belongs_to}_id"
        work.run(
            f"""INSERT INTO {self.table} ({", ".join(columns)}) SELECT {", ".join(filled)}
                FROM import_staging s {place} WHERE s.outcome = 'created' ORDER BY s.row""",
            params,
        )
        work.keep_created(
            self.table, "SELECT record_id FROM import_staging WHERE outcome = 'created'"
        )

    def _owner_link(self) -> str:
        return self.declared.field(self.declared.belongs_to).link

    def _filling(
        self, column: Any, given: str | None, work: Work, has_key: bool
    ) -> tuple[str, list[Any]]:
        """The expression that fills a column of a new row, with its parameters."""
        fixed = {
            "id": "s.record_id",
            "custom": custom_columns.entries(self.kind, work),
            "version": "1",
            "created_at": "now()",
            "updated_at": "now()",
        }
        if column.column in fixed:
            return fixed[column.column], []
        if column.column == "name_key" and has_key:
            return "coalesce(s.name_key, '')", []
        if column.column == "created_by_id":
            return "%s::bigint", [work.actor.pk]
        default = None if column.null else column.get_default()
        if default is None:
            return (given or "NULL"), []
        adapted = column.get_db_prep_save(default, connection)
        kind = column.db_type(connection)
        return (f"coalesce({given}, %s::{kind})" if given else f"%s::{kind}"), [adapted]

    # ---- written by deeds ----

    def _by_deeds(self, work: Work) -> None:
        """Create and edit as people do; a check does all of it, too, and is rolled back."""
        rows = work.fetch(
            "SELECT count(*) FROM import_staging WHERE outcome IN ('created', 'updated')"
        )
        if rows[0][0] > MOST_BY_DEED:
            raise Refused(
                _("Files of these records have at most %(limit)s rows. Divide the file.")
                % {"limit": f"{MOST_BY_DEED:,}"}
            )
        kind = registry[self.kind]
        create = self._creation(work)
        created: list[int] = []
        for number, outcome, pk, entries in self._rows(work):
            try:
                with transaction.atomic():
                    if outcome == "created":
                        record = create(entries, actor=work.actor, on=work.on)
                        created.append(record.pk)
                        work.run(
                            "UPDATE import_staging SET record_id = %s WHERE row = %s",
                            [record.pk, number],
                        )
                    elif kind.edit is not None:
                        work.keep_before(self.table, f"SELECT {int(pk or 0)}")
                        record = kind.model._default_manager.get(pk=pk)
                        kind.edit(record, entries, actor=work.actor, on=work.on)
            except Refused as refusal:
                self._refused(work, number, str(refusal))
        if created:
            ids = ", ".join(f"({pk})" for pk in created)
            work.keep_created(self.table, f"SELECT id FROM (VALUES {ids}) AS new(id)")

    def _refused(self, work: Work, row: int, words: str) -> None:
        column = work.columns.get(self._named(work), -1)
        work.findings.add([Problem(row, column, "refused", "", {"reason": words})])
        work.run("DELETE FROM import_staging WHERE row = %s", [row])

    def _rows(self, work: Work) -> Iterator[tuple[int, str, int | None, dict[str, Any]]]:
        """Row number, outcome, id and the entries as the deeds take them; blank cells are left out."""
        cells = self._cells(work)
        ids = custom_columns.ids_of(self.fields())
        names = [f"{n}_id" if f"{n}_id" in ids and n in work.columns else n for n in cells]
        quoted = ", ".join(f'"{name}"' for name in names)
        staged = work.fetch(
            f"""SELECT row, outcome, record_id, {quoted} FROM import_staging
                WHERE outcome IN ('created', 'updated') ORDER BY row"""
        )
        kind = registry[self.kind]
        for start in range(0, len(staged), CHUNK):
            chunk = staged[start : start + CHUNK]
            meant = [
                self._meanings(kind.field(name), chunk, 3 + at)
                for at, name in enumerate(work.columns)
            ]
            for row in chunk:
                entries = {
                    name: meant[at](row[3 + at])
                    for at, name in enumerate(work.columns)
                    if row[3 + at] is not None
                }
                yield row[0], row[1], row[2], entries

    def _meanings(self, field: Field, chunk: Sequence[Any], at: int) -> Any:
        """How a staged cell becomes an entry: ids become records, several choices a list."""
        if field.kind is K.MULTI_CHOICE:
            return lambda cell: cell.split(",")
        if field.kind not in (K.LINK, K.PERSON) or field.is_custom:
            return lambda cell: cell
        ids = {row[at] for row in chunk if row[at] is not None}
        model: Any = User if field.kind is K.PERSON else registry.declared(field.link).model
        return model._default_manager.in_bulk(ids).__getitem__

    # ---- taking it back ----

    def undo(self, batch: ImportBatch, *, actor: Actor) -> None:
        created = created_ids(batch, self.table)
        names = {column.name for column in self.declared.model._meta.concrete_fields}
        if "version" in names:
            demand_unchanged(self.table, created)
        restore(batch, self.table, except_columns={"id", "updated_at", "created_at", *PLACED})
        if self.is_plain:
            delete_created(batch, self.table)
        else:
            self.declared.model._default_manager.filter(pk__in=created).delete()
