"""The value run on an Apache Spark cluster: facts and results as Parquet in a folder that all share.

Rows are brought together by customer; what a partition comes to is found by the kernels of the local
engine (`partitions`), so both engines give the same numbers. A worker that is lost costs time only:
its partitions are computed again elsewhere, from the same rows in the same order.

Workers need Kezhi and its extra `spark` installed at the same path, or at the one that PYSPARK_PYTHON
names. Whatever stands in Spark's own configuration (spark-defaults.conf) holds.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import numpy as np

from kezhi.value.choosing import days_asked
from kezhi.value.compute import partitions
from kezhi.value.compute.engine import EngineUnavailable, Heartbeat, silent
from kezhi.value.compute.expressions import (
    Extent,
    extent,
    facts_about,
    numbered,
    sound,
    together,
)
from kezhi.value.facts import Facts, OpenFacts, Plan
from kezhi.value.reading import Unreadable

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

LINES_A_FILE = 1_000_000
LINES_A_PARTITION = 1_000_000
"""A partition of that many lines takes about 200 MB of a worker's memory beside Spark's own."""
HEARTBEAT = 0.5
"""Seconds between two looks at whether the run is still wanted."""
JOBS = "kezhi"
PATIENCE = 60.0
"""Seconds to wait for the first worker."""
SETTINGS = {
    "spark.app.name": "Kezhi",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "100000",
    "spark.sql.files.maxPartitionBytes": "32m",
}


class SparkEngine:
    """A Spark cluster by the address of its master, and the folder it shares with this process.

    Use it in a `with` statement; it connects when it is first asked. A session of Spark that this
    process has already is used, and left as it is. Raises `EngineUnavailable` with the reason and what
    helps.
    """

    def __init__(self, master: str, shared: Path, *, at_least: int = 0) -> None:
        """`at_least`: partitions to make of however few lines; by default as many as there are cores."""
        self._master, self._shared, self._at_least = master, shared, at_least
        self._session: SparkSession | None = None
        self._is_own = True
        self._tables: Any = None
        self._folder: Path | None = None
        self._written: dict[str, tuple[Any, Path]] = {}
        self._opened = 0

    def __enter__(self) -> SparkEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster and remove what was shared with it."""
        if self._session is not None:
            if self._is_own:
                self._session.stop()
            self._session = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        self._written.clear()

    def open(self, facts: Facts, plan: Plan, alive: Heartbeat = silent) -> OpenFacts:
        """The facts until the day of the run: every order line is read and summed on the cluster."""
        session = self._connected()
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        try:
            with _without_warnings(), ThreadPoolExecutor(1) as aside:
                coming = aside.submit(self._opened_by, session, facts, plan)
                while not wait([coming], HEARTBEAT).done:
                    try:
                        alive()
                    except BaseException:
                        while not wait([coming], HEARTBEAT).done:
                            session.sparkContext.cancelJobsWithTag(JOBS)
                        raise
                return coming.result()
        except (Py4JError, PySparkException) as error:
            raise EngineUnavailable(
                "gave_up",
                f"The Spark cluster at {self._master} gave up the work: {str(error)[:300]}",
                address=self._master,
            ) from error

    def _opened_by(self, session: SparkSession, facts: Facts, plan: Plan) -> OpenFacts:
        session.sparkContext.addJobTag(JOBS)  # of this thread
        folder = self._place()
        lines = self._read(self._path("lines", facts.lines), "lines")
        reach = self._extent(lines, "lines", plan)
        costs = None
        if facts.costs is not None and facts.costs.num_rows:
            costs = self._read(self._path("costs", facts.costs), "costs")
            self._extent(costs, "costs", plan)
        work = partitions.Work(
            plan,
            days_asked(reach.first_purchase, plan),
            plan.today if reach.first_day is None else reach.first_day,
        )
        from pyspark.sql.pandas.types import from_arrow_schema

        schema = partitions.schema(len(work.days))
        self._opened += 1
        result = folder / f"figures-{self._opened}"
        (
            self._frame(together(lines, costs))
            .repartition(self._partitions(session, reach), "customer")
            .sortWithinPartitions("row")
            .mapInArrow(partial(partitions.over_batches, work=work), from_arrow_schema(schema))
            .write.parquet(str(result))
        )
        told = _read_result(result, schema)
        shutil.rmtree(result, ignore_errors=True)
        known = np.zeros(0, np.int64)
        if facts.customers is not None:
            known = np.asarray(facts.customers.to_numpy(zero_copy_only=False), dtype=np.int64)
        return partitions.gathered(told, work, known, otherwise=facts)

    def _extent(self, table: ibis.Table, name: str, plan: Plan) -> Extent:
        return extent(self._frame(facts_about(table, plan.as_of)).collect()[0].asDict(), name)

    def _partitions(self, session: SparkSession, reach: Extent) -> int:
        cores = int(session.sparkContext.defaultParallelism)
        return max(cores, self._at_least, -(-reach.lines // LINES_A_PARTITION))

    def _connected(self) -> SparkSession:
        if self._session is None:
            with _without_warnings():
                self._session, self._is_own, self._tables = _connect(self._master)
        return self._session

    def _place(self) -> Path:
        """A folder of this engine's own in the shared one; the workers may run as another user."""
        if self._folder is None:
            try:
                self._folder = Path(tempfile.mkdtemp(prefix="value-run-", dir=self._shared))
                self._folder.chmod(0o770)
            except OSError as error:
                raise EngineUnavailable(
                    "no_folder",
                    f"The shared folder {self._shared} can't be written: {error.strerror}. Name a "
                    "folder that this machine and all workers see at the same path.",
                    folder=str(self._shared),
                ) from error
        return self._folder

    def _path(self, name: str, facts: Any) -> Path:
        """Where the cluster finds these facts; tables are written there, once for all runs."""
        if isinstance(facts, Path):
            return facts
        held = self._written.pop(name, None)
        if held is not None and held[0] is not facts:
            shutil.rmtree(held[1], ignore_errors=True)
            held = None
        if held is None:
            folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._place()))
            _write(facts, folder)
            held = facts, folder
        self._written[name] = held
        return held[1]

    def _read(self, path: Path, name: str) -> ibis.Table:
        session = self._connected()
        files = _files(path, name)
        if path.is_file():
            path = path.parent
        rows = session.read.parquet(*(str(path / file) for file in files))
        rows.selectExpr(
            "*", "_metadata.file_name AS file", "_metadata.row_index"
        ).createOrReplaceTempView(f"kezhi_{name}")
        # Spark writes names as addresses do: %20 for a blank.
        names = [uri.rsplit("/", 1)[-1] for uri in rows.inputFiles()]
        session.createDataFrame(
            [(own, files[unquote(own)]) for own in names], "file string, first_row bigint"
        ).createOrReplaceTempView(f"kezhi_{name}_files")
        tables = (self._tables.table(f"kezhi_{name}"), self._tables.table(f"kezhi_{name}_files"))
        return sound(numbered(*tables), name)

    def _frame(self, table: ibis.Table) -> DataFrame:
        """An expression as Spark's own table, for what Ibis has no word for."""
        return self._connected().sql(self._tables.compile(table))


