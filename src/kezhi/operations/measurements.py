"""Measurements for Prometheus: counted by each process, gathered from all of them when they are asked for.

Web processes share a folder (`PROMETHEUS_MULTIPROC_DIR`, set by `kezhi web`); what lies in the database is
asked at that moment.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
from django.conf import settings
from django.db import connection
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily, Metric

from kezhi.operations.backups import keeping

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)

registry = CollectorRegistry()
requests = Histogram(
    "kezhi_request_seconds",
    "How long requests took, by route.",
    ("method", "route"),
    buckets=BUCKETS,
    registry=registry,
)
answers = Counter("kezhi_answers", "Answers by status class.", ("status",), registry=registry)
pool = Gauge(
    "kezhi_pool_connections",
    "Connections of the pools of the web processes.",
    ("state",),
    multiprocess_mode="livesum",
    registry=registry,
)

QUEUE = """
SELECT status::text, count(*), coalesce(extract(epoch FROM now() - min(e.at)), 0)
FROM procrastinate_jobs j
LEFT JOIN LATERAL (SELECT at FROM procrastinate_events WHERE job_id = j.id ORDER BY id LIMIT 1) e ON true
WHERE status IN ('todo', 'doing') AND (scheduled_at IS NULL OR scheduled_at <= now())
GROUP BY 1
"""
FAILED = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'"
WORKERS = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '60 seconds'"
OUTCOMES = """
SELECT name, state, count(*) FROM core_jobrun WHERE created_at > now() - interval '1 day' GROUP BY 1, 2
"""
LAST_RUN = """
SELECT extract(epoch FROM finished_at - started_at), extract(epoch FROM finished_at) FROM core_jobrun
WHERE name = 'insight.run' AND state = 'done' ORDER BY id DESC LIMIT 1
"""


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """`route` is a pattern of ours: what somebody typed must not make a new series."""
    requests.labels(method if method in METHODS else "other", route).observe(seconds)
    answers.labels(f"{status // 100}xx").inc()
    _observe_pool()


def _observe_pool() -> None:
    own = getattr(connection, "pool", None)
    if own is not None:
        stats = own.get_stats()
        pool.labels("open").set(stats.get("pool_size", 0))
        pool.labels("free").set(stats.get("pool_available", 0))
        pool.labels("waited for").set(stats.get("requests_waiting", 0))


def exposition() -> bytes:
    """All measurements in Prometheus' text format; those of the database are left out while it is away."""
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        _forget_ended(Path(folder))
        gathered = CollectorRegistry()
        multiprocess.MultiProcessCollector(gathered)  # type: ignore[no-untyped-call]
    else:
        gathered = registry
    asked = CollectorRegistry()
    asked.register(Asked())
    return generate_latest(gathered) + generate_latest(asked)


def _forget_ended(folder: Path) -> None:
    """What processes hold open ended with them; what they counted stays."""
    for path in folder.glob("gauge_live*_*.db"):
        number = path.stem.rpartition("_")[2]
        if number.isdigit() and not psutil.pid_exists(int(number)):
            path.unlink(missing_ok=True)


class Asked:
    """What is counted at the moment of asking."""

    def collect(self) -> Iterator[Metric]:
        from django.db import DatabaseError

        yield from _of_backups()
        try:
            yield from _of_database()
        except DatabaseError:
            yield GaugeMetricFamily("kezhi_database_up", "Whether the database answers.", value=0)
        else:
            yield GaugeMetricFamily("kezhi_database_up", "Whether the database answers.", value=1)


def _of_database() -> Iterator[Metric]:
    with connection.cursor() as cursor:
        cursor.execute(QUEUE)
        jobs = {status: (count, float(age)) for status, count, age in cursor.fetchall()}
        depth = GaugeMetricFamily(
            "kezhi_queue_jobs", "Jobs that are due, by state.", labels=["state"]
        )
        for state, known in (("waiting", "todo"), ("running", "doing")):
            depth.add_metric([state], jobs.get(known, (0, 0.0))[0])
        cursor.execute(FAILED)
        depth.add_metric(["failed"], cursor.fetchone()[0])
        yield depth
        yield GaugeMetricFamily(
            "kezhi_queue_oldest_seconds",
            "How long the oldest due job has waited.",
            value=jobs.get("todo", (0, 0.0))[1],
        )
        cursor.execute(WORKERS)
        yield GaugeMetricFamily(
            "kezhi_workers",
            "Workers that were alive in the last minute.",
            value=cursor.fetchone()[0],
        )
        cursor.execute(OUTCOMES)
        outcomes = GaugeMetricFamily(
            "kezhi_job_runs_1d", "Watched jobs of the last 24 hours.", labels=["job", "state"]
        )
        for name, state, count in cursor.fetchall():
            outcomes.add_metric([name, state], count)
        yield outcomes
        cursor.execute(LAST_RUN)
        if (row := cursor.fetchone()) is not None and row[0] is not None:
            yield GaugeMetricFamily(
                "kezhi_value_run_seconds", "Duration of the last value run.", value=float(row[0])
            )
            yield GaugeMetricFamily(
                "kezhi_value_run_finished_timestamp", "When it ended.", value=float(row[1])
            )


def _of_backups() -> Iterator[Metric]:
    now = datetime.now(UTC)
    found = keeping.backups(settings.BACKUPS)
    if found:
        yield GaugeMetricFamily(
            "kezhi_backup_age_seconds",
            "Age of the newest backup.",
            value=(now - found[0].cover.at).total_seconds(),
        )
    yield GaugeMetricFamily(
        "kezhi_backup_alarm",
        "1 when there is no fresh, whole backup.",
        value=1 if keeping.alarm(settings.BACKUPS, at=now) else 0,
    )
