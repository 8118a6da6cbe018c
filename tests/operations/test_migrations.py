"""New migrations don't lock a large table for long.

Patterns that rewrite or check a whole table under ACCESS EXCLUSIVE are looked for in the SQL that Django makes
of each migration since the last release, for tables that grow with the company.
"""

import re

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

# The last migration of each app in the release of which `releases` keeps a dump.
RELEASED = {
    "accounts": 14, "audit": 4, "catalog": 4, "core": 1, "customers": 20, "dataio": 1, "insight": 22,
    "ledger": 7, "messaging": 0, "rights": 0, "satisfaction": 2, "workbench": 14, "operations": 0,
}  # fmt: skip
LARGE = (
    "customers_", "ledger_", "workbench_searchdocument", "workbench_attachment", "audit_", "insight_snapshot",
    "messaging_", "core_jobrun",
)  # fmt: skip
BAD = {
    "changes the type of a column": re.compile(r"ALTER COLUMN \S+ TYPE", re.I),
    "adds a column that is computed for every row": re.compile(
        r"ADD COLUMN [^;]*GENERATED ALWAYS", re.I
    ),
    "adds a default that differs by row": re.compile(
        r"ADD COLUMN [^;]*DEFAULT \(?(gen_random_uuid|random|clock_timestamp)\(", re.I
    ),
    "checks every row while nobody may write": re.compile(
        r"ADD CONSTRAINT (?![^;]*NOT VALID)[^;]*CHECK", re.I
    ),
    "rewrites the table": re.compile(r"\b(VACUUM FULL|CLUSTER|SET (UN)?LOGGED)\b", re.I),
}


def faults(sql: str) -> list[str]:
    """Of tables that aren't made in the same SQL: those are empty."""
    found = []
    made = set(re.findall(r'CREATE TABLE "?(\w+)"?', sql))
    for statement in sql.split(";"):
        table = re.search(r'ALTER TABLE (?:ONLY |IF EXISTS )*"?(\w+)"?', statement, re.I)
        if table is None or table[1] in made or not table[1].startswith(LARGE):
            continue
        found += [
            f"{table[1]} {what}" for what, pattern in BAD.items() if pattern.search(statement)
        ]
    return found


def lost_on_the_previous_release(sql: str) -> set[str]:
    """What stops the release before this one from working on the new tables: what it knows is gone, or what
    it doesn't know must be filled in. Then nobody can go back to it without a restore."""
    made = set(re.findall(r'CREATE TABLE "?(\w+)"?', sql))
    lost = set()
    outside_functions = re.sub(r"\$(\w*)\$.*?\$\1\$", "", sql, flags=re.S)
    for statement in outside_functions.split(";"):
        table = re.search(r'ALTER TABLE (?:ONLY |IF EXISTS )*"?(\w+)"?', statement, re.I)
        if table is None or table[1] in made:
            continue
        if (gone := re.search(r'(?:DROP|RENAME) COLUMN (?:IF EXISTS )?"?(\w+)', statement)) or (
            gone := re.search(r"RENAME TO", statement)
        ):
            lost.add(f"{table[1]} {gone[0]}")
        if added := re.search(r'ADD COLUMN "?(\w+)"?[^;]* NOT NULL', statement):
            lost |= set() if " DEFAULT " in statement else {f"{table[1]}.{added[1]}"}
        if unset := re.search(r'ALTER COLUMN "?(\w+)"? DROP DEFAULT', statement):
            lost.add(f"{table[1]}.{unset[1]}")
        if given := re.search(r'ALTER COLUMN "?(\w+)"? (?:SET DEFAULT|DROP NOT NULL)', statement):
            lost.discard(f"{table[1]}.{given[1]}")
    return lost


def new_migrations():
    for app, name in sorted(MigrationLoader(None).disk_migrations):
        number = int(name[:4]) if name[:4].isdigit() else 0
        if app in RELEASED and number > RELEASED[app]:
            yield app, name


@pytest.mark.django_db
def test_new_migrations_hold_no_large_table_for_long_and_let_the_previous_release_write():
    loader = MigrationLoader(connection)
    sql = []
    for app, name in new_migrations():
        migration = loader.disk_migrations[app, name]
        state = loader.project_state((app, name), at_end=False)
        with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
            migration.apply(state, editor, collect_sql=True)
        sql += [f"-- {app}.{name}", *editor.collected_sql]
    assert not faults(";".join(sql))
    assert not lost_on_the_previous_release(";".join(sql))


@pytest.mark.parametrize(
    "sql",
    [
        'ALTER TABLE "customers_customer" ALTER COLUMN "name" TYPE text',
        "ALTER TABLE ledger_order ADD COLUMN k uuid DEFAULT gen_random_uuid() NOT NULL",
        'ALTER TABLE "ledger_order" ADD CONSTRAINT c CHECK (amount > 0)',
        "ALTER TABLE ledger_order ADD COLUMN y int GENERATED ALWAYS AS (x + 1) STORED",
    ],
)
def test_what_locks_a_large_table_is_found(sql):
    assert faults(sql)


@pytest.mark.parametrize(
    "sql",
    [
        'ALTER TABLE "core_jobrun" DROP COLUMN "title" CASCADE',
        'ALTER TABLE "core_jobrun" RENAME COLUMN "title" TO "name"',
        'ALTER TABLE "core_jobrun" ADD COLUMN "a" jsonb DEFAULT \'{}\' NOT NULL;'
        ' ALTER TABLE "core_jobrun" ALTER COLUMN "a" DROP DEFAULT',
    ],
)
def test_what_the_previous_release_could_not_work_with_is_found(sql):
    assert lost_on_the_previous_release(sql)


def test_a_default_that_comes_later_counts():
    sql = (
        'ALTER TABLE "core_jobrun" ADD COLUMN "a" jsonb DEFAULT \'{}\' NOT NULL;'
        ' ALTER TABLE "core_jobrun" ALTER COLUMN "a" DROP DEFAULT;'
    )
    assert not lost_on_the_previous_release(
        sql + 'ALTER TABLE "core_jobrun" ALTER COLUMN "a" SET DEFAULT \'{}\''
    )


def test_what_is_quick_is_let_through():
    for sql in (
        'ALTER TABLE "core_jobrun" ADD COLUMN "arguments" jsonb DEFAULT \'{}\'::jsonb NOT NULL',
        'ALTER TABLE "ledger_order" ADD CONSTRAINT c CHECK (amount > 0) NOT VALID',
        'ALTER TABLE "accounts_company" ALTER COLUMN "name" TYPE text',
    ):
        assert not faults(sql)