def _write(table: pa.Table, folder: Path) -> None:
    import pyarrow.parquet as pq

    folder.chmod(0o770)
    for k, start in enumerate(range(0, max(table.num_rows, 1), LINES_A_FILE)):
        part = table.slice(start, LINES_A_FILE)
        pq.write_table(part, folder / f"part-{k:05}.parquet", compression="zstd")


def _files(path: Path, name: str) -> dict[str, int]:
    """Names of Parquet files in their order, and how many rows stand before each."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise Unreadable(f"{name}: there are no Parquet files in {path}")
    found, rows = {}, 0
    for file in files:
        found[file.name] = rows
        try:
            rows += int(pq.read_metadata(file).num_rows)
        except (pa.ArrowInvalid, OSError) as error:
            raise Unreadable(f"{file}: can't be read as Parquet: {error}") from error
    return found


def _read_result(folder: Path, schema: pa.Schema) -> pa.Table:
    import pyarrow.parquet as pq

    return pq.read_table(folder, schema=schema)


@contextmanager
def _without_warnings() -> Iterator[None]:
    """PySpark warns of pandas 3, which it isn't asked for here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _connect(master: str) -> tuple[SparkSession, bool, Any]:
    """A session, whether it was made for this, and Ibis's connection by it."""
    _demand_reachable(master)
    java = Path(os.environ["JAVA_HOME"], "bin", "java") if os.environ.get("JAVA_HOME") else "java"
    if shutil.which(java) is None:
        raise EngineUnavailable(
            "no_java", "Spark needs Java 17: apt install openjdk-17-jre-headless, or set JAVA_HOME."
        )
    try:
        import ibis
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise EngineUnavailable(
            "no_extra",
            "The extra `spark` isn't installed: uv sync --extra spark, or pip install 'kezhi[spark]'.",
        ) from error
    held = SparkSession.getActiveSession()
    if held is not None:
        return held, False, ibis.pyspark.connect(held)
    builder = SparkSession.builder.master(master)
    for name, setting in SETTINGS.items():
        builder = builder.config(name, setting)
    session = builder.getOrCreate()
    if "PYSPARK_PYTHON" not in os.environ:
        session.sparkContext.pythonExec = sys.executable
    session.sparkContext.setLogLevel("ERROR")
    try:
        _demand_workers(session, master)
    except EngineUnavailable:
        session.stop()
        raise
    return session, True, ibis.pyspark.connect(session)


def _demand_reachable(master: str) -> None:
    """Spark itself would try for minutes. A master may have stand-ins: spark://ONE:7077,OTHER:7077."""
    for host in master.removeprefix("spark://").split(","):
        with suppress(OSError, ValueError):
            address = urlsplit(f"spark://{host}")
            socket.create_connection((address.hostname, address.port or 7077), 5).close()
            return
    raise EngineUnavailable(
        "unreachable",
        f"No Spark master answers at {master}. Start it, or set the engine to `local`.",
        address=master,
    )


def _demand_workers(session: Any, master: str) -> None:
    """A master without workers that are free would let every job wait for ever."""
    status = session.sparkContext._jsc.sc()
    until = time.monotonic() + PATIENCE
    while status.getExecutorMemoryStatus().size() < 2:  # the first is the driver's own
        if time.monotonic() > until:
            raise EngineUnavailable(
                "no_workers",
                f"The Spark master {master} has no free worker. Start one, or give it more memory.",
                address=master,
            )
        time.sleep(0.2)
