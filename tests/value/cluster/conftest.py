"""A real Spark cluster on loopback: a master and two workers, each a process of its own."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

PATIENCE = 60


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.xdist_group("spark"))


class Cluster:
    """The address of the master, a folder that all share, and workers to be killed."""

    def __init__(self, home: Path, shared: Path) -> None:
        self._spark_class, self.shared = home / "bin" / "spark-class", shared
        self._processes: list[subprocess.Popen] = []
        self.workers: list[subprocess.Popen] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.master = f"spark://127.0.0.1:{port}"
        self._start("master.Master", "--port", str(port))
        self._wait(lambda: self._answers(port))

    def add_worker(self) -> None:
        self.workers.append(self._start("worker.Worker", "-c", "1", "-m", "1g", self.master))

    def kill_worker(self) -> None:
        """With everything that it started, as when a machine goes."""
        os.killpg(self.workers.pop().pid, signal.SIGKILL)

    def stop(self) -> None:
        for process in self._processes:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            process.wait()

    def _start(self, role: str, *arguments: str) -> subprocess.Popen:
        log = (self.shared / f"{len(self._processes)}.log").open("wb")
        process = subprocess.Popen(
            [
                str(self._spark_class),
                f"org.apache.spark.deploy.{role}",
                "--host",
                "127.0.0.1",
                "--webui-port",
                "0",
                *arguments,
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=self.shared,
            env={**os.environ, "SPARK_DAEMON_MEMORY": "256m", "SPARK_WORKER_DIR": str(self.shared)},
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    @staticmethod
    def _answers(port: int) -> bool:
        with socket.socket() as asked:
            return asked.connect_ex(("127.0.0.1", port)) == 0

    @staticmethod
    def _wait(holds) -> None:
        until = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < until, "the Spark master did not start"
            time.sleep(0.1)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    pyspark = pytest.importorskip("pyspark", reason="the extra `spark` isn't installed")
    if shutil.which("java") is None:
        pytest.skip("there is no Java")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        found = Cluster(Path(pyspark.__file__).parent, tmp_path_factory.mktemp("shared"))
        try:
            found.add_worker()
            found.add_worker()
            yield found
        finally:
            found.stop()
