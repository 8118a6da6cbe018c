"""`kezhi serve` as a person starts it, with real processes: it starts, recovers, stops, and keeps the data."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from queue import Empty, Queue

import psutil
import psycopg
import pytest

KEZHI = [sys.executable, "-m", "kezhi.cli"]
PATIENCE = 60


def until(condition, patience=PATIENCE):
    """Ask again and again, until it holds; what it then returned."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)
    return found


def a_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Started:
    """One run of the command, with what it says line by line."""

    def __init__(self, folder, port, *options):
        self.folder, self.port = folder, port
        clean = {name: text for name, text in os.environ.items() if not name.startswith("DATABASE")}
        self.process = subprocess.Popen(
            [*KEZHI, "--lang", "en", "serve", "--data", folder, "--port", str(port), *options],
            env=clean | {"DJANGO_SETTINGS_MODULE": "kezhi.settings"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = []
        self._lines = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line.rstrip())

    def hears(self, words):
        """Wait until it says something with these words; that line. Patience begins anew with each line."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                self.said.append(self._lines.get(timeout=0.1))
                deadline = time.monotonic() + PATIENCE
            except Empty:
                if self.process.poll() is not None and self._lines.empty():
                    break
                continue
            if words in self.said[-1]:
                return self.said[-1]
        raise AssertionError("\n".join(self.said))

    def is_ready(self):
        self.hears("Ctrl-C stops everything")
        return self

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        until(lambda: not self.processes())
        self.catch_up()
        return code

    def catch_up(self):
        """Hear what it has said until now."""
        while not self._lines.empty():
            self.said.append(self._lines.get())

    def processes(self):
        """Whatever works for this data folder, but for the command itself."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.pid == self.process.pid:
                    continue
                if process.environ().get("KEZHI_DATA") == str(self.folder) or (
                    process.cwd() == str(self.folder / "postgres")
                ):
                    found.append(process)
            except (psutil.Error, OSError):  # gone, or a zombie
                continue
        return found

    def service(self, name):
        noted = json.loads((self.folder / "processes.json").read_text())
        return next((each["pid"] for each in noted if each["name"] == name), None)

    def answers(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/sign-in/")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def connect(self):
        port = (self.folder / "postgres" / "postmaster.pid").read_text().splitlines()[3]
        password = json.loads((self.folder / "database.json").read_text())["kezhi_owner"]
        return psycopg.connect(
            f"postgresql://kezhi_owner:{password}@127.0.0.1:{port}/kezhi", autocommit=True
        )

    def database_answers(self):
        try:
            with self.connect() as connection:
                return connection.execute("SELECT 1").fetchone()
        except (psycopg.OperationalError, OSError, IndexError):
            return False


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("serve") / "data"


@pytest.fixture(scope="module")
def port():
    return a_free_port()


@pytest.fixture(scope="module")
def runs():
    """What this module has started, the last one last; stopped when the module ends."""
    runs = []
    yield runs
    for run in runs:
        if run.process.poll() is None:
            run.stop()


@pytest.fixture
def started(runs, folder, port):
    """Running on the module's data folder; started if the test before has stopped it."""
    if not runs or runs[-1].process.poll() is not None:
        # Known before it is ready: it must be stopped in any case.
        runs.append(Started(folder, port))
        runs[-1].is_ready()
    runs[-1].catch_up()
    until(runs[-1].answers)
    return runs[-1]


def test_the_stages_are_named_and_the_first_run_is_behind_a_token(started):
    heard = "\n".join(started.said)
    assert re.search(r"Database … \d+\.\d s", heard)
    assert re.search(r"Web and worker … \d+\.\d s", heard)
    assert re.search(rf"http://127.0.0.1:{started.port}/setup/\?token=\S{{20,}}", heard)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_stops_everything_in_order(started, number):
    assert len(started.processes()) > 3
    assert started.stop(number) == 0
    stopped = [line.split(": ")[1].split(" ")[0] for line in started.said if "Stopping" in line]
    assert stopped == ["web", "worker", "database"]


def test_started_again_the_data_is_there(started, runs, folder, port):
    with started.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    started.stop()
    again = Started(folder, port).is_ready()
    runs.append(again)
    assert "Migrations" not in "\n".join(again.said)  # nothing has changed: nothing to prepare
    with again.connect() as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_killed_process_is_replaced(started, name):
    first = started.service(name)
    os.kill(first, signal.SIGKILL)
    started.hears(f"The {name} process ended (SIGKILL) and is started again.")
    until(lambda: started.service(name) not in {None, first})
    until(started.answers)


def test_a_killed_server_process_of_the_web_is_replaced(started):
    [first, *_others] = psutil.Process(started.service("web")).children()
    first.kill()
    until(lambda: not first.is_running() or first.status() == psutil.STATUS_ZOMBIE)
    until(started.answers)
    assert started.process.poll() is None


def test_a_killed_database_recovers(started):
    pid = int((started.folder / "postgres" / "postmaster.pid").read_text().split("\n")[0])
    os.kill(pid, signal.SIGKILL)
    started.hears("The database ended and is started again.")
    until(started.database_answers)
    until(started.answers)


def test_when_the_command_itself_is_killed_nothing_stays_and_it_starts_again(
    started, runs, folder, port
):
    family = {process.pid for process in started.processes()}
    started.process.kill()
    started.process.wait()
    again = Started(folder, port).is_ready()
    runs.append(again)
    assert not family & {process.pid for process in again.processes()}
    assert again.database_answers()


def test_a_second_start_on_the_same_folder_is_refused(started, folder):
    second = Started(folder, a_free_port())
    second.hears("is already running with")
    assert second.process.wait(PATIENCE) == 1
    assert started.answers()


def test_a_port_in_use_is_refused_in_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = Started(tmp_path / "data", port)
        assert refused.hears("in use") == (
            f"Kezhi: Port {port} is in use: choose another with --port."
        )
        assert refused.process.wait(PATIENCE) == 1


def test_an_address_of_another_machine_is_refused(tmp_path):
    refused = Started(tmp_path / "data", a_free_port(), "--host", "192.0.2.1")
    refused.hears("can't listen on 192.0.2.1")
    assert refused.process.wait(PATIENCE) == 1


def test_reasons_are_given_in_chinese_too(tmp_path):
    (tmp_path / "别人的文件.txt").touch()
    done = subprocess.run(
        [*KEZHI, "--lang", "zh", "serve", "--data", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == (f"客值：{tmp_path} 不为空，也不是客值的数据文件夹：请用 --data 另选。\n")
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "DATABASE_URL names no database"),
        ("postgresql://nobody:x@127.0.0.1:1/kezhi", "can't be reached as nobody"),
    ],
)
@pytest.mark.parametrize("command", ["web", "worker"])
def test_production_processes_say_what_is_wrong_with_the_database(command, url, said):
    done = subprocess.run(
        [*KEZHI, "--lang", "en", command],
        env=os.environ | {"DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.returncode == 1


def test_web_refuses_a_database_that_is_behind(tmp_path):
    from kezhi.cli.launch.postgres import THROW_AWAY, EmbeddedPostgres

    with EmbeddedPostgres(tmp_path, THROW_AWAY) as addresses:
        done = subprocess.run(
            [*KEZHI, "--lang", "en", "web", "--port", str(a_free_port())],
            env=os.environ | {"DATABASE_URL": addresses.application, "KEZHI_SECRET_KEY": "x"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert "run kezhi migrate first" in done.stderr
    assert done.returncode == 1


def test_what_a_killed_web_process_has_acknowledged_is_kept(started):
    """The last on this folder: afterwards it holds a company."""
    setup = re.search(r"http://\S+/setup/\?token=(\S+)", "\n".join(started.said))
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with browser.open(setup[0]) as page:
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page.read().decode())[1]
    founding = {
        "csrfmiddlewaretoken": token,
        "token": setup[1],
        "name": "安徽茶业",
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "language": "zh-hans",
        "owner_name": "林晓雯",
        "login": "lin",
        "password": "a-long-enough-word",
    }
    with browser.open(setup[0], urllib.parse.urlencode(founding).encode()) as page:
        assert "/setup/" not in page.url
    web = psutil.Process(started.service("web"))
    for process in (web, *web.children()):
        process.kill()
    started.hears("is started again")
    until(started.answers)
    with browser.open(f"http://127.0.0.1:{started.port}/settings/company/") as page:
        assert "/sign-in/" not in page.url  # the session is known
        assert "安徽茶业" in page.read().decode()
