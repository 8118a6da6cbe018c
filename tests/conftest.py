"""One embedded PostgreSQL for the whole run, one migrated template database, one clone per worker."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cast import PASSWORD, TODAY
from clusters import cluster, engine
from databases import ADMIN_URL, APPLICATION_URL, point
from demo_company import built_files, demo_copy
from turns import SharersTogether, share_what_they_made

__all__ = ["built_files", "cluster", "demo_copy", "engine"]  # fixtures

SHARED_FILES = "KEZHI_TEST_FILES"


def pytest_configure(config: pytest.Config) -> None:
    """Start the database in the controller, before any worker or Django reads the environment."""
    if hasattr(config, "workerinput") or ADMIN_URL in os.environ or _needs_no_database(config):
        return
    from kezhi.cli.launch.postgres import THROW_AWAY, EmbeddedPostgres
    from kezhi.core.catalogue import compile_catalogues

    compile_catalogues()  # a fresh clone has none
    folder = Path(tempfile.mkdtemp(prefix="kezhi-tests-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder, settings={**THROW_AWAY, "max_connections": "200"})
    config.stash[SERVER] = server
    addresses = server.start()
    os.environ[ADMIN_URL], os.environ[APPLICATION_URL] = addresses.superuser, addresses.application
    os.environ[SHARED_FILES] = tempfile.mkdtemp(prefix="kezhi-tests-files-")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser comes last: it keeps an event loop, beside which Django refuses tests of the database.

    Files that stay in one piece come before the tests that fill what is left of a worker's time.
    """
    items.sort(
        key=lambda item: (item.path.parent.name == "browser", not share_what_they_made(item.path))
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return SharersTogether(config, log)


SERVER: pytest.StashKey[Any] = pytest.StashKey()


def pytest_unconfigure(config: pytest.Config) -> None:
    server = config.stash.get(SERVER, None)
    if server is not None:
        import shutil

        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)
        shutil.rmtree(os.environ[SHARED_FILES], ignore_errors=True)


def _needs_no_database(config: pytest.Config) -> bool:
    """The engine's tests run alone, as the engine does."""
    asked = [str(argument) for argument in config.args]
    return bool(asked) and all("tests/value" in argument for argument in asked)


@pytest.fixture(scope="session")
def template(django_test_environment: None, django_db_blocker: Any) -> str:
    """The name of a migrated database that others are cloned from; whoever comes first makes it."""
    import psycopg
    from django.conf import settings
    from django.db import connections

    name = "kezhi_template"
    with psycopg.connect(os.environ[ADMIN_URL], autocommit=True) as server:
        server.execute("SELECT pg_advisory_lock(20261121)")
        made = server.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", [name]
        ).fetchone()
        if not made:
            server.execute(f"DROP DATABASE IF EXISTS {name}")
            server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
            with django_db_blocker.unblock():
                _migrate(settings, connections, name)
            server.execute(f"ALTER DATABASE {name} IS_TEMPLATE true")
        server.execute("SELECT pg_advisory_unlock(20261121)")
    return name


@pytest.fixture(scope="session")
def clone(template: str) -> Iterator[Callable[[str], str]]:
    """Makes a database of that name from the template; gone at the end of the run."""
    import psycopg

    made = []

    def make(name: str) -> str:
        with psycopg.connect(os.environ[ADMIN_URL], autocommit=True) as server:
            server.execute("SELECT pg_advisory_lock(20261121)")
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        made.append(name)
        return name

    yield make
    with psycopg.connect(os.environ[ADMIN_URL], autocommit=True) as server:
        for name in made:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def django_db_setup(
    clone: Callable[[str], str], django_db_blocker: Any, worker_id: str
) -> Iterator[None]:
    """Each worker works on a clone of its own."""
    from django.conf import settings
    from django.db import connections

    point(settings, connections, clone(f"kezhi_test_{worker_id}"))
    yield
    with django_db_blocker.unblock():
        connections["default"].close()


