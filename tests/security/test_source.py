"""What stands nowhere in the program: SQL made of what was typed, code made of data, markup let through."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

SOURCE = Path(__file__).parents[2] / "src" / "kezhi"
ASKING = {"execute", "executemany", "copy", "raw", "extra", "RawSQL"}
# Modules that put SQL together from parts. Each was read: its parts are names of the program's own tables and
# columns, custom keys that were checked when they were defined, or fragments of the module itself.
MADE_OF_PARTS = {
    "insight/exempting.py", "rights/breaches.py", "rights/erasing.py", "rights/packaging.py",
    "rights/tracing.py", "accounts/turns.py",
    "accounts/models/sharing.py", "audit/sealing.py", "catalog/importing.py", "core/database.py",
    "core/progress.py", "customers/completing.py", "customers/deduplicating_import.py",
    "customers/importing.py", "customers/importing_contacts.py", "customers/matching_keeping.py",
    "customers/merging.py", "customers/merging_references.py", "customers/placing.py",
    "dataio/custom_columns.py", "dataio/importing.py", "dataio/loading.py", "dataio/people.py",
    "dataio/staging.py", "dataio/undoing.py", "demo/customizing.py", "demo/loading.py",
    "insight/copying.py", "insight/facts.py", "insight/figures/growth.py",
    "insight/indexing/comparing.py", "insight/previewing.py", "insight/publishing.py", "insight/standing.py",
    "ledger/importing.py", "ledger/importing_costs.py", "workbench/attaching.py",
    "workbench/customizing/carrying_out.py", "workbench/reporting/computing.py",
    "workbench/reporting/keeping.py",  # written by the ORM, once
    "workbench/searching/documents.py",
    "workbench/searching/filling.py", "workbench/searching/finding.py",
    "workbench/searching/following.py", "workbench/searching/likeness.py",
    "workbench/searching/listing.py", "workbench/undoing.py",
    "cli/launch/postgres.py", "operations/backups/making.py", "operations/backups/manifest.py",
    "operations/checking.py", "service/care/occasions.py", "service/complaints/analysing.py",
    "service/knowledge/finding.py", "service/quality/counting.py",
    "insight/expecting.py", "insight/levelling.py", "insight/touching.py",
    "customers/demanding.py", "satisfaction/analysing/contentment.py",
    "satisfaction/analysing/counting.py", "satisfaction/analysing/replying.py",
}  # fmt: skip
# Where text becomes markup: each escapes its parts itself.
MARKED_UP = {
    "service/knowledge/rendering.py",
    "web/findings.py", "web/jinja_env.py", "web/numbers.py", "web/records/rows.py",
    "web/service/page.py", "web/value/over_time_cohorts.py", "web/value/over_time_pictures.py",
}  # fmt: skip
BANNED = {
    "eval", "exec", "compile", "__import__", "pickle", "cPickle", "marshal", "shelve", "dill", "jsonpickle",
    "yaml", "os.system", "os.popen", "mark_safe", "SafeString", "from_string",
}  # fmt: skip


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def _called(node: ast.AST) -> str:
    """`cursor.execute` as `execute`, `os.system` in full."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
        return f"os.{node.func.attr}" if owner == "os" else node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _asks_sql(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or _called(node) not in ASKING:
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id == "RawSQL"
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    is_modules = isinstance(owner, ast.Name) and owner.id == "copy"
    return not is_modules and (_called(node) != "copy" or bool(node.args))  # a dict's copy has none


def _is_literal(node: ast.expr) -> bool:
    """One string, or a constant of the module."""
    if isinstance(node, ast.Name):
        return node.id.strip("_").isupper()
    return isinstance(node, ast.Constant)


def test_no_page_speaks_sql():
    """What reads a request asks through the ORM; only the health of the connection is its own affair."""
    found = [
        f"{name}:{node.lineno}"
        for name, tree in modules()
        if name.startswith(("web/", "api/"))
        for node in ast.walk(tree)
        if _asks_sql(node) or _called(node) == "cursor"
    ]
    assert not found


def test_sql_of_several_parts_is_made_only_in_modules_that_were_read():
    found = {
        name
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _asks_sql(node)
        if not node.args or not _is_literal(node.args[0])
    }
    assert found <= MADE_OF_PARTS, found - MADE_OF_PARTS


def test_nothing_that_runs_data_or_lets_markup_through():
    found = []
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                used = [alias.name.split(".")[0] for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                used = [(node.module or "").split(".")[0], *(alias.name for alias in node.names)]
            else:
                is_own = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                called = _called(node)
                # `re.compile` and `store.exec` aren't the built-in ones.
                used = [] if is_own and called in ("compile", "eval", "exec") else [called]
            found += [f"{name}:{node.lineno} {word}" for word in used if word in BANNED]
            if isinstance(node, ast.keyword) and node.arg == "shell":
                found.append(f"{name} shell=")
    assert not found


def test_markup_is_made_only_where_it_is_escaped():
    made = {
        name for name, tree in modules() for node in ast.walk(tree) if _called(node) == "Markup"
    }
    assert made <= MARKED_UP
    templates = (SOURCE / "web" / "jinja").rglob("*.html")
    unsafe = ("|safe", "| safe", "autoescape false", "autoescape off")
    assert not [path.name for path in templates if any(u in path.read_text() for u in unsafe)]


def test_a_new_careless_line_is_found():
    tree = ast.parse(
        "cursor.execute(f'SELECT {name}')\nMarkup(x)\nos.system(x)\nrun(x, shell=True)"
    )
    called = [_called(node) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert {"execute", "Markup", "os.system"} <= set(called)
    assert not _is_literal(tree.body[0].value.args[0])


# ---- what the application's own role may do in the database ----


@pytest.fixture
def application(clone, worker_id):
    name = clone(f"kezhi_role_{worker_id}")
    base, _slash, _name = os.environ["KEZHI_TEST_APPLICATION_URL"].rpartition("/")
    with psycopg.connect(f"{base}/{name}", autocommit=True) as connection:
        yield connection


def test_the_application_is_nobody_special_in_the_database(application):
    rights = application.execute(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles"
        " WHERE rolname = current_user"
    ).fetchone()
    assert rights == (False,) * 5
    memberships = application.execute(
        "SELECT r.rolname FROM pg_roles r WHERE pg_has_role(current_user, r.oid, 'member')"
        " AND r.rolname <> current_user"
    ).fetchall()
    assert memberships == []


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COPY pg_temp.t FROM '/etc/passwd'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT rolpassword FROM pg_authid",
        "CREATE ROLE other SUPERUSER",
        "ALTER SYSTEM SET log_statement = 'all'",
        "CREATE TABLE public.planted (x int)",
        "DROP TABLE customers_customer",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "TRUNCATE customers_customer",
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "UPDATE audit_entry SET reason = ''",
        "DELETE FROM audit_change",
        "UPDATE audit_sighting SET title = ''",
        "DELETE FROM audit_seal",
        "SET ROLE postgres",
    ],
)
def test_what_an_injection_could_not_do_either(application, statement):
    application.execute("CREATE TEMP TABLE t (line text)")
    with pytest.raises(psycopg.Error) as refused:
        application.execute(statement)
    told = str(refused.value)
    assert "permission denied" in told or "must be" in told, told
