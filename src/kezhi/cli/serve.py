"""Starting Kezhi: all of it on one machine (`demo`, `serve`) or its parts (`web`, `worker`, …)."""

from __future__ import annotations

import errno
import http.client
import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from kezhi.cli.launch.app import close_connections, refuse_pending_migrations, set_up_django
from kezhi.cli.launch.database import alone, company_kind, reach, role_of
from kezhi.cli.launch.folder import DEMO, OWN, DataFolder, code_digest, default_folder
from kezhi.cli.launch.language import gettext as _
from kezhi.cli.launch.postgres import EmbeddedPostgres
from kezhi.cli.launch.processes import Service, Supervisor
from kezhi.cli.launch.stages import Stages
from kezhi.cli.launch.tether import die_with, tethered
from kezhi.cli.launch.trouble import CannotStart

PACKAGE = Path(__file__).resolve().parents[1]
CODE = (PACKAGE, PACKAGE.parents[1] / "assets")
KEZHI = [sys.executable, "-m", "kezhi.cli"]
HOST, PORT = "127.0.0.1", 8000
DEMO_ZONE = ZoneInfo("Asia/Shanghai")

port_option = click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=PORT,
    show_default=True,
    help=_("The web port."),
)
host_option = click.option(
    "--host", default=HOST, show_default=True, help=_("The address to listen on.")
)
data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    help=_("The data folder; made if it is missing."),
)


@click.command(help=_("Start the demo company: database, web and worker."))
@data_option
@port_option
@host_option
def demo(data: Path | None, port: int, host: str) -> None:
    run_everything(DEMO, data, host, port)


@click.command(help=_("Start Kezhi for your own company."))
@data_option
@port_option
@host_option
def serve(data: Path | None, port: int, host: str) -> None:
    run_everything(OWN, data, host, port)


def run_everything(kind: str, data: Path | None, host: str, port: int) -> None:
    """Database, web and worker as children of this process, until it is asked to stop."""
    stages = Stages()
    folder = DataFolder((data or default_folder(kind)).expanduser().absolute())
    with ExitStack() as undo:
        folder.hold(kind)
        undo.callback(folder.release)
        _refuse_a_taken_port(host, port)
        stages.say(_("Kezhi in %(folder)s") % {"folder": folder.path})
        supervisor = Supervisor(stages, [], on_change=folder.note_processes)
        supervisor.listen()
        undo.callback(supervisor.stop)
        environment = os.environ | {"KEZHI_DATA": str(folder.path)}
        if not os.environ.get("DATABASE_URL"):
            with stages.stage(_("Database")):
                supervisor.database = EmbeddedPostgres(folder.path)
                addresses = supervisor.database.start()
            environment["DATABASE_URL"] = addresses.application
            environment["DATABASE_MIGRATE_URL"] = addresses.owner
        elif kind == DEMO and company_kind(environment["DATABASE_URL"]) == OWN:
            raise CannotStart(
                _(
                    "The database of DATABASE_URL holds a company of your own: unset it for the demo."
                )
            )
        if not _prepared(kind, folder, environment, supervisor):
            return
        company = company_kind(environment["DATABASE_URL"])
        token = "" if company else secrets.token_urlsafe(18)
        environment |= {"KEZHI_SETUP_TOKEN": token} | _names(host)
        supervisor.services = _services(folder, host, port, environment)
        with stages.stage(_("Web and worker")):
            supervisor.start()
            if not supervisor.until(partial(_answers, host, port)):
                return
        _announce(company, stages, host, port, token)
        supervisor.run()