def _migrate(settings: Any, connections: Any, name: str) -> None:
    from django.core.management import call_command

    from kezhi.core.database import grant_application_role
    from kezhi.workbench.searching import filling

    point(settings, connections, name)
    call_command("migrate", verbosity=0, interactive=False)
    grant_application_role("kezhi_app")
    filling.close_gaps()  # what migrations wrote is found
    connections["default"].close()


@pytest.fixture(autouse=True)
def fresh_definitions() -> Iterator[None]:
    """Fields and layouts that one test defined are not known to the next."""
    yield
    import sys

    if known := sys.modules.get("kezhi.workbench.customizing.definitions"):
        known.forget()


@pytest.fixture(autouse=True)
def what_migrations_wrote(request: pytest.FixtureRequest) -> None:
    """A test with transactions of its own leaves every table empty: the next one gets a new clone."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None or not marker.kwargs.get("transaction"):
        return
    from django.db import connections

    from kezhi.accounts.models import Role

    if not Role.objects.exists():
        name = connections["default"].settings_dict["NAME"]
        connections["default"].close()
        request.getfixturevalue("clone")(name)


# The cast: 安徽茶业, the gold distributor; Li Wei, who sells to it; Chen Jing, who may not see it.


@pytest.fixture
def company(db: None) -> Any:
    from kezhi.accounts.models import Company

    return Company.objects.get_or_create(
        pk=1, defaults={"name": "远航供应链", "currency": "CNY", "time_zone": "Asia/Shanghai"}
    )[0]


@pytest.fixture
def organisation(company: Any) -> Any:
    """Two departments under a head office, a team in each."""
    from types import SimpleNamespace

    from kezhi.accounts.arranging import create_department, create_team
    from kezhi.core.actor import SYSTEM

    head = create_department("总部", None, actor=SYSTEM)
    east = create_department("华东", head, actor=SYSTEM)
    south = create_department("华南", head, actor=SYSTEM)
    return SimpleNamespace(
        head=head,
        east=east,
        south=south,
        east_one=create_team("华东一组", east, actor=SYSTEM),
        east_two=create_team("华东二组", east, actor=SYSTEM),
        south_one=create_team("华南一组", south, actor=SYSTEM),
    )


def _person(login: str, name: str, role: str, **place: Any) -> Any:
    from kezhi.accounts.organising import create_person
    from kezhi.core.actor import SYSTEM

    return create_person(
        {"login": login, "name": name, "roles": [role], "password": PASSWORD, **place}, actor=SYSTEM
    )


@pytest.fixture
def owner(organisation: Any) -> Any:
    return _person("owner", "林晓雯", "owner", department=organisation.head)


@pytest.fixture
def manager(organisation: Any) -> Any:
    return _person(
        "manager", "周启明", "manager", department=organisation.east, team=organisation.east_one
    )


@pytest.fixture
def li_wei(organisation: Any) -> Any:
    return _person(
        "liwei", "李伟", "salesperson", department=organisation.east, team=organisation.east_one
    )


@pytest.fixture
def sun_yue(organisation: Any) -> Any:
    return _person(
        "sunyue", "孙悦", "salesperson", department=organisation.east, team=organisation.east_two
    )


@pytest.fixture
def chen_jing(organisation: Any) -> Any:
    return _person(
        "chenjing",
        "陈静",
        "salesperson",
        department=organisation.south,
        team=organisation.south_one,
    )


@pytest.fixture
def agent(organisation: Any) -> Any:
    return _person("agent", "何静", "service_agent", department=organisation.head)


@pytest.fixture
def analyst(organisation: Any) -> Any:
    return _person("analyst", "沈安", "analyst", department=organisation.head)


@pytest.fixture
def anhui_tea(li_wei: Any) -> Any:
    from kezhi.customers.creating import create_customer

    return create_customer(
        {"name": "安徽茶业有限公司", "code": "C-AHTEA", "industry": "食品", "city": "合肥"},
        actor=li_wei,
        on=TODAY,
    )
