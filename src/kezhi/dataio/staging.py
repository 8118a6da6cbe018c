"""The staging table of one import: temporary, typed, gone with the transaction. Loaders work on it in sets."""

# ruff: noqa: S608  # tables and columns are the code's own names; what a user typed goes as a parameter
from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
from django.db import DatabaseError, connection, transaction

from kezhi.core.actor import Actor
from kezhi.core.names import name_key
from kezhi.dataio.fields import ImportField
from kezhi.dataio.problems import Problem
from kezhi.dataio.typing import TypedBatch
from kezhi.records import FieldKind

SHOWN_PROBLEMS = 2_000
SHOWN_EXAMPLES = 5
IDS_PER_ROW = 10_000

SQL_TYPES = {
    FieldKind.MONEY: "numeric(20,4)",
    FieldKind.QUANTITY: "numeric(20,4)",
    FieldKind.SHARE: "numeric(12,6)",
    FieldKind.INTEGER: "bigint",
    FieldKind.DATE: "date",
    FieldKind.BOOLEAN: "boolean",
}


class Findings:
    """All problems of a file: exact numbers by cause, the first ones for the screen, every one on disk."""

    SCHEMA = pa.schema(
        [
            ("row", pa.int64()),
            ("column", pa.int32()),
            ("code", pa.string()),
            ("params", pa.string()),
        ]
    )

    def __init__(self, path: Path | None = None) -> None:
        self.total = 0
        self.rows = 0
        self.shown: list[Problem] = []
        self._causes: dict[tuple[int, str], _Cause] = {}
        self._path = path
        self._writer: Any = None

    def add(self, problems: Sequence[Problem]) -> None:
        """The problems of some rows; all problems of one row must come together."""
        if not problems:
            return
        self.total += len(problems)
        self.rows += len({problem.row for problem in problems})
        self.shown += problems[: max(0, SHOWN_PROBLEMS - len(self.shown))]
        for problem in problems:
            key = (problem.column, problem.code)
            cause = self._causes.get(key)
            if cause is None:
                cause = self._causes[key] = _Cause(dict(problem.params))
            cause.add(problem)
        self._write(problems)

    def _write(self, problems: Sequence[Problem]) -> None:
        if self._path is None:
            return
        if self._writer is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pa.ipc.new_stream(str(self._unfinished), self.SCHEMA)
        self._writer.write_batch(
            pa.record_batch(
                [
                    pa.array([p.row for p in problems], pa.int64()),
                    pa.array([p.column for p in problems], pa.int32()),
                    pa.array([p.code for p in problems], pa.string()),
                    pa.array([json.dumps(dict(p.params), default=str) for p in problems]),
                ],
                schema=self.SCHEMA,
            )
        )

    @property
    def _unfinished(self) -> Path:
        # Half a file, left by a process that was killed, never stands under the name of a whole one.
        assert self._path is not None
        return self._path.with_name(f"{self._path.name}.unfinished")

    def close(self) -> None:
        if self._path is None:
            return
        if self._writer is None:
            self._path.unlink(missing_ok=True)
        else:
            self._writer.close()
            self._unfinished.replace(self._path)

    def causes(self) -> list[dict[str, Any]]:
        """Groups of problems, the most frequent first."""
        groups = [
            {
                "column": column,
                "code": code,
                "count": cause.count,
                "params": cause.params,
                "rows": cause.rows,
                "texts": cause.common_texts(),
            }
            for (column, code), cause in self._causes.items()
        ]
        return sorted(groups, key=lambda group: -group["count"])


@dataclass
class _Cause:
    params: dict[str, Any]
    count: int = 0
    rows: list[int] = field(default_factory=list)
    texts: Counter[str] = field(default_factory=Counter)

    def add(self, problem: Problem) -> None:
        self.count += 1
        if len(self.rows) < SHOWN_EXAMPLES:
            self.rows.append(problem.row)
        if problem.text and (problem.text in self.texts or len(self.texts) < 500):
            self.texts[problem.text] += 1

    def common_texts(self) -> list[list[Any]]:
        return [[text, count] for text, count in self.texts.most_common(30)]


