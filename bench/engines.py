"""The whole measuring on both engines: in one process, and on a Spark cluster on this machine.

    ./kezhi bench engines [--orders 1000000] [--customers 100000] [--workers 2]

Order lines, of a tenth as many customers unless told otherwise, lie as Parquet files in a folder.
Each engine measures them in a process of its own: seconds by the clock, CPU seconds of all processes
that worked for it, and the most memory of the process that asked (on the cluster: without Java). A
master and workers of one core each are started on loopback and ended; starting them isn't counted,
the session is. The results are compared to 1e-9. Needs Java 17.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

AS_OF = date(2024, 12, 31)
A_FILE = 1_000_000
DAYS = 1460


def write_lines(folder: Path, orders: int, customers: int) -> None:
    """Four years of orders: customers come all the time, buy at rates of their own and stop."""
    rng = np.random.default_rng(20_260_101)
    first = rng.integers(0, DAYS - 30, customers)
    lives = (DAYS - first) * rng.beta(0.6, 0.6, customers)
    rate = rng.gamma(0.5, 1.0, customers)
    who = np.concatenate(
        [np.arange(customers), rng.choice(customers, orders - customers, p=rate / rate.sum())]
    )
    day = first[who] + np.floor(rng.random(orders) * lives[who]).astype(np.int64)
    day[:customers] = first
    order = np.argsort(day, kind="stable")
    who, day = who[order], day[order]
    amount = np.round(rng.gamma(3.0, 40.0, orders), 2)
    start = (AS_OF - date(1970, 1, 1)).days - DAYS
    for k in range(0, orders, A_FILE):
        part = slice(k, k + A_FILE)
        table = pa.table(
            {
                "customer": who[part] + 1,
                "day": pa.array((day[part] + start).astype(np.int32), pa.date32()),
                "amount": amount[part],
                "cost": np.round(amount[part] * 0.7, 2),
            }
        )
        pq.write_table(table, folder / f"lines-{k // A_FILE:04}.parquet", compression="zstd")


def measure_here(lines: Path, out: Path, master: str, shared: Path) -> None:
    """What each of the two processes does."""
    from kezhi.value.compute.engine import engine_at
    from kezhi.value.measure import Facts, measure

    marks: dict[str, float] = {}  # when each stage began
    begun = time.perf_counter()
    with engine_at(master, shared) as engine:
        found = measure(
            Facts(lines),
            as_of=AS_OF,
            engine=engine,
            progress=lambda stage, _share: marks.setdefault(stage, time.perf_counter()),
        )
    seconds = time.perf_counter() - begun
    stages = {
        stage: round(ended - started, 2)
        for (stage, started), (_next, ended) in itertools.pairwise(marks.items())
    }
    pq.write_table(found.customers.drop_columns(["leaves"]), out)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({"seconds": seconds, "memory": peak, "stages": stages}))


class Watch:
    """CPU seconds of this process's descendants, also of those that end meanwhile."""

    def __init__(self) -> None:
        self.seconds: dict[tuple[int, float], float] = {}
        self.largest = 0.0  # GB of the largest Python of a worker
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watch:
        self._look()
        self._before = sum(self.seconds.values())
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()
        self._look()

    @property
    def total(self) -> float:
        return sum(self.seconds.values()) - self._before

    def _run(self) -> None:
        while not self._ended.wait(0.2):
            self._look()

    def _look(self) -> None:
        for process in psutil.Process().children(recursive=True):
            try:
                spent = process.cpu_times()
                self.seconds[process.pid, process.create_time()] = spent.user + spent.system
                if "pyspark.worker" in process.cmdline():
                    self.largest = max(self.largest, process.memory_info().rss / 1024**3)
            except psutil.Error:
                continue


class Cluster:
    """A master and workers of one core and 1 GB each, on loopback."""

    def __init__(self, shared: Path, workers: int) -> None:
        import pyspark

        self._spark_class = Path(pyspark.__file__).parent / "bin" / "spark-class"
        self._shared, self._processes = shared, []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.master = f"spark://127.0.0.1:{port}"
        self._start("master.Master", "--port", str(port))
        while socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.2)
        for _ in range(workers):
            self._start("worker.Worker", "-c", "1", "-m", "1g", self.master)

    def _start(self, role: str, *arguments: str) -> None:
        with (self._shared / f"{len(self._processes)}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen(
                    [
                        self._spark_class,
                        f"org.apache.spark.deploy.{role}",
                        *("--host", "127.0.0.1", "--webui-port", "0", *arguments),
                    ],
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "SPARK_WORKER_DIR": str(self._shared)},
                    start_new_session=True,
                )
            )

    def stop(self) -> None:
        for process in self._processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def run(lines: Path, out: Path, master: str, shared: Path) -> dict[str, object]:
    with Watch() as watch:
        done = subprocess.run(
            [sys.executable, __file__, "--measure", str(lines), str(out), master, str(shared)],
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise SystemExit(f"FAILED on {master}:\n{done.stderr[-2000:]}")
    return {
        **json.loads(done.stdout.splitlines()[-1]),
        "cpu": watch.total,
        "largest": watch.largest,
    }


def check_same(one: Path, other: Path) -> None:
    ours, theirs = pq.read_table(one), pq.read_table(other)
    for name in ours.column_names:
        if pa.types.is_floating(ours.schema.field(name).type):
            mine, yours = (table[name].to_numpy() for table in (ours, theirs))
            same = np.allclose(mine, yours, rtol=1e-9, atol=1e-9, equal_nan=True)
        else:
            same = ours[name].equals(theirs[name])
        if not same:
            raise SystemExit(f"FAILED: the engines differ in {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--customers", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    if shutil.which("java") is None:
        raise SystemExit("Java 17 is needed: apt install openjdk-17-jre-headless")
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    with tempfile.TemporaryDirectory() as folder:
        shared = Path(folder)
        lines = shared / "lines"
        lines.mkdir()
        customers = arguments.customers or arguments.orders // 10
        write_lines(lines, arguments.orders, customers)
        first = run(lines, shared / "warm.parquet", "local", shared)  # kernels are compiled
        del first
        found = {"one process": run(lines, shared / "local.parquet", "local", shared)}
        cluster = Cluster(shared, arguments.workers)
        try:
            name = f"Spark, {arguments.workers} workers"
            found[name] = run(lines, shared / "spark.parquet", cluster.master, shared)
        finally:
            cluster.stop()
        check_same(shared / "local.parquet", shared / "spark.parquet")
    print(f"{arguments.orders:,} order lines of {customers:,} customers measured")
    print(f"{'':20}{'wall s':>9}{'CPU s':>9}{'GB':>7}  seconds by stage")
    for name, figures in found.items():
        stages = "  ".join(f"{stage} {seconds}" for stage, seconds in figures["stages"].items())
        print(
            f"{name:20}{figures['seconds']:9.1f}{figures['cpu']:9.1f}{figures['memory']:7.2f}  {stages}"
        )
    print(f"The largest Python of a worker took {found[name]['largest']:.2f} GB.")
    print("The results are equal to 1e-9.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure_here(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], Path(sys.argv[5]))
    else:
        main()
