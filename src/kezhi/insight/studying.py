"""Studies of survey answers: started by people, carried out by a worker, kept until the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core import queue
from kezhi.core.actor import Actor, Scope
from kezhi.core.models import JobRun
from kezhi.core.progress import Progress, silent
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight.delivering import study_delivered
from kezhi.insight.driving import study_drivers
from kezhi.insight.ending import close, close_broken_off, closing
from kezhi.insight.exempting import leave_off_lists
from kezhi.insight.experiencing import study_experience
from kezhi.insight.models import CustomerReading, Study
from kezhi.insight.travelling import study_journey
from kezhi.value.plain import to_plain

KEPT = 12
BATCH = 2_000
_CARRIED_OUT: dict[str, Callable[[Study, Progress], tuple[Any, Iterable[CustomerReading]]]] = {
    Study.Subject.DELIVERED: study_delivered,
    Study.Subject.DRIVERS: study_drivers,
    Study.Subject.EXPERIENCE: study_experience,
    Study.Subject.JOURNEY: study_journey,
}


def may_study(actor: Actor) -> bool:
    """Whoever may measure value, and reads the answers of the whole company."""
    return actor.may("measure", "value_run") and sees_company(actor)


def sees_company(actor: Actor) -> bool:
    """Whether figures of all answers together are for this actor; others see those of their customers."""
    return actor.scope("read", "survey_answer") is Scope.ALL


def newest_readings(actor: Actor) -> QuerySet[CustomerReading]:
    """What the newest study of each subject says of the customers whose answers the actor reads."""
    done = Study.objects.filter(state=Study.State.DONE)
    newest = done.order_by("subject", "-id").distinct("subject").values("id")
    found: QuerySet[CustomerReading] = CustomerReading.objects.visible_to(actor)
    return found.filter(study__in=newest)


@audited("study.started")
def start_study(subject: str, *, actor: Actor, on: date) -> Study:
    """Queue a study of the answers until today; `study.job_run` tells how it goes.

    Refused while one of the same subject is under way.
    """
    study = _begin(subject, actor=actor, on=on)
    study.job_run = queue.start(
        "insight.study", Study.Subject(subject).label, actor=actor, study=study.pk
    )
    study.save(update_fields=["job_run"])
    return study


@audited("study.started")
def begin_study(subject: str, *, actor: Actor, on: date) -> Study:
    """A study that the caller carries out itself with `run_study`: the demo."""
    return _begin(subject, actor=actor, on=on)


def _begin(subject: str, *, actor: Actor, on: date) -> Study:
    if not may_study(actor):
        raise NotAllowed(_("Your role doesn’t study the answers of the whole company."))
    recover_studies()
    try:
        with transaction.atomic():
            study = Study.objects.create(
                subject=Study.Subject(subject),
                as_of=on,
                started_by=person(actor),
            )
    except IntegrityError as error:
        raise Refused(
            _("This is being worked out already. Wait until it has finished, or cancel it.")
        ) from error
    note(subject=subject)
    return study


@audited("study.cancelled")
def cancel_study(study: Study, *, actor: Actor, on: date) -> None:
    """Stop it; what was kept before stays."""
    if not may_study(actor):
        raise NotAllowed(_("Your role doesn’t study the answers of the whole company."))
    study = Study.objects.select_for_update(of=("self",)).get(pk=study.pk)
    if study.state != Study.State.RUNNING or study.job_run_id is None:
        raise Refused(_("This isn’t under way any more."))
    if JobRun.ask_to_stop(study.job_run_id):
        close(study, Study.State.CANCELLED)


def run_study(study_id: int, progress: Progress = silent) -> Study:
    """Work it out and keep it. One that has ended stays as it is, so a worker may come twice.

    Raises `Stopped` when cancelled and `Refused` when it can't be done.
    """
    study = Study.objects.get(pk=study_id)
    if study.state != Study.State.RUNNING:
        return study
    with closing(study):
        _carry_out(study, progress)
    return study


@transaction.atomic
def _carry_out(study: Study, progress: Progress) -> None:
    figures, readings = _CARRIED_OUT[study.subject](study, progress)
    waiting: list[CustomerReading] = []
    for reading in readings:
        waiting.append(reading)
        if len(waiting) == BATCH:
            CustomerReading.objects.bulk_create(waiting)
            waiting = []
    CustomerReading.objects.bulk_create(waiting)
    leave_off_lists()
    study.figures = to_plain(figures)
    study.respondents, study.customers = figures.respondents, figures.customers
    study.save(update_fields=["figures", "respondents", "customers"])
    close(study, Study.State.DONE)
    _forget_older(study)
    progress(500, 500, _("Done"))  # the last chance to cancel


def _forget_older(study: Study) -> None:
    """Of single customers only the newest study tells; of older ones a dozen keep their figures."""
    older = Study.objects.filter(subject=study.subject, pk__lt=study.pk)
    CustomerReading.objects.filter(study__in=older).delete()
    kept = older.order_by("-pk").values_list("pk", flat=True)[: KEPT - 1]
    older.exclude(pk__in=list(kept)).exclude(state=Study.State.RUNNING).delete()


def recover_studies() -> int:
    """Close studies whose worker died for good, so that the next may start; returns how many."""
    closed = 0
    running = Study.objects.filter(state=Study.State.RUNNING).select_related("job_run")
    for study in running:
        if study.job_run is not None and not study.job_run.is_under_way:
            close_broken_off(study)
            closed += 1
    return closed
