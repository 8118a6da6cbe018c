"""The image without an engine for containers: its steps as written, then its commands without rights."""

import contextlib
import fnmatch
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml

from kezhi.cli.launch.binaries import find_binaries
from kezhi.cli.launch.postgres import THROW_AWAY, EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[2]
DEPLOYED = ROOT / "deploy/container"
IN_THE_IMAGE, DATA_IN_THE_IMAGE = "/opt/kezhi", "/var/lib/kezhi"
NOBODY = 65534
PATIENCE = 90
BARE_PATH = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin"
# An environment of one's own for packages would be this test run's: the image's are made in the image.
NOT_IN_A_CONTAINER = re.compile(
    r"(KEZHI|DATABASE|DJANGO|PYTHON|PYTEST|VIRTUAL|COV|PG|UV_PROJECT_ENVIRONMENT$)"
)
ORDERS = "customer,date,amount\n" + "".join(
    f"C{n % 40},2026-{1 + n % 12:02d}-{1 + n % 28:02d},{100 + n}\n" for n in range(400)
)
COLUMNS = ["--customer", "customer", "--date", "date", "--amount", "amount"]


def instructions():
    """The Containerfile, an instruction a pair; the stages one after the other."""
    written = re.sub(r"^\s*#.*\n", "", (DEPLOYED / "Containerfile").read_text(), flags=re.M)
    joined = re.sub(r"\\\n\s*", " ", written)
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def said(word):
    """What the last instruction of that name says; a list of words as such."""
    last = [rest for name, rest in instructions() if name == word][-1]
    return json.loads(last) if last.startswith("[") else last


def ignored(path, patterns):
    """As engines read .dockerignore: a pattern names a path or a folder above it; the last decides."""
    parts = path.split("/")
    above = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
    is_out = False
    for pattern in patterns:
        bare = pattern.removeprefix("!")
        anywhere = bare.removeprefix("**/")
        names = parts if anywhere != bare else above
        alike = [name for name in names if name.count("/") == anywhere.count("/")]
        if fnmatch.filter(alike, anywhere):
            is_out = not pattern.startswith("!")
    return is_out


def sent(paths):
    """What of these an engine is given to build from."""
    written = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in written if line and not line.startswith("#")]
    return [path for path in paths if not ignored(path, patterns)]


def in_place(word, root, data, port):
    word = word.replace(IN_THE_IMAGE, str(root)).replace(DATA_IN_THE_IMAGE, str(data))
    return word.replace("0.0.0.0", "127.0.0.1").replace("8000", str(port))


class Bare(EmbeddedPostgres):
    """As the image of PostgreSQL makes it: a superuser, and neither roles nor a database of Kezhi."""

    def _see_to_roles(self):
        pass


class Image:
    """The tree as the build leaves it, and what runs in it as whoever may write to the data folder only."""

    def __init__(self, folder):
        self.root, self.data, self.compose = folder / "opt", folder / "data", folder / "compose"
        self.tmp, self.log = folder / "tmp", folder / "log"
        for each in (self.root, self.data, self.tmp, self.log):
            each.mkdir()
        self.tmp.chmod(0o1777)
        self.port = a_free_port()
        self.settings = {}
        shutil.copytree(DEPLOYED, self.compose, ignore=shutil.ignore_patterns("*.env"))

    def build(self):
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        there = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout.decode()
        for name in sent(path for path in there.split("\0") if path and (ROOT / path).is_file()):
            place = self.root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place)
        # uv itself needn't be fetched again; Python is the system's, as in the image.
        uv = shutil.which("uv") or str(ROOT / ".uv/bin/uv")
        clean = {n: v for n, v in os.environ.items() if not NOT_IN_A_CONTAINER.match(n)}
        clean |= {"PATH": f"{BARE_PATH}:{Path(uv).parent}", "TMPDIR": str(self.tmp)}
        for word, command in instructions():
            if word == "RUN" and not command.startswith(("apt-get ", "useradd ")):
                done = subprocess.run(
                    ["/bin/sh", "-c", command],
                    cwd=self.root,
                    env=clean,
                    capture_output=True,
                    text=True,
                )
                assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"

    def close(self):
        """Nobody may write to the tree any more; the data folder is the other user's."""
        subprocess.run(["chmod", "-R", "a-w", self.root], check=True)
        if os.geteuid() == 0:
            os.chown(self.data, NOBODY, NOBODY)

    def files(self):
        return {
            str(path): (path.lstat().st_size, path.lstat().st_mtime_ns)
            for path in self.root.rglob("*")
        }

    def environment(self, *files):
        given = dict(pair.split("=", 1) for pair in shlex.split(said("ENV")))
        for file in files:
            lines = (self.compose / file).read_text().splitlines()
            given |= dict(line.split("=", 1) for line in lines)
        placed = {
            name: in_place(value, self.root, self.data, self.port) for name, value in given.items()
        }
        placed |= {n: v.replace("database:5432", self.settings["at"]) for n, v in placed.items()}
        return placed | {"PATH": "/usr/bin:/bin", "TMPDIR": str(self.tmp), "KEZHI_LANG": "en"}

    def start(self, command, *files, **more):
        placed = [in_place(word, self.root, self.data, self.port) for word in command]
        other = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        return subprocess.Popen(
            placed, env=self.environment(*(files or ("kezhi.env",))), cwd=self.root,
            stdin=subprocess.DEVNULL, **other, **more,
        )  # fmt: skip

    def run(self, command, *files):
        child = self.start(
            command, *files, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        told, _ = child.communicate(timeout=300)
        return child.returncode, told

    @contextlib.contextmanager
    def service(self, name, command):
        with (self.log / f"{name}.log").open("wb") as log:
            child = self.start(command, stdout=log, stderr=log)
        try:
            yield child
        finally:
            child.terminate()
            child.wait(PATIENCE)

    def get(self, path):
        return urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30)

    def told(self):
        return "\n".join(path.read_text() for path in sorted(self.log.iterdir()))


