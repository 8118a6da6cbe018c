"""Value runs by program: started, watched, stopped, read."""

from datetime import timedelta

import pytest

from cast import today_here
from kezhi.audit.models import Entry
from kezhi.insight.models import ValueRun

pytestmark = pytest.mark.django_db


def test_a_run_is_started_watched_and_stopped(program, trading, owner, li_wei):
    boss = program(owner)
    tomorrow = (today_here() + timedelta(days=1)).isoformat()
    assert boss.post("/value-runs", {"as_of": tomorrow}).status == 409
    for _again in range(2):
        begun = boss.post("/value-runs", {"as_of": "2026-11-20"}, idempotency_key="r-1")
    one = f"/value-runs/{begun.json['id']}"
    assert (begun.status, begun.json["state"], begun.json["as_of"]) == (
        201,
        "running",
        "2026-11-20",
    )
    assert begun.json["progress"]["done"] == 0
    assert begun.headers["Location"] == f"/api/v1{one}"
    assert ValueRun.objects.count() == 1
    assert boss.post("/value-runs").status == 409
    assert program(li_wei).post("/value-runs").status == 403
    assert program(li_wei).post(f"{one}/cancellation").status == 403
    ended = boss.post(f"{one}/cancellation").json
    assert (ended["state"], ended["progress"]) == ("cancelled", None)
    assert boss.post(f"{one}/cancellation").status == 409
    deeds = Entry.objects.filter(deed__startswith="value_run.").order_by("pk")
    assert [e.deed for e in deeds] == ["value_run.started", "value_run.cancelled"]


def test_what_came_out_of_a_run_is_read(program, trading, measure, owner, li_wei):
    run = measure()
    erp = program(li_wei)
    told = erp.get(f"/value-runs/{run.pk}").json
    assert (told["state"], told["is_current"], told["chosen_model"]) == (
        *("published", True),
        run.chosen_model,
    )
    assert told["parameters"]["model"] == run.parameters["model"]
    assert told["diagnostics"] == run.diagnostics
    assert told["customers"] == run.customers > 0
    assert all(isinstance(each, str) for each in told["warnings"])
    later = measure()
    first = erp.get("/value-runs?limit=1").json
    assert [e["id"] for e in first["items"]] == [later.pk]
    rest = erp.get(f"/value-runs?after={first['next']}").json
    assert [e["id"] for e in rest["items"]] == [run.pk]
    assert "diagnostics" not in rest["items"][0]
    assert erp.get("/value-runs?state=failed").json["items"] == []
    assert erp.get("/value-runs?state=done").status == 400


def test_runs_are_for_those_who_read_them_and_see_value(program, trading, measure, owner):
    run = measure()
    for erp in (
        program(owner, {"customer": ["read"]}),
        program(owner, field_rules={"value": "hidden"}),
    ):
        assert erp.get("/value-runs").status == 403
        assert erp.get(f"/value-runs/{run.pk}").status == 403
        assert erp.post("/value-runs").status == 403
    assert program(owner).get("/value-runs/987654321").status == 404
