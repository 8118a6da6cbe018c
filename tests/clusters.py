"""A real Spark cluster on loopback: a master and two workers, each a process of its own."""

import os
import shutil
import signal
import socket
import subprocess
import time
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from kezhi.value.datasets.simulated import simulate
from kezhi.value.facts import Facts, Plan
from kezhi.value.potential.gamma_gamma import GammaGamma
from kezhi.value.potential.mbg_nbd import MBGNBD

PATIENCE = 60
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # Java that lives for seconds only
DEFAULTS = f"""
spark.driver.memory 512m
spark.executor.memory 512m
spark.driver.extraJavaOptions {QUICK}
spark.executor.extraJavaOptions {QUICK}
spark.sql.shuffle.partitions 2
"""


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
            env={
                **os.environ,
                "SPARK_DAEMON_MEMORY": "256m",
                "SPARK_DAEMON_JAVA_OPTS": QUICK,
                "SPARK_WORKER_DIR": str(self.shared),
            },
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
        configuration = tmp_path_factory.mktemp("configuration")
        (configuration / "spark-defaults.conf").write_text(DEFAULTS)
        patch.setenv("SPARK_CONF_DIR", str(configuration))
        found = Cluster(Path(pyspark.__file__).parent, tmp_path_factory.mktemp("shared"))
        try:
            found.add_worker()
            found.add_worker()
            yield found
        finally:
            found.stop()


@pytest.fixture(scope="session")
def engine(cluster):
    """One session of Spark for all tests: a run finds it and leaves it running."""
    from kezhi.value.compute.cluster import SparkEngine

    with SparkEngine(cluster.master, cluster.shared, at_least=6) as found:
        found.open(Facts(pa.table({"customer": [1], "day": [AS_OF], "amount": [1.0]})), Plan(AS_OF))
        yield found


AS_OF = date(2025, 6, 30)
EXACT = 1e-9


def a_company() -> Facts:
    """Returns, free samples, unknown costs, costs to serve, facts to come, customers who never bought; and
    what growth is told by: attributes, stated demand, open needs, offers."""
    rng = np.random.default_rng(11)
    bought = simulate(
        MBGNBD(1.1, 8.0, 0.6, 3.0),
        GammaGamma(6.25, 3.74, 15.44),
        customers=900,
        first=date(2022, 7, 1),
        joining_days=900,
        until=AS_OF,
        rng=rng,
    )
    lines = bought.table()
    n = lines.num_rows
    amounts = np.where(rng.random(n) < 0.04, -bought.amount, bought.amount)
    amounts[rng.random(n) < 0.01] = 0.0
    lines = pa.table(
        {
            "customer": lines["customer"],
            "day": lines["day"],
            "amount": amounts,
            "cost": pa.array(amounts * 0.613, mask=bought.customer % 7 == 0),
            "margin_rate": pa.array(np.full(n, 0.37), mask=bought.customer % 5 > 0),
        }
    )
    to_come = pa.table(
        [[3, 2000], [date(2025, 9, 1)] * 2, [10.0, 12.0], [None] * 2, [None] * 2],
        schema=lines.schema,
    )
    who = rng.integers(0, 950, 700)
    days = np.datetime64("2023-01-01") + rng.integers(0, 900, 700)
    return Facts(
        lines=pa.concat_tables([lines.take(rng.permutation(n)), to_come]),
        costs=pa.table(
            {
                "customer": who,
                "day": pa.array(days.astype("datetime64[D]")),
                "amount": np.round(rng.gamma(2.0, 3.0, 700), 3),
                "kind": ["visit"] * 700,
            }
        ),
        customers=pa.array(np.arange(1100)),
        measures=pa.table({"customer": np.arange(0, 900, 3), "satisfaction": rng.random(300)}),
        segments=pa.table(
            {
                "customer": np.arange(900),
                "segment": ["retail" if k % 2 else "trade" for k in range(900)],
            }
        ),
        prospects=pa.table(
            {
                "customer": np.arange(1000),
                "industry": [("tea", "rice", None)[k % 3] for k in range(1000)],
                "region": ["north" if k % 4 else "south" for k in range(1000)],
                "stated": [k + 100.0 if k % 11 == 0 else None for k in range(1000)],
                "asked": [50.0 if k % 13 == 0 else None for k in range(1000)],
                "offered": [k / 7 if k % 5 == 0 else None for k in range(1000)],
            }
        ),
    )


def alike(one, other, where=""):
    """Equal, numbers to 1e-9 of their size."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            alike(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), where
        for k, (mine, yours) in enumerate(zip(one, other, strict=True)):
            alike(mine, yours, f"{where}[{k}]")
    elif isinstance(one, float) and isinstance(other, float):
        assert one == pytest.approx(other, rel=EXACT, abs=EXACT, nan_ok=True), where
    else:
        assert one == other, where