def _prepared(
    kind: str, folder: DataFolder, environment: dict[str, str], supervisor: Supervisor
) -> bool:
    """Bring database and files up to date if the code has changed; False if asked to stop."""
    # Nothing is known of a database that isn't in the folder, and a demo may have been cleared.
    is_whole = supervisor.database is not None and (
        kind == OWN or company_kind(environment["DATABASE_URL"])
    )
    if is_whole and folder.is_prepared(f"{kind}:{code_digest(*CODE)}"):
        return True
    steps = [["migrate"], ["prepare", "--demo"] if kind == DEMO else ["prepare"]]
    for step in steps:
        child = subprocess.Popen(  # noqa: S603
            tethered([*KEZHI, *step], farewell=signal.SIGTERM),
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        while child.poll() is None:
            if supervisor.is_asked_to_stop:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                child.wait(0.1)
        if supervisor.is_asked_to_stop:
            return False
        if child.returncode:
            raise SystemExit(child.returncode)  # it has said why
    folder.mark_prepared(f"{kind}:{code_digest(*CODE)}")
    return True


def _services(
    folder: DataFolder, host: str, port: int, environment: dict[str, str]
) -> list[Service]:
    log = folder.path / "log"
    at = [f"--host={host}", f"--port={port}"]
    return [
        Service("web", [*KEZHI, "web", *at], log / "web.log", environment, title=_("web")),
        Service(
            "worker",
            [*KEZHI, "worker"],
            log / "worker.log",
            environment,
            stop_within=30,
            title=_("worker"),
        ),
    ]


def _names(host: str) -> dict[str, str]:
    """The names under which the pages may be asked for, when listening beyond this machine."""
    if os.environ.get("KEZHI_ALLOWED_HOSTS") or host in {HOST, "localhost", "::1"}:
        return {}
    names = {"localhost", HOST, "[::1]", socket.gethostname(), socket.getfqdn()}
    if host in {"0.0.0.0", "::"}:  # noqa: S104
        import psutil

        for addresses in psutil.net_if_addrs().values():
            names |= {each.address for each in addresses if each.family == socket.AF_INET}
    else:
        names.add(host)
    return {"KEZHI_ALLOWED_HOSTS": ",".join(sorted(names))}


def _refuse_a_taken_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                refusal = _("Port %(port)s is in use: choose another with --port.")
            elif error.errno == errno.EACCES:
                refusal = _(
                    "Port %(port)s needs special rights: choose one above 1023 with --port."
                )
            else:
                refusal = _("Kezhi can't listen on %(host)s: this machine has no such address.")
            raise CannotStart(refusal % {"host": host, "port": port}) from error


def _near(host: str) -> str:
    return {"0.0.0.0": HOST, "::": "::1"}.get(host, host)  # noqa: S104


def _address(host: str, port: int) -> str:
    near = _near(host)
    return f"http://[{near}]:{port}/" if ":" in near else f"http://{near}:{port}/"


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(_near(host), port, timeout=10)
    try:
        connection.request("GET", "/sign-in/")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _announce(company: str | None, stages: Stages, host: str, port: int, token: str) -> None:
    address = _address(host, port)
    stages.say("")
    if token:
        stages.say(_("Set up your company here (the address works once, for you only):"))
        stages.say(f"\n  {address}setup/?token={token}\n")
    else:
        stages.say(_("Kezhi is running:"))
        stages.say(f"\n  {address}\n")
    if company == DEMO:
        from kezhi.demo.people import PORTAL_SIGN_INS, SIGN_INS

        stages.say(_("Sign in as one of the demo company's people:"))
        for login, password, role in (*SIGN_INS, *PORTAL_SIGN_INS):
            stages.say(f"  {login:<12} {password:<14} {role}")
        stages.say("")
    stages.say(_("Ctrl-C stops everything; your data stays."))


@click.command(help=_("Make the files that the web serves (KEZHI_DATA)."))
@click.option("--demo", "is_demo", is_flag=True, help=_("Also make the demo company."))
def prepare(is_demo: bool) -> None:
    stages = Stages()
    with stages.stage(_("Translations")):
        from kezhi.core import catalogue

        catalogue.compile_catalogues()
    set_up_django()
    with stages.stage(_("Browser files")):
        from kezhi.web.assets import AssetsUnavailable, ensure_assets

        try:
            ensure_assets(lambda text: stages.progress(_(text)))
        except AssetsUnavailable as error:
            raise CannotStart(_(error.message) % error.details) from error
    with stages.stage(_("Static files")):
        from django.core.management import call_command

        call_command("collectstatic", interactive=False, verbosity=0)
    if is_demo:
        from kezhi.demo.build import build_demo

        with stages.stage(_("Demo company")):
            build_demo(today=datetime.now(DEMO_ZONE).date(), progress=stages.progress)


@click.command(help=_("Bring the database up to date (DATABASE_MIGRATE_URL)."))
def migrate() -> None:
    url = os.environ.get("DATABASE_URL", "")
    owner = os.environ.get("DATABASE_MIGRATE_URL") or url
    if not owner:
        raise CannotStart(_("DATABASE_MIGRATE_URL names the database to bring up to date."))
    with Stages().stage(_("Migrations")), alone(owner):
        os.environ["DATABASE_URL"] = owner
        set_up_django()
        from django.core.management import call_command

        from kezhi.core.database import grant_application_role

        call_command("migrate", interactive=False, verbosity=0)
        if url and role_of(url) != role_of(owner):
            grant_application_role(role_of(url))


@click.command(help=_("Serve the web pages (DATABASE_URL)."))
@port_option
@host_option
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=os.cpu_count() or 1,
    help=_("Processes; the default is one per core."),
)
def web(port: int, host: str, workers: int) -> None:
    _need_a_database()
    _refuse_a_taken_port(host, port)
    set_up_django()
    refuse_pending_migrations()
    _share_measurements(port)
    from django.urls import get_resolver

    # Loaded once, before the processes are forked: they share the memory, and a fault is told at once.
    import kezhi.wsgi  # noqa: F401

    assert get_resolver().url_patterns
    close_connections()
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    from kezhi.web.receiving import WAITING

    # Most of them only wait for clients: the advice to have fewer isn't meant for them.
    logging.getLogger("_granian").addFilter(lambda said: "Python threads" not in said.getMessage())
    Granian(
        "kezhi.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=WAITING,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_level=LogLevels.warning,
    ).serve(target_loader=partial(_application, os.getpid()), wrap_loader=False)


def _share_measurements(port: int) -> None:
    """Web processes keep what they measure in files of one folder; it begins empty with each start."""
    from django.conf import settings

    folder = Path(settings.DATA) / "run" / f"measurements-{port}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def _application(parent: int) -> Any:
    die_with(parent, signal.SIGTERM)
    from kezhi.wsgi import application

    return application


@click.command(help=_("Do the queued and scheduled work (DATABASE_URL)."))
@click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help=_("How many jobs at a time."),
)
@click.option(
    "--given-up-after",
    type=click.FloatRange(0.5),
    default=20,
    show_default=True,
    help=_("Seconds after which the jobs of a worker that was killed are done again."),
)
def worker(concurrency: int, given_up_after: float) -> None:
    _need_a_database()
    set_up_django()
    refuse_pending_migrations()
    close_connections()
    from kezhi.cli.launch.working import work

    work(concurrency, given_up_after)


def _need_a_database() -> None:
    url = os.environ.get("DATABASE_URL")
    if not url:
        raise CannotStart(
            _("DATABASE_URL names no database; to start one with Kezhi: ./kezhi serve.")
        )
    reach(url).close()
