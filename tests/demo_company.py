"""The demo company: built once for the whole run, and copied for whoever looks at it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from databases import ADMIN_URL, APPLICATION_URL

KEZHI = [sys.executable, "-m", "kezhi.cli"]
TEMPLATE = "kezhi_demo_template"
# Two numbers, so that who builds holds up nobody who only clones the empty template.
BUILDING, CLONING = 20261122, 20261121
DemoCopy = Callable[[str, Path], str]


def environment_of(database: str, data: Path) -> dict[str, str]:
    base, _slash, _name = os.environ[APPLICATION_URL].rpartition("/")
    return os.environ | {
        "DATABASE_URL": f"{base}/{database}",
        "KEZHI_DATA": str(data),
        "KEZHI_SECRET_KEY": "browser tests",
        "KEZHI_SETUP_TOKEN": "browser",
        "DJANGO_SETTINGS_MODULE": "kezhi.settings",
        "LANG": "C.UTF-8",
    }


@pytest.fixture(scope="session")
def built_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Browser files, translations and static files, built once as `demo` and `serve` build them."""
    data = tmp_path_factory.mktemp("built")
    environment = os.environ | {
        "KEZHI_DATA": str(data),
        "KEZHI_SECRET_KEY": "browser tests",
        "DATABASE_URL": os.environ[APPLICATION_URL],
        "DJANGO_SETTINGS_MODULE": "kezhi.settings",
    }
    done = subprocess.run([*KEZHI, "prepare"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return data


@pytest.fixture(scope="session")
def demo_copy(
    template: str, built_files: Path, tmp_path_factory: pytest.TempPathFactory
) -> DemoCopy:
    """Makes a database and a data folder that hold the demo company."""
    shared = os.environ.get("KEZHI_TEST_FILES") or str(tmp_path_factory.mktemp("demo"))
    original = Path(shared) / "demo"

    def copy(database: str, data: Path) -> str:
        with psycopg.connect(os.environ[ADMIN_URL], autocommit=True) as server:
            server.execute("SELECT pg_advisory_lock(%s)", [BUILDING])
            if not server.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", [TEMPLATE]
            ).fetchone():
                _build(server, template, original, built_files)
            server.execute("SELECT pg_advisory_lock(%s)", [CLONING])
            server.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
            server.execute(f"CREATE DATABASE {database} TEMPLATE {TEMPLATE}")
        shutil.copytree(original, data, symlinks=True)
        return database

    return copy


def _build(server: psycopg.Connection, template: str, data: Path, built_files: Path) -> None:
    server.execute(f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)")
    server.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE {template}")
    shutil.rmtree(data, ignore_errors=True)  # of a build that failed
    data.mkdir(parents=True)
    (data / "static").symlink_to(built_files / "static")
    done = subprocess.run(
        [*KEZHI, "prepare", "--demo"],
        env=environment_of(TEMPLATE, data),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [TEMPLATE]
    )
    server.execute(f"ALTER DATABASE {TEMPLATE} IS_TEMPLATE true")
