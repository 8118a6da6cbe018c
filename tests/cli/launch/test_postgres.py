"""The embedded server: made, kept, recovered, upgraded; refused where it can't be right."""

import os
import signal
import subprocess
import sys
import threading

import psycopg
import pytest

from kezhi.cli.launch.binaries import find_binaries
from kezhi.cli.launch.postgres import THROW_AWAY, EmbeddedPostgres
from kezhi.cli.launch.trouble import CannotStart


@pytest.fixture
def server(tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    server = EmbeddedPostgres(tmp_path / "data")  # as safe as in earnest: it will be killed
    server.start()
    yield server
    server.stop()


def write_a_row(server):
    with psycopg.connect(server.addresses.owner) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('客值')")


def rows(server):
    with psycopg.connect(server.addresses.owner) as connection:
        return connection.execute("SELECT word FROM kept").fetchall()


def another(server):
    return EmbeddedPostgres(server.folder)


def test_rows_are_there_after_a_restart(server):
    write_a_row(server)
    server.stop()
    server.start()
    assert rows(server) == [("客值",)]


def test_a_stopped_server_leaves_no_process(server):
    pid = server.pid
    server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_after_kill_it_starts_again_at_the_same_address(server):
    write_a_row(server)
    before = server.addresses
    os.kill(server.pid, signal.SIGKILL)
    while server.is_running:
        pass
    assert server.start() == before
    assert rows(server) == [("客值",)]


def test_a_zombie_is_not_taken_for_a_living_server(server):
    write_a_row(server)
    os.kill(server.pid, signal.SIGKILL)  # nobody collects it: its number stays in the process table
    with another(server) as addresses, psycopg.connect(addresses.owner) as connection:
        assert connection.execute("SELECT word FROM kept").fetchall() == [("客值",)]


def test_a_server_left_running_is_stopped_first(server):
    write_a_row(server)
    with another(server) as addresses, psycopg.connect(addresses.owner) as connection:
        assert connection.execute("SELECT word FROM kept").fetchall() == [("客值",)]
        assert not server.is_running


def test_a_lock_with_the_number_of_another_program_is_stale(server):
    write_a_row(server)
    lock = server.cluster / "postmaster.pid"
    noted = lock.read_text()
    server.stop()
    lock.write_text(noted.replace(noted.split("\n")[0], str(os.getpid()), 1))
    server.start()
    assert rows(server) == [("客值",)]


def test_the_application_may_not_change_tables_and_strangers_may_not_connect(server):
    with (
        psycopg.connect(server.addresses.application) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("CREATE TABLE mine (word text)")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.addresses.application.replace(":", ":x", 2).replace(":x//", "://"))


def test_letters_are_unicode_and_order_is_by_code_point(server):
    with psycopg.connect(server.addresses.owner) as connection:
        query = "SELECT lower('ÄÖ'), array_agg(w ORDER BY w) FROM unnest('{b,B,中}'::text[]) AS w"
        assert connection.execute(query).fetchone() == ("äö", ["B", "b", "中"])


def test_passwords_are_for_no_other_eyes(server):
    assert (server.folder / "database.json").stat().st_mode & 0o077 == 0
    assert server.cluster.stat().st_mode & 0o077 == 0


def test_it_is_not_made_twice_when_a_first_start_was_killed(tmp_path):
    half_made = tmp_path / "postgres.new"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18")
    with EmbeddedPostgres(tmp_path, THROW_AWAY) as addresses:
        psycopg.connect(addresses.owner).close()


@pytest.mark.parametrize(
    ("version", "said"), [("12\n", "PostgreSQL 12"), ("99\n", "newer"), ("?", "damaged")]
)
def test_a_cluster_of_a_wrong_release_is_refused(tmp_path, version, said):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text(version)
    with pytest.raises(CannotStart, match=said):
        EmbeddedPostgres(tmp_path).start()


def test_an_older_release_is_upgraded_and_kept_as_a_backup(tmp_path):
    old = EmbeddedPostgres(tmp_path, THROW_AWAY, find_binaries(16))
    with old:
        write_a_row(old)
    new = EmbeddedPostgres(tmp_path, THROW_AWAY)
    with new as addresses, psycopg.connect(addresses.owner) as connection:
        assert connection.info.server_version // 10_000 == find_binaries().major
        assert rows(new) == [("客值",)]
    assert [path.name[:12] for path in tmp_path.glob("postgres-*")] == ["postgres-16-"]


def test_it_ends_with_a_process_that_is_killed(tmp_path):
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from kezhi.cli.launch.postgres import THROW_AWAY, EmbeddedPostgres\n"
        "server = EmbeddedPostgres(Path(sys.argv[1]), THROW_AWAY)\n"
        "print(server.start().owner, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, text=True
    ) as parent:
        address = parent.stdout.readline().strip()
        with psycopg.connect(address) as connection:
            ended = threading.Event()

            def wait_for_the_end():
                try:
                    connection.execute("SELECT pg_sleep(60)")
                except psycopg.OperationalError:
                    ended.set()

            waiting = threading.Thread(target=wait_for_the_end)
            waiting.start()
            parent.kill()
            waiting.join(30)
            assert ended.is_set()
