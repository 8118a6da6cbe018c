"""Snapshots: five weeks by the day, then one a month; the runs and their moves stay."""

from datetime import timedelta

import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.insight.models import Snapshot, TierMove, ValueRun
from kezhi.insight.ruling import current_settings
from kezhi.insight.thinning import thin_history

pytestmark = pytest.mark.django_db


@pytest.fixture
def half_a_year(anhui_tea):
    """A published run with a snapshot and a move on each of 180 days."""
    settings = current_settings()
    runs = ValueRun.objects.bulk_create(
        ValueRun(
            as_of=TODAY - timedelta(days=back),
            state=ValueRun.State.PUBLISHED,
            has_snapshots=True,
            value_settings=settings,
        )
        for back in range(180)
    )
    Snapshot.objects.bulk_create(
        Snapshot(run=run, customer=anhui_tea, as_of=run.as_of) for run in runs
    )
    TierMove.objects.create(
        customer=anhui_tea, run=runs[170], moved_on=runs[170].as_of, before="B", after="A"
    )


def test_the_last_day_of_each_older_month_is_kept(half_a_year):
    thin_history(actor=SYSTEM, on=TODAY)
    kept = list(Snapshot.objects.order_by("as_of").values_list("as_of", flat=True))
    border = TODAY - timedelta(days=35)
    assert [day for day in kept if day > border] == [
        border + timedelta(days=k) for k in range(1, 36)
    ]
    older = [day for day in kept if day <= border]
    assert [(day.month, (day + timedelta(days=1)).day) for day in older[:-1]] == [
        (5, 1),
        (6, 1),
        (7, 1),
        (8, 1),
        (9, 1),
    ]
    assert older[-1] == border  # of a month that isn't over the latest day counts
    assert ValueRun.objects.count() == 180
    assert TierMove.objects.count() == 1


def test_thinning_again_changes_nothing(half_a_year):
    assert thin_history(actor=SYSTEM, on=TODAY) > 100
    kept = Snapshot.objects.count()
    assert thin_history(actor=SYSTEM, on=TODAY) == 0
    assert Snapshot.objects.count() == kept


def test_a_thinned_run_is_read_by_no_page(half_a_year):
    thin_history(actor=SYSTEM, on=TODAY)
    assert not ValueRun.objects.readable().exclude(snapshots__isnull=False).exists()
