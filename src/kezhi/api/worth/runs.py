"""Value runs: started, watched, stopped, and how far to trust what came out."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from kezhi.api.calling import Call, answered
from kezhi.api.entries import day
from kezhi.api.leafing import leafed, one_of, only_parameters
from kezhi.api.members import Member
from kezhi.api.problems import not_found
from kezhi.api.records import done
from kezhi.api.schema_forms import DAY
from kezhi.api.sending import sent
from kezhi.api.taking import take
from kezhi.api.worth import seeing
from kezhi.api.writing import moment, who
from kezhi.core.ids import record_id
from kezhi.core.models import JobRun
from kezhi.insight import naming
from kezhi.insight.measuring import cancel_value_run, start_value_run
from kezhi.insight.models import ValueRun

STARTED: dict[str, Member] = {"as_of": Member(lambda call, said: day(said), DAY)}


def show_all(call: Call) -> HttpResponse:
    """The latest begun first; `?state=`: only those."""
    call.must_may("read", "value_run")
    seeing.must_see_value(call)
    rows = _seen(call).defer("diagnostics", "summary", "tree", "parameters")
    state = one_of(call, "state", ValueRun.State.values)
    page = leafed(
        call, rows.filter(state=state) if state else rows, ("state",), is_newest_first=True
    )
    return answered({"items": [_row(each) for each in page.rows], "next": page.next})


def show(call: Call) -> HttpResponse:
    """One of them with its parameters and diagnostics."""
    run = _of(call)
    only_parameters(call)
    take(1, call)
    return answered(_whole(run))


def start(call: Call) -> HttpResponse:
    seeing.must_see_value(call)
    given = sent(call, STARTED)
    run = done(lambda: start_value_run(actor=call.actor, on=call.today, **given))
    headers = {"Location": f"/api/v1/value-runs/{run.pk}"}
    return answered(_whole(_seen(call).get(pk=run.pk)), 201, headers)


def cancel(call: Call) -> HttpResponse:
    run = _of(call)
    sent(call, {})
    done(lambda: cancel_value_run(run, actor=call.actor, on=call.today))
    return answered(_whole(_of(call)))


def _seen(call: Call) -> Any:
    rows = ValueRun.objects.visible_to(call.actor)
    return rows.select_related("started_by", "job_run")


def _of(call: Call) -> ValueRun:
    seeing.must_see_value(call)
    found: ValueRun | None = _seen(call).filter(pk=record_id(call.parts["id"])).first()
    if found is None:
        raise not_found()
    return found


def _row(run: ValueRun) -> dict[str, Any]:
    return {
        "id": run.pk,
        "state": str(run.state),
        "trigger": str(run.trigger),
        "as_of": seeing.on(run.as_of),
        "backfill_of": run.backfill_of_id,
        "started_at": moment(run.started_at),
        "finished_at": moment(run.finished_at) if run.finished_at else None,
        "started_by": who(run.started_by),
        "seconds": run.seconds,
        "customers": run.customers,
        "lines": run.lines,
        "chosen_model": run.chosen_model or None,
        "code_version": run.code_version or None,
        "error": run.error or None,
        "progress": _progress(run.job_run) if run.is_under_way else None,
    }


def _whole(run: ValueRun) -> dict[str, Any]:
    return {
        **_row(run),
        "is_current": run == ValueRun.objects.latest_published(),
        "data_version": run.data_version or None,
        "parameters": run.parameters,
        "diagnostics": run.diagnostics,
        "warnings": [naming.warning_text(each) for each in run.warnings],
    }


def _progress(job: JobRun | None) -> dict[str, Any] | None:
    if job is None:
        return None
    left = job.seconds_left
    return {
        "state": str(job.state),
        "done": job.done,
        "total": job.total,
        "message": job.message or None,
        "seconds_left": round(left) if left is not None else None,
    }
