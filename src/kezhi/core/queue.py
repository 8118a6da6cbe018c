"""Work is queued by name, inside the transaction that causes it: nothing is lost between commit and work."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise

from kezhi.core.actor import Actor
from kezhi.core.models import JobRun
from kezhi.core.saying import kept


def defer(name: str, *, queueing_lock: str | None = None, **arguments: Any) -> None:
    """Queue the work registered in `jobs` as `name`. JSON arguments only.

    With `queueing_lock`, a second request while one is waiting is dropped: the waiting one serves both.
    """
    # The lock is tried in a savepoint: a dropped duplicate must not spoil the caller's transaction.
    from django.db import transaction
    from procrastinate.contrib.django import app
    from procrastinate.exceptions import AlreadyEnqueued

    try:
        with transaction.atomic():
            app.configure_task(name, queueing_lock=queueing_lock).defer(**arguments)
    except AlreadyEnqueued:
        return


def start(name: str, title: str | Promise, *, actor: Actor, **arguments: Any) -> JobRun:
    """Queue work that people watch; the task gets `job_run` (a `JobRun` id) beside its arguments.

    Of a title that is a `Told`, or said lazily, everybody reads the words of their own language.
    """
    words = kept(title)
    job_run = JobRun.objects.create(
        name=name,
        title=str(title)[:200],
        words=words if isinstance(words, dict) else {},
        actor_id=actor.pk,
        arguments=arguments,
    )
    defer(name, job_run=job_run.pk, **arguments)
    return job_run
