"""Work of data rights that takes its time: looking for a person, gathering, erasing, evidence."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from procrastinate.contrib.django import app

from kezhi.accounts.models import Company
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import Refused
from kezhi.jobs.carrying import Job, watched
from kezhi.rights.breaches import make_evidence
from kezhi.rights.erasing import erase_person, plan_erasure
from kezhi.rights.models import DataRequest
from kezhi.rights.packaging import forget_expired, make_package
from kezhi.rights.requesting import close, remind
from kezhi.rights.retaining import apply_retention


@watched("rights.plan")
def plan(job: Job, request: int) -> dict[str, Any]:
    person = DataRequest.objects.get(pk=request).person
    return {"plan": plan_erasure(person, job.progress).as_json()} if person else {}


@watched("rights.package")
def package(job: Job, request: int) -> dict[str, Any]:
    found = DataRequest.objects.get(pk=request)
    made = make_package(found, actor=job.actor, at=job.at, progress=job.progress)
    return {"package": made.pk}


@watched("rights.erase")
def erase(job: Job, request: int) -> dict[str, Any]:
    """By the second of the two who agreed."""
    found = DataRequest.objects.get(pk=request)
    person = found.person
    if person is None or found.state != DataRequest.State.WORKING:
        return {}
    try:
        erasure = erase_person(
            person, actor=job.actor, at=job.at, request=found, progress=job.progress
        )
    except Refused:
        DataRequest.objects.filter(pk=request).update(state=DataRequest.State.VERIFIED)
        raise
    found.refresh_from_db()
    close(found, job.actor, job.on, DataRequest.State.DONE, erasure.pseudonym)
    return {"erasure": erasure.pk, "counts": erasure.counts}


@watched("rights.evidence")
def evidence(job: Job) -> dict[str, Any]:
    return make_evidence(actor=job.actor, at=job.at, progress=job.progress)


@app.periodic(cron="55 3 * * *")
@app.task(name="jobs.apply_retention", queueing_lock="jobs.apply_retention")
def clear_what_is_old(timestamp: int) -> None:
    apply_retention(actor=SYSTEM, at=timezone.now())
    forget_expired(actor=SYSTEM, at=timezone.now())


@app.periodic(cron="25 * * * *")
@app.task(name="jobs.remind_of_requests", queueing_lock="jobs.remind_of_requests")
def remind_of_requests(timestamp: int) -> None:
    company = Company.current()
    if company is not None:
        remind(actor=SYSTEM, on=company.today())
