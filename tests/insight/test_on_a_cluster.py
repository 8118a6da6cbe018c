"""The company's own run, by the setting, from the database to what pages read."""

import math

import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.insight.measuring import begin_value_run, run_value
from kezhi.insight.models import Snapshot, ValueRun
from trading import trade

pytestmark = pytest.mark.slow
APART = {"id", "run", "customer"}


def published() -> list[dict]:
    begun = begin_value_run(actor=SYSTEM, on=TODAY, backfill_months=0)
    run = run_value(begun.pk)
    assert run.state == ValueRun.State.PUBLISHED
    names = [field.name for field in Snapshot._meta.fields if field.name not in APART]
    return list(Snapshot.objects.order_by("as_of", "customer_id").values(*names))


def test_the_companys_run_publishes_the_same_from_the_cluster(
    cluster, engine, settings, tmp_path, company, li_wei, chen_jing
):
    settings.DATA = tmp_path
    trade(li_wei, chen_jing)
    here = published()
    Snapshot.objects.all().delete()
    ValueRun.objects.all().delete()
    settings.ENGINE, settings.SHARED = cluster.master, str(cluster.shared)
    there = published()
    assert len(there) == len(here) > 0
    for mine, yours in zip(here, there, strict=True):
        assert {k: v for k, v in mine.items() if not is_nan(v)} == {
            k: v for k, v in yours.items() if not is_nan(v)
        }


def is_nan(entry: object) -> bool:
    return isinstance(entry, float) and math.isnan(entry)
