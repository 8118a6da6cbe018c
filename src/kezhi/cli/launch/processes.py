"""Web and worker as children: started, watched, restarted when they fall, stopped in order."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.launch.postgres import EmbeddedPostgres
from kezhi.cli.launch.stages import Stages
from kezhi.cli.launch.tether import tethered
from kezhi.cli.launch.trouble import CannotStart

TICK = 0.1
PATIENCE_AT_MOST = 30.0
STEADY_AFTER = 60.0
FALLS_BEFORE_READY = 3


@dataclass
class Service:
    """One child process, in a session of its own, that ends with this process.

    `title` is what people call it. `stop_within` is how long it may take to finish what it is doing.
    """

    name: str
    command: list[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_within: float = 15.0
    title: str = ""
    falls: int = field(default=0, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _began: float = field(default=0.0, init=False)
    _again_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.title = self.title or self.name

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                tethered(self.command, farewell=signal.SIGTERM),
                env=os.environ | dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._began = time.monotonic()

    def look_after(self) -> str | None:
        """Start it again if it has fallen, after a growing pause. Says what happened."""
        now = time.monotonic()
        if self._process is not None and (code := self._process.poll()) is not None:
            self._end_group(signal.SIGKILL)  # its own children, which would keep the port
            self.falls = 1 if now - self._began > STEADY_AFTER else self.falls + 1
            self._process = None
            self._again_at = now + min(PATIENCE_AT_MOST, 0.25 * 2 ** (self.falls - 1))
            return _("The %(name)s process ended (%(how)s) and is started again.") % {
                "name": self.title,
                "how": _how(code),
            }
        if self._process is None and now >= self._again_at:
            self.start()
        return None

    def ask_to_stop(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._end_group(signal.SIGKILL)

    def is_gone(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def last_words(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").split("\n")
        except OSError:
            return "?"
        # The exception itself, not the frames above it nor what the web server says of its workers.
        told = (line.strip() for line in reversed(lines) if line.strip() and line[0] not in " [")
        return next(told, "?")

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _end_group(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)


class Supervisor:
    """Keeps a database and services running until Ctrl-C, SIGTERM or the end of the terminal.

    Services are stopped in the order given, each waited for, the database last. Asked a second
    time, it doesn't wait for what they are doing; the database still writes everything to disk.
    """

    def __init__(
        self,
        stages: Stages,
        services: list[Service],
        database: EmbeddedPostgres | None = None,
        on_change: Callable[[dict[str, int]], None] = lambda _pids: None,
    ) -> None:
        self.stages = stages
        self.services = services
        self.database = database
        self.on_change = on_change
        self._asked = 0
        self._enough = 1

    def listen(self) -> None:
        """From now on a request to stop is noted, and carried out by `run`, `until` or `stop`."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, *_signal: object) -> None:
        self._asked += 1

    @property
    def is_asked_to_stop(self) -> bool:
        return self._asked > 0

    def start(self) -> None:
        for service in self.services:
            service.start()
        self._note()

    def until(self, ready: Callable[[], bool], within: float = 120.0) -> bool:
        """Look after everything until `ready()`; False if asked to stop before."""
        deadline = time.monotonic() + within
        while not self.is_asked_to_stop:
            self._look_after()
            if ready():
                return True
            for service in self.services:
                if service.falls >= FALLS_BEFORE_READY or time.monotonic() > deadline:
                    raise CannotStart(
                        _("The %(name)s process does not start: %(reason)s (more in %(log)s)")
                        % {
                            "name": service.title,
                            "reason": service.last_words(),
                            "log": service.log,
                        }
                    )
            time.sleep(TICK)
        return False

    def run(self) -> None:
        """Look after everything until asked to stop."""
        while not self.is_asked_to_stop:
            self._look_after()
            time.sleep(TICK)

    def stop(self) -> None:
        self._enough = max(1, self._asked)
        for service in self.services:
            if not service.is_gone():
                with self.stages.stage(_("Stopping: %(name)s") % {"name": service.title}):
                    self._stop_service(service)
        if self.database is not None:
            with self.stages.stage(_("Stopping: %(name)s") % {"name": _("database")}):
                self.database.stop()
        self.on_change({})

    def _stop_service(self, service: Service) -> None:
        service.ask_to_stop()
        deadline = time.monotonic() + service.stop_within
        while not service.is_gone() and time.monotonic() < deadline and self._asked <= self._enough:
            time.sleep(0.02)
        service.kill()
        while not service.is_gone():
            time.sleep(0.02)

    def _look_after(self) -> None:
        news = []
        if self.database is not None and not self.database.is_running:
            news.append(_("The database ended and is started again."))
            self.database.start()
        for service in self.services:
            before = service.pid
            if said := service.look_after():
                news.append(said)
            elif service.pid != before:
                self._note()
        for said in news:
            self.stages.say(said)

    def _note(self) -> None:
        self.on_change({service.name: service.pid for service in self.services if service.pid})


def _how(code: int) -> str:
    if code < 0:
        return signal.Signals(-code).name
    return _("exit code %(code)s") % {"code": code}
