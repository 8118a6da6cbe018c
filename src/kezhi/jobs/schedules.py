"""Everything that happens by the clock."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.jobs import Job as QueuedJob
from procrastinate.jobs import Status

from kezhi.accounts.models import Company
from kezhi.core.actor import SYSTEM
from kezhi.core.models import JobRun, JobState
from kezhi.core.refusal import Refused
from kezhi.dataio import importing
from kezhi.dataio.models import BatchState, ImportBatch
from kezhi.insight.measuring import recover_value_runs
from kezhi.insight.scheduling import start_nightly_run
from kezhi.insight.thinning import thin_history

logger = logging.getLogger(__name__)

STALLED_SECONDS = 20
MOST_ATTEMPTS = 3
KEEP_FAILED_HOURS = 30 * 24


@app.periodic(cron="*/10 * * * * *")
@app.task(name="jobs.recover", queueing_lock="jobs.recover", pass_context=True)
async def recover(context: JobContext, timestamp: int) -> None:
    """Work whose worker was killed is done again; after three attempts it counts as failed."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        if job.task_name.startswith("jobs."):
            await manager.finish_job(job, Status.FAILED, delete_job=True)
        elif job.attempts < MOST_ATTEMPTS:
            logger.warning("Job %s (%s) lost its worker: again", job.id, job.task_name)
            await manager.retry_job(job)
        else:
            logger.error("Job %s (%s) was given up", job.id, job.task_name)
            await manager.finish_job(job, Status.FAILED, delete_job=False)
            await sync_to_async(give_up)(job)


def give_up(job: QueuedJob) -> None:
    """The end of work that cost a worker its life three times."""
    message = _("The process that did this ended early several times. The worker's log has more.")
    watched: Any = job.task_kwargs.get("job_run")
    for job_run in JobRun.objects.under_way().filter(pk=watched):
        job_run.message = message[:300]
        job_run.save(update_fields=["message"])
        job_run.finish(JobState.FAILED)
        stuck = ImportBatch.objects.filter(
            job_run=job_run, state__in=[BatchState.CHECKING, BatchState.IMPORTING]
        )
        for batch in stuck:
            importing.give_up(batch, message, is_cancelled=False)
    recover_value_runs()


@app.periodic(cron="*/5 * * * *")
@app.task(name="jobs.nightly_value_run", queueing_lock="jobs.nightly_value_run")
def nightly_value_run(timestamp: int) -> None:
    recover_value_runs()
    try:
        start_nightly_run(actor=SYSTEM, at=timezone.now())
    except Refused as refusal:
        logger.info("No nightly run: %s", refusal)


@app.periodic(cron="40 4 * * *")
@app.task(name="jobs.thin_history", queueing_lock="jobs.thin_history")
def thin_value_history(timestamp: int) -> None:
    company = Company.current()
    if company is not None:
        thin_history(actor=SYSTEM, on=timezone.now().astimezone(company.zone).date())


@app.periodic(cron="20 * * * *")
@app.task(name="jobs.clear_sessions", queueing_lock="jobs.clear_sessions")
def clear_sessions(timestamp: int) -> None:
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    store.clear_expired()


@app.periodic(cron="50 4 * * *")
@app.task(name="jobs.forget_old_jobs", queueing_lock="jobs.forget_old_jobs", pass_context=True)
async def forget_old_jobs(context: JobContext, timestamp: int) -> None:
    await context.app.job_manager.delete_old_jobs(
        nb_hours=KEEP_FAILED_HOURS, include_failed=True, include_cancelled=True
    )
