"""A PostgreSQL server of our own in a data folder: made, started, looked after, stopped.

The server is the child of the process that starts it, in a session of its own (Ctrl-C reaches it
last), and shuts down when that process ends in whatever way. Nothing is believed about a server
that was not tried by connecting: a killed one leaves a `postmaster.pid`, and may stay in the
process table as a zombie.
"""

from __future__ import annotations

import contextlib
import json
import locale
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
from psycopg import sql

from kezhi.cli.launch.binaries import OLDEST, Binaries, find_binaries, runnable_by
from kezhi.cli.launch.language import gettext as _
from kezhi.cli.launch.tether import tethered
from kezhi.cli.launch.trouble import CannotStart

HOST = "127.0.0.1"
SUPERUSER, OWNER, APPLICATION = "postgres", "kezhi_owner", "kezhi_app"
DATABASE = "kezhi"
UPGRADED = "postgres.upgraded"
USERS_WHEN_ROOT = ("kezhi", "postgres", "nobody")
READY_WITHIN = 600.0  # after a crash PostgreSQL first replays its log
SETTINGS = {
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_HANDS_OVER = sys.platform.startswith("linux")  # has /proc/self/fd
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Addresses:
    """How to reach the database `kezhi`, by role."""

    superuser: str
    owner: str
    application: str


@dataclass
class EmbeddedPostgres:
    """One server on the cluster in `folder / "postgres"`, which is made at the first start.

    `folder` is this server's alone: the caller sees to it that no other process starts one
    there. Use as a context manager, or pair `start` with `stop`. `settings` are given to the server
    (`THROW_AWAY` trades safety for speed in tests).
    """

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    binaries: Binaries | None = None
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _addresses: Addresses | None = field(default=None, init=False)

    def __enter__(self) -> Addresses:
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @property
    def cluster(self) -> Path:
        return self.folder / "postgres"

    @property
    def log(self) -> Path:
        return self.folder / "log" / "postgres.log"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def addresses(self) -> Addresses:
        assert self._addresses, "not started"
        return self._addresses

    def start(self) -> Addresses:
        """Make the cluster if there is none, start the server, see to roles and database."""
        if self.is_running:
            return self.addresses
        self._make_room()
        _evict(self.cluster)
        binaries = self._suitable_binaries()
        if not self.cluster.is_dir():
            self._initialise(binaries)
        self._launch(binaries)
        try:
            self._see_to_roles()
        except BaseException:
            self.stop()
            raise
        return self.addresses

    def stop(self, within: float = 60.0) -> None:
        """Disconnect everyone, write everything to disk, end. Returns when the server is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(within)
                return
            within = 10.0

    # Preparing

    def _make_room(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(exist_ok=True)
        if self._user and not _HANDS_OVER:
            self.folder.chmod(0o711)  # the user may pass through to the cluster
        upgraded = self.folder / UPGRADED
        if upgraded.is_dir() and not self.cluster.is_dir():
            upgraded.rename(self.cluster)  # an upgrade was killed between its last two steps
        elif upgraded.is_dir():
            shutil.rmtree(upgraded)
        if (half_made := self.folder / "postgres.new").is_dir():
            shutil.rmtree(half_made)
        (self.folder / "postgres.pass").unlink(missing_ok=True)

    @property
    def _user(self) -> tuple[int, int] | None:
        """Whom root hands the server to (PostgreSQL refuses to be root); None for others."""
        if os.geteuid() != 0:
            return None
        if self.cluster.is_dir() and (status := self.cluster.stat()).st_uid != 0:
            return status.st_uid, status.st_gid
        for name in USERS_WHEN_ROOT:
            with contextlib.suppress(KeyError):
                user = pwd.getpwnam(name)
                return user.pw_uid, user.pw_gid
        raise CannotStart(_("PostgreSQL can't run as root: start Kezhi as an ordinary user."))

    def _suitable_binaries(self) -> Binaries:
        binaries = self.binaries or find_binaries()
        if self._user:
            binaries = runnable_by(self._user, binaries)
        if not self.cluster.is_dir():
            return binaries
        major = self._cluster_major()
        if major < OLDEST:
            raise CannotStart(
                _(
                    "The database in %(folder)s was made by PostgreSQL %(major)s; Kezhi needs "
                    "%(oldest)s or newer: dump it there and restore it into a new data folder."
                )
                % {"folder": self.folder, "major": major, "oldest": OLDEST}
            )
        if major > binaries.major:
            raise CannotStart(
                _(
                    "The database in %(folder)s was made by PostgreSQL %(major)s, newer than the "
                    "%(ours)s found here: install postgresql-%(major)s or update Kezhi."
                )
                % {"folder": self.folder, "major": major, "ours": binaries.major}
            )
        if major < binaries.major:
            self._upgrade(major, binaries)
        return binaries

    def _cluster_major(self) -> int:
        try:
            return int((self.cluster / "PG_VERSION").read_text().split(".")[0])
        except (OSError, ValueError) as error:
            raise CannotStart(
                _("The database in %(folder)s is damaged: its version can't be read.")
                % {"folder": self.folder}
            ) from error

    def _initialise(self, binaries: Binaries, *, checksums: bool = True) -> None:
        """Make the cluster beside its place and move it there when it is whole."""
        if not self.cluster.is_dir():
            self._write_private(
                "database.json",
                {name: secrets.token_urlsafe(24) for name in (SUPERUSER, OWNER, APPLICATION)},
            )
        making = self.folder / "postgres.new"
        making.mkdir(mode=0o700)
        word = self.folder / "postgres.pass"
        word.touch(mode=0o600)
        word.write_text(self._passwords[SUPERUSER])
        if self._user:
            os.chown(making, *self._user)
            os.chown(word, *self._user)
        options = [
            f"--username={SUPERUSER}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--lc-messages=C",
            *_locale_options(binaries),
        ]
        if checksums:
            options.append("--data-checksums")
        elif binaries.major >= 18:
            options.append("--no-data-checksums")
        if THROW_AWAY.items() <= self.settings.items():
            options.append("--no-sync")
        try:
            with self._handed_over(making, word) as ((place, pass_file), descriptors):
                named = [f"--pgdata={place}", f"--pwfile={pass_file}"]
                self._run([binaries["initdb"], *named, *options], descriptors=descriptors)
        finally:
            word.unlink()
        if not self.cluster.is_dir():
            making.rename(self.cluster)

    @contextmanager
    def _handed_over(self, *files: Path) -> Iterator[tuple[list[str], tuple[int, ...]]]:
        """Names for `files` by which a program run as the server's user reaches them.

        That user may be unable to walk there from the root: a folder below /root stops it, and so
        does a closed temporary folder. Root therefore hands over open descriptors.
        """
        if not (self._user and _HANDS_OVER):
            yield [str(file.resolve()) for file in files], ()
            return
        with contextlib.ExitStack() as stack:
            descriptors = tuple(os.open(file, os.O_RDONLY) for file in files)
            for descriptor in descriptors:
                stack.callback(os.close, descriptor)
            yield [f"/proc/self/fd/{descriptor}" for descriptor in descriptors], descriptors

    def _run(
        self,
        command: Sequence[str | Path],
        *,
        folder: Path = Path("/"),
        descriptors: tuple[int, ...] = (),
        **variables: str,
    ) -> None:
        done = subprocess.run(  # noqa: S603
            tethered(command, farewell=signal.SIGKILL, folder=folder, user=self._user),
            env=_environment() | variables,
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            self.log.write_text(done.stdout)
            raise self._did_not_work(Path(command[0]).name)

    # Running

    def _launch(self, binaries: Binaries) -> None:
        deadline = time.monotonic() + READY_WITHIN
        before = self._addresses  # who was told of it finds the server again after a fall
        while True:
            port = urlsplit(before.superuser).port if before else None
            port = port or _free_port()
            self._process = self._spawn(binaries, port)
            self._addresses = self._addresses_at(port)
            if self._wait_until_ready(deadline):
                return
            reason = self._last_words()
            passing = ("could not bind", "pre-existing shared memory", "postmaster.pid")
            if time.monotonic() > deadline or not any(words in reason for words in passing):
                self.stop()
                raise self._did_not_work("postgres")
            # Another program took the port, or what a crash left behind isn't gone yet.
            self.stop()
            _evict(self.cluster)

    def _spawn(self, binaries: Binaries, port: int) -> subprocess.Popen[bytes]:
        settings = (
            SETTINGS
            | dict(self.settings)
            | {
                "listen_addresses": HOST,
                "port": str(port),
                "unix_socket_directories": "",
            }
        )
        options = [f"--{name}={wanted}" for name, wanted in settings.items()]
        _turn(self.log)
        with (
            self._handed_over(self.cluster) as ([place], descriptors),
            self.log.open("ab") as log,
        ):
            command = [str(binaries["postgres"]), "-D", place, *options]
            return subprocess.Popen(  # noqa: S603
                tethered(command, farewell=signal.SIGINT, folder=Path("/"), user=self._user),
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=descriptors,
                start_new_session=True,
            )

    def _wait_until_ready(self, deadline: float) -> bool:
        while self.is_running and time.monotonic() < deadline:
            try:
                psycopg.connect(
                    self.addresses.superuser, dbname="postgres", connect_timeout=5
                ).close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return True
        return False

    def _addresses_at(self, port: int) -> Addresses:
        return Addresses(
            *(
                f"postgresql://{role}:{self._passwords[role]}@{HOST}:{port}/{DATABASE}"
                for role in (SUPERUSER, OWNER, APPLICATION)
            )
        )

    def _see_to_roles(self) -> None:
        """Owner and application role with their passwords, and the database."""
        with psycopg.connect(
            self.addresses.superuser, dbname="postgres", autocommit=True
        ) as connection:
            roles = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
            for role in (OWNER, APPLICATION):
                verb = sql.SQL("ALTER ROLE" if role in roles else "CREATE ROLE")
                connection.execute(
                    sql.SQL("{} {} LOGIN PASSWORD {}").format(
                        verb, sql.Identifier(role), sql.Literal(self._passwords[role])
                    )
                )
            known = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(known, [DATABASE]).fetchone():
                return
            name, app = sql.Identifier(DATABASE), sql.Identifier(APPLICATION)
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(OWNER))
            )
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
            connection.execute(
                sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(name, app)
            )

    # Upgrading

    def _upgrade(self, major: int, new: Binaries) -> None:
        """Move the cluster to a newer major release. The old one stays beside it, as backup."""
        old = find_binaries(major)
        if self._user:
            old = runnable_by(self._user, old)
        control = subprocess.run(  # noqa: S603
            [old["pg_controldata"], self.cluster],
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        checksums = not re.search(r"page checksum version:\s+0\b", control)
        self._initialise(new, checksums=checksums)
        making = self.folder / "postgres.new"
        # A short path of its own: socket paths end at about 100 characters.
        sockets = Path(tempfile.mkdtemp(prefix="kezhi-", dir="/tmp"))
        if self._user:
            os.chown(sockets, *self._user)
        try:
            with self._handed_over(self.cluster, making) as ((before, after), descriptors):
                command = [
                    str(new["pg_upgrade"]),
                    f"--old-bindir={old.bin}",
                    f"--new-bindir={new.bin}",
                    f"--old-datadir={before}",
                    f"--new-datadir={after}",
                    f"--username={SUPERUSER}",
                    f"--socketdir={sockets}",
                ]
                self._run(
                    command,
                    folder=making,
                    descriptors=descriptors,
                    PGPASSWORD=self._passwords[SUPERUSER],
                )
        finally:
            shutil.rmtree(sockets)
        # pg_upgrade leaves a script that would delete the old cluster, which is our backup.
        (making / "delete_old_cluster.sh").unlink(missing_ok=True)
        day = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        upgraded = making.rename(self.folder / UPGRADED)
        self.cluster.rename(self.folder / f"postgres-{major}-{day}")
        upgraded.rename(self.cluster)

    # Telling

    @property
    def _passwords(self) -> dict[str, str]:
        try:
            said: dict[str, str] = json.loads((self.folder / "database.json").read_text())
        except (OSError, ValueError) as error:
            raise CannotStart(
                _("The passwords of the database are missing: %(file)s can't be read.")
                % {"file": self.folder / "database.json"}
            ) from error
        return said

    def _write_private(self, name: str, content: Any) -> None:
        making = self.folder / f"{name}.new"
        making.touch(mode=0o600)
        making.write_text(json.dumps(content, indent=1))
        making.rename(self.folder / name)

    def _did_not_work(self, program: str) -> CannotStart:
        return CannotStart(
            _("%(program)s did not work: %(reason)s (more in %(log)s)")
            % {"program": program, "reason": self._last_words(), "log": self.log}
        )

    def _last_words(self) -> str:
        """The reason that the server gave last, without the log's prefix."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()[-40:]
        except OSError:
            return "?"
        for line in reversed(lines):
            if found := re.search(r"(?:FATAL|PANIC|error|Failure).*?:\s+(.+)", line):
                return found[1]
        return lines[-1].strip() if lines else "?"


def _locale_options(binaries: Binaries) -> list[str]:
    """Code point order and Unicode letters, the same on every machine and release."""
    try:
        before = locale.setlocale(locale.LC_CTYPE)
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
        locale.setlocale(locale.LC_CTYPE, before)
        letters = "C.UTF-8"
    except locale.Error:
        letters = "C"
    options = [f"--lc-ctype={letters}", "--lc-collate=C", "--lc-monetary=C", "--lc-numeric=C"]
    options.append("--lc-time=C")
    if binaries.major >= 17:
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return options


def _environment() -> dict[str, str]:
    """Nothing of the caller's: PGDATA, PGPORT or a locale would change what the programs do."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


def _free_port() -> int:
    """A port that nobody listens on.

    Below the range from which clients get theirs: a client that tries a server which is starting
    again could be given the server's own port, connect to itself, and keep it.
    """
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port


def _evict(cluster: Path) -> None:
    """End whatever an earlier start has left running on `cluster`, and remove its stale lock.

    Processes of a server work in its cluster's folder, which tells them from others that got a
    recycled number; a zombie works nowhere. The caller holds the data folder: a server is nobody's.
    """
    if not cluster.is_dir():
        return
    lock = cluster / "postmaster.pid"
    if not lock.exists():
        return
    deadline = time.monotonic() + 60
    for number, patience in ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        left = _processes_in(cluster)
        for process in left if number == signal.SIGKILL else _postmasters(left, lock):
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)
        until = min(deadline, time.monotonic() + patience)
        while _processes_in(cluster) and time.monotonic() < until:
            time.sleep(0.02)
    if _processes_in(cluster):
        raise CannotStart(
            _("An earlier database server on %(folder)s does not end.") % {"folder": cluster}
        )
    lock.unlink(missing_ok=True)


def _postmasters(processes: list[psutil.Process], lock: Path) -> list[psutil.Process]:
    """The one named in the lock. When that one is dead, its orphans end by themselves."""
    try:
        named = int(lock.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return []
    return [process for process in processes if process.pid == named]


def _processes_in(folder: Path) -> list[psutil.Process]:
    place = str(folder.resolve())
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.name().startswith("postgres") and process.cwd() == place:
                found.append(process)
    return found


def _turn(log: Path, above: int = 5_000_000) -> None:
    """Begin a new log when the old one is long; one old one is kept."""
    with contextlib.suppress(OSError):
        if log.stat().st_size > above:
            log.replace(log.with_suffix(".old.log"))
