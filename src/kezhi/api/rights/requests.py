"""What people ask of their data, for programs: who asks is checked, two agree, the file is fetched."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, HttpResponse
from django.utils.translation import gettext_lazy

from kezhi.api.calling import Call, answered
from kezhi.api.files import SEALED
from kezhi.api.leafing import only_parameters
from kezhi.api.members import Action, Does, choice, editing, on, words
from kezhi.api.problems import not_found
from kezhi.api.records import done, visible
from kezhi.api.taking import take
from kezhi.api.writing import moment
from kezhi.core.models import JobRun
from kezhi.records import Kind
from kezhi.rights.deadlines import used
from kezhi.rights.models import DataRequest, Package, RequestStep
from kezhi.rights.packaging import fetch_package
from kezhi.rights.requesting import (
    approve_erasure,
    carry_out,
    check_identity,
    propose_erasure,
    refuse_request,
    start_plan,
)

SHOWN = 200


def _plan() -> Does:
    def does(call: Call, kind: Kind, record: Any, told: dict[str, Any]) -> Any:
        return start_plan(record, actor=call.actor)

    return does


ACTIONS: tuple[Action, ...] = (
    editing(
        "identity",
        gettext_lazy("Who asks is who they say: how it was checked, and what proves it"),
        on(check_identity, "how", "evidence"),
        how=choice(DataRequest.Check.values, is_required=True),
        evidence=words(300, is_required=True),
    ),
    editing(
        "plan",
        gettext_lazy("Look what an erasure would do; nothing changes, and the case has the result"),
        _plan(),
    ),
    editing(
        "proposal",
        gettext_lazy("The first of two who agree that the person is erased"),
        on(propose_erasure),
    ),
    Action(
        "approval",
        gettext_lazy("The second of the two, somebody else: it begins and can’t be undone"),
        "edit",
        on(approve_erasure),
        needs=("edit", "data_right"),
    ),
    editing(
        "outcome",
        gettext_lazy("Do what is asked where one person suffices, or tell what was done"),
        on(carry_out, "outcome"),
        outcome=words(500),
    ),
    editing(
        "refusal",
        gettext_lazy("It isn’t done: why, and where the person may complain"),
        on(refuse_request, "reason"),
        reason=words(500, is_required=True),
    ),
)


def case(call: Call) -> HttpResponse:
    """The clock, what runs, what was done so far, and the files that are ready."""
    only_parameters(call)
    request = visible(call, call.kind("data_request"))
    steps, packages = list(request.steps.all()[:SHOWN]), _packages(request, call)
    take(1, call)
    return answered(
        {
            "request": request.pk,
            "state": request.state,
            "due_on": request.due_on.isoformat(),
            "used": used(request, call.today),
            "job": _job(request.job_run),
            "steps": [_step(each) for each in steps],
            "packages": [_package(each) for each in packages],
        }
    )


def package(call: Call) -> FileResponse:
    """The newest file that hasn't expired; that it was fetched is in the log."""
    only_parameters(call)
    request = visible(call, call.kind("data_request"))
    found = next(iter(_packages(request, call)), None)
    if found is None:
        raise not_found()
    path = done(lambda: fetch_package(found, actor=call.actor, at=call.at))
    take(1, call)
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=f"data-request-{request.pk}.zip",
        content_type="application/octet-stream",
        headers=SEALED,
    )


def _packages(request: DataRequest, call: Call) -> list[Package]:
    rows = request.packages.filter(expires_at__gt=call.at)
    return list(rows.order_by("-pk")[:SHOWN])


def _job(job: JobRun | None) -> dict[str, Any] | None:
    if job is None:
        return None
    plan = (job.result or {}).get("plan") if job.name == "rights.plan" else None
    return {"id": job.pk, "state": job.state, "message": job.message or None, "plan": plan}


def _step(step: RequestStep) -> dict[str, Any]:
    by = {"id": step.by_id, "name": step.by_name} if step.by_id is not None else None
    return {"what": step.what, "at": moment(step.at), "by": by, "note": step.note or None}


def _package(package: Package) -> dict[str, Any]:
    return {
        "id": package.pk,
        "size": package.size,
        "sha256": package.sha256,
        "made_at": moment(package.made_at),
        "expires_at": moment(package.expires_at),
        "fetched_at": moment(package.fetched_at) if package.fetched_at else None,
    }
