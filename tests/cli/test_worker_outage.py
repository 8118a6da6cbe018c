"""A worker waits for a database that went away, and goes on without being started again."""

import os
import signal
import subprocess
import sys
import time

import psycopg

from kezhi.cli.launch.postgres import THROW_AWAY, EmbeddedPostgres

KEZHI = [sys.executable, "-m", "kezhi.cli", "--lang", "en"]
BEATING = "SELECT id FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 s'"


def until(condition, patience=60):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def test_a_worker_outlives_its_database(tmp_path):
    server = EmbeddedPostgres(tmp_path / "data", THROW_AWAY)
    addresses = server.start()
    environment = os.environ | {
        "DATABASE_URL": addresses.application,
        "DATABASE_MIGRATE_URL": addresses.owner,
        "KEZHI_SECRET_KEY": "only-for-tests",
        "DJANGO_SETTINGS_MODULE": "kezhi.settings",
    }
    subprocess.run([*KEZHI, "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)

    def beating():
        with psycopg.connect(addresses.owner) as connection:
            return connection.execute(BEATING).fetchall()

    worker = subprocess.Popen([*KEZHI, "worker", "--given-up-after", "1"], env=environment)
    try:
        until(beating)
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: not server.is_running)
        time.sleep(2)  # so that it notices, with schedules to queue
        server.start()

        # The same one goes on beating: one that fails and starts anew beats as another each time.
        def steady():
            before = beating()
            time.sleep(3)
            return before and beating() == before

        until(steady)
        assert worker.poll() is None
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    finally:
        worker.kill()
        worker.wait()
        server.stop()