def a_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(holds, image):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, image.told()
        time.sleep(0.2)


@pytest.fixture(scope="module")
def image():
    folder = Path(tempfile.mkdtemp(prefix="kezhi-image-"))
    folder.chmod(0o755)
    made = Image(folder)
    server = Bare(folder / "server", settings=THROW_AWAY)
    try:
        made.build()
        made.close()
        place = urlsplit(server.start().superuser)
        made.settings = {"at": f"{place.hostname}:{place.port}", "password": place.password}
        yield made
    finally:
        server.stop()
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)
        shutil.rmtree(folder)


def test_what_is_built_from_holds_the_program_and_nothing_of_this_machine():
    kept = ["kezhi", "uv.lock", "src/kezhi/cli/serve.py", "assets/package-lock.json"]
    kept.append("src/kezhi/locale/zh_Hans/parts/core.po")
    left = [".git/config", ".venv/bin/python", ".uv/bin/uv", "docs/index.md", "tests/conftest.py",
            "deploy/container/kezhi.env", "data/secret.key", "src/kezhi/web/static/build/app.css",
            "src/kezhi/locale/zh_Hans/LC_MESSAGES/django.mo", "assets/node_modules/x/index.js",
            "src/kezhi/cli/__pycache__/serve.cpython-311.pyc"]  # fmt: skip
    assert sent(kept + left) == kept


def test_the_compose_file_names_files_that_are_there():
    compose = yaml.safe_load((DEPLOYED / "compose.yaml").read_text())
    services = compose["services"]
    written = (DEPLOYED / "make-settings").read_text()
    for name in ("database.env", "migrate.env", "kezhi.env"):
        assert f"cat >{name}" in written
    script = next(each for each in services["database"]["volumes"] if "initdb" in each)
    assert os.access(DEPLOYED / script.split(":")[0], os.X_OK)
    for name in ("migrate", "web", "worker"):
        build = services[name]["build"]
        assert (DEPLOYED / build["context"]).resolve() == ROOT
        assert (ROOT / build["dockerfile"]).is_file()


@pytest.mark.slow
def test_the_image_starts_from_a_fresh_tree_that_nobody_can_write_to(image):
    before = image.files()
    assert (image.root / "src/kezhi/web/static/build/app.css").is_file()

    # Settings, once; then the roles by the script that the database's image runs.
    settings = [image.compose / "make-settings"]
    first = subprocess.run(settings, capture_output=True, text=True, check=True).stdout
    token = re.search(r"token=(\w+)", first)[1]
    assert all(path.stat().st_mode & 0o077 == 0 for path in image.compose.glob("*.env"))
    assert subprocess.run(settings, capture_output=True).returncode == 1
    host, _, port = image.settings["at"].partition(":")
    passwords = dict(
        line.split("=", 1) for line in (image.compose / "database.env").read_text().splitlines()
    )
    tools = find_binaries().bin
    at = {"PGHOST": host, "PGPORT": port, "PGPASSWORD": image.settings["password"]}
    subprocess.run(
        [image.compose / "make-roles.sh"], check=True,
        env={"PATH": f"{tools}:{BARE_PATH}"} | passwords | at,
    )  # fmt: skip

    code, told = image.run(["/usr/bin/touch", "/opt/kezhi/src/kezhi/planted"])
    assert code != 0, told

    # Migrations as their service does them; pages and worker know the other role only.
    compose = yaml.safe_load((image.compose / "compose.yaml").read_text())["services"]
    code, told = image.run(compose["migrate"]["entrypoint"], *compose["migrate"]["env_file"])
    assert code == 0, told
    application = image.environment("kezhi.env")["DATABASE_URL"]
    assert "DATABASE_MIGRATE_URL" not in image.environment("kezhi.env")
    with psycopg.connect(application) as connection:
        asked = "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
        assert connection.execute(asked).fetchone() == (False,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE planted ()")

    start = said("ENTRYPOINT")
    with (
        image.service("web", [*start, *said("CMD")]) as web,
        image.service("worker", [*start, *compose["worker"]["command"]]) as worker,
        psycopg.connect(application, autocommit=True) as connection,
    ):
        check = json.loads(said("HEALTHCHECK").partition("CMD ")[2])
        until(lambda: web.poll() is not None or image.run(check)[0] == 0, image)
        count = "SELECT count(*) FROM procrastinate_workers"
        until(lambda: worker.poll() is not None or connection.execute(count).fetchone()[0], image)
        assert (web.poll(), worker.poll()) == (None, None), image.told()
        with image.get("/readyz") as answer:
            assert answer.status == 200
        with image.get("/setup/?token=" + token) as answer:
            page = answer.read().decode()
        assert "客值" in page
        sheets = re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', page)
        assert len(sheets) >= 2
        for sheet in sheets:
            with image.get(sheet) as answer:
                assert answer.status == 200, sheet
        # What compiles while it works does so without the program's folder; backups find their programs.
        (image.data / "orders.csv").write_text(ORDERS)
        for command in (
            ["value", "score", "/var/lib/kezhi/orders.csv", *COLUMNS],
            ["backup", "key", "/var/lib/kezhi/backup.txt"],
            ["backup"],
        ):
            code, told = image.run([*start, *command])
            assert code == 0, told
    assert image.files() == before
