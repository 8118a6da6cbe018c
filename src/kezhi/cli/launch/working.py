"""The worker: does queued jobs, and takes over those of a worker that was killed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading

import psycopg
from asgiref.sync import sync_to_async
from django.db import connections
from procrastinate import App
from procrastinate.contrib.django import app as django_app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status

TRIES = 3
AGAIN_AFTER = 1.0
log = logging.getLogger("kezhi.worker")


def work(concurrency: int, given_up_after: float) -> None:
    """Do jobs and deliver webhooks until SIGTERM or SIGINT; then finish what is under way. Django is set up.

    A worker beats; one that hasn't for `given_up_after` seconds was killed, and its jobs are done again.
    """
    connector = django_app.connector
    assert isinstance(connector, DjangoConnector)
    asyncio.run(_work(connector, concurrency, given_up_after))


async def _work(connector: DjangoConnector, concurrency: int, given_up_after: float) -> None:
    """A database that goes away is waited for: nobody has to start the worker again."""
    from kezhi.messaging.webhooks.delivering import deliver  # Django is set up by now
    from kezhi.workbench.customizing.definitions import as_of_now

    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked_to_stop.set)
    stopped = threading.Event()
    # Not a job: no import may hold up what other systems are told.
    delivery = asyncio.create_task(asyncio.to_thread(deliver, stopped, as_of_now))
    try:
        while not asked_to_stop.is_set():
            # Schedules are queued through Django's connection, and nothing else would open a lost one again.
            await sync_to_async(connections.close_all)()
            try:
                await _work_once(connector, concurrency, given_up_after, asked_to_stop)
            except (ConnectorException, psycopg.Error, OSError) as error:
                log.warning("The database doesn't answer (%s); trying again.", type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asked_to_stop.wait(), AGAIN_AFTER)
    finally:
        stopped.set()
        await delivery


async def _work_once(
    connector: DjangoConnector, concurrency: int, given_up_after: float, stop: asyncio.Event
) -> None:
    """Until asked to stop, or until the connection is lost."""
    # An app of its own: what the jobs themselves queue goes through Django's connection, and so is part
    # of their transaction.
    async with django_app.with_connector(connector.get_worker_connector()).open_async() as app:
        rescue = asyncio.create_task(_rescue_stalled(app, given_up_after))
        asked = asyncio.create_task(stop.wait())
        work = asyncio.create_task(
            app.run_worker_async(
                concurrency=concurrency,
                update_heartbeat_interval=given_up_after / 4,
                stalled_worker_timeout=given_up_after,
                shutdown_graceful_timeout=25,
                delete_jobs="successful",
                install_signal_handlers=False,
            )
        )
        try:
            await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()  # it finishes what is under way
            with contextlib.suppress(asyncio.CancelledError):
                await work
        finally:
            for task in (rescue, asked):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


async def _rescue_stalled(app: App, given_up_after: float) -> None:
    """Not a job itself: it must work while every place for jobs is taken."""
    while True:
        try:
            for job in await app.job_manager.get_stalled_jobs(
                seconds_since_heartbeat=given_up_after
            ):
                await _take_over(app, job)
        except ConnectorException:
            log.warning("The database doesn't answer; trying again.")
        await asyncio.sleep(given_up_after / 2)


async def _take_over(app: App, job: Job) -> None:
    # A job that brings its worker down each time would do so for ever.
    if job.attempts + 1 < TRIES:
        log.warning("%s was left by a killed worker and is done again.", job.call_string)
        await app.job_manager.retry_job(job)
    else:
        log.error("%s has brought down %s workers and is given up.", job.call_string, TRIES)
        await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)
        await _tell_watchers(job)


async def _tell_watchers(job: Job) -> None:
    from django.utils.translation import gettext as _

    from kezhi.core.models import JobRun, JobState

    run = job.task_kwargs.get("job_run")
    if isinstance(run, int):
        watched = await JobRun.objects.filter(pk=run).afirst()
        if watched and watched.is_under_way:
            watched.message = _("The process doing this was ended three times; it is given up.")
            await watched.asave(update_fields=["message"])
            await asyncio.to_thread(watched.finish, JobState.FAILED)