class Staging:
    """`import_staging`: `row`, a column per field of the kind (null where not matched), the loader's extras."""

    table = "import_staging"

    def __init__(self, fields: Iterable[ImportField], extra: Mapping[str, str]) -> None:
        # In the database's own collation: in another one no index on a table's texts would be used.
        self.columns = {f.name: SQL_TYPES.get(f.kind, "text") for f in fields}
        declared = ["row bigint", *(f'"{n}" {t}' for n, t in {**self.columns, **extra}.items())]
        _widen_buffers()
        with connection.cursor() as cursor:
            self._drop(cursor)
            cursor.execute(f"CREATE TEMP TABLE {self.table} ({', '.join(declared)}) ON COMMIT DROP")
            cursor.execute(
                "CREATE TEMP TABLE import_faults (row bigint, field text, code text, text text, params jsonb)"
                " ON COMMIT DROP"
            )
            # One import may use more memory than a page; parallel workers can't read temporary tables.
            cursor.execute("SET LOCAL work_mem = '96MB'")
            cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")

    @classmethod
    def _drop(cls, cursor: Any) -> None:
        cursor.execute(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = pg_my_temp_schema()"
            " AND c.relkind = 'r' AND c.relname LIKE 'import\\_%%'"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TABLE pg_temp."{name}"')

    def drop(self) -> None:
        with connection.cursor() as cursor:
            self._drop(cursor)

    def add(self, batch: TypedBatch) -> None:
        """COPY the good rows of a batch."""
        if not len(batch.numbers):
            return
        names = ["row", *batch.columns]
        table = pa.table([pa.array(batch.numbers), *batch.columns.values()], names=names)
        buffer = io.BytesIO()
        pyarrow.csv.write_csv(table, buffer, pyarrow.csv.WriteOptions(include_header=False))
        quoted = ", ".join(f'"{name}"' for name in names)
        sql = f"COPY {self.table} ({quoted}) FROM STDIN (FORMAT csv)"
        with connection.cursor() as cursor, cursor.copy(sql) as copy:
            copy.write(buffer.getbuffer())

    def ready(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {self.table}")


def _widen_buffers() -> None:
    """Keep staged rows in memory; a session that used temporary tables before keeps the size it had."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET temp_buffers = '128MB'")
    except DatabaseError:
        return


@dataclass
class Work:
    """What a loader works with: the staged rows, whose import it is, and what was matched."""

    staging: Staging
    findings: Findings
    actor: Actor
    on: date
    options: Mapping[str, Any]
    columns: Mapping[str, int]  # field → position in the file
    batch_id: int
    step: Callable[[str], None]
    tags: int = -1  # position of the column of tags

    @property
    def has_tags(self) -> bool:
        return self.tags >= 0

    def run(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> int:
        """Execute; the number of rows touched."""
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return int(cursor.rowcount)

    def fetch(
        self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()
    ) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall()

    def has(self, *fields: str) -> bool:
        """Whether any of these fields is matched to a column."""
        return any(field in self.columns for field in fields)

    def fill_name_keys(self, table: str, where: str = "true") -> None:
        """The sort keys (`name_key`) of names, computed here because pinyin isn't in the database."""
        names = self.fetch(f"SELECT DISTINCT name FROM {table} WHERE name IS NOT NULL AND {where}")
        self.run("DROP TABLE IF EXISTS pg_temp.import_name_keys")
        self.run("CREATE TEMP TABLE import_name_keys (name text, key text) ON COMMIT DROP")
        with connection.cursor() as cursor, cursor.copy("COPY import_name_keys FROM STDIN") as copy:
            for (name,) in names:
                copy.write_row((name, name_key(name)))
        self.run("ANALYZE import_name_keys")
        self.run(
            f"UPDATE {table} t SET name_key = k.key FROM import_name_keys k"
            f" WHERE k.name = t.name AND {where}"
        )

    def reject(self, code: str, field: str, rows: str, params: Sequence[Any] = ()) -> int:
        """Report and drop staged rows. `rows` is a query that gives row, text and parameters (jsonb)."""
        self.run("TRUNCATE import_faults")
        count = self.run(
            f"INSERT INTO import_faults (row, field, code, text, params)"
            f" SELECT DISTINCT ON (q.row) q.row, '{field}', '{code}', q.text, q.params"
            f" FROM ({rows}) AS q(row, text, params) ORDER BY q.row",
            params,
        )
        if not count:
            return 0
        position = self.tags if field == "tags" else self.columns.get(field, -1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT row, text, params FROM import_faults ORDER BY row")
            while chunk := cursor.fetchmany(20_000):
                self.findings.add(
                    [
                        Problem(row, position, code, text or "", _json(params))
                        for row, text, params in chunk
                    ]
                )
        self.run("DELETE FROM import_staging s USING import_faults f WHERE f.row = s.row")
        return count

    def find_twins(self, key: str, shown: str, cells: Sequence[str], field: str = "''") -> None:
        """`import_twins`: staged rows whose key an earlier row has, with both rows' content, to compare.

        `key`, `shown` (the text that a report quotes) and `field` are expressions over the staged row `s`.
        """
        cells = [*cells, "tags"] if self.has_tags else cells
        content = "md5(ROW({})::text)".format(", ".join(f's."{name}"' for name in cells))
        self.run("DROP TABLE IF EXISTS pg_temp.import_twins")
        self.run(
            f"""CREATE TEMP TABLE import_twins ON COMMIT DROP AS SELECT * FROM (
                  SELECT s.row, {shown} AS text, {field} AS field, {content} AS content,
                    first_value(s.row) OVER same AS first_row,
                    first_value({content}) OVER same AS first_content
                  FROM import_staging s WINDOW same AS (PARTITION BY {key} ORDER BY s.row)
                ) AS all_rows WHERE row <> first_row"""
        )

    def fold_twins(self, field: str, where: str = "true") -> None:
        """Report the twins that contradict the earlier row; equal ones are that row `repeated`."""
        self.reject(
            "same_row_again",
            field,
            "SELECT row, text, jsonb_build_object('row', first_row, 'key', text) FROM import_twins"
            f" WHERE content <> first_content AND {where}",
        )
        self.run(
            "UPDATE import_staging s SET outcome = 'repeated' FROM import_twins t"
            f" WHERE t.row = s.row AND t.content = t.first_content AND {where}"
        )

    def counts(self) -> dict[str, int]:
        """How many staged rows have which outcome."""
        return dict(self.fetch("SELECT outcome, count(*) FROM import_staging GROUP BY outcome"))

    def keep_created(self, table: str, ids: str) -> int:
        """Remember the ids (a query) of rows that this import creates in `table`."""
        return self.run(
            'INSERT INTO dataio_importedrows (batch_id, "table", ids)'
            f" SELECT %s, %s, array_agg(id) FROM (SELECT id, (row_number() OVER () - 1) / {IDS_PER_ROW} AS part"
            f" FROM ({ids}) AS new(id)) AS parts GROUP BY part",
            [self.batch_id, table],
        )

    def keep_before(self, table: str, ids: str, has_version: bool = True) -> int:
        """Remember what the rows with these ids (a query) of `table` were, before they are changed."""
        version = "t.version + 1" if has_version else "NULL::int"
        return self.run(
            'INSERT INTO dataio_beforeimage (batch_id, "table", row_id, before, version)'
            f" SELECT %s, %s, t.id, to_jsonb(t), {version} FROM {table} t"
            f" WHERE t.id IN ({ids})",
            [self.batch_id, table],
        )


def _json(params: Any) -> dict[str, Any]:
    if isinstance(params, str):
        return dict(json.loads(params))
    return dict(params or {})
