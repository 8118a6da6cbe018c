"""Success plans: a goal with measures, judged every day by how far it should be."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Standing
from kezhi.insight.figures.basis import Basis
from kezhi.insight.figures.risk import risk_of
from kezhi.insight.models import ValueRun
from kezhi.messaging.models import Notice
from kezhi.service.models import SuccessPlan, SuccessReading
from kezhi.service.success import planning
from kezhi.service.success.endangering import health_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(anhui_tea, li_wei):
    fields = {
        "customer": anhui_tea,
        "goal": "破损率降到 0.5 %",
        "reach_by": TODAY + timedelta(days=100),
    }
    return planning.create_plan(fields, actor=li_wei, on=TODAY)


def measured(plan, actor, start="2", target="0.5"):
    planning.add_measure(
        plan, "破损率", "%", Decimal(start), Decimal(target), actor=actor, on=TODAY
    )
    return plan.measures.get()


def test_without_measures_nobody_knows_how_far_it_is(plan, li_wei):
    assert (plan.health, plan.state, plan.manager) == (None, "on_track", li_wei)
    with pytest.raises(Refused):
        measured(plan, li_wei, start="2", target="2")


def test_a_figure_that_must_fall_counts_by_the_way_done(plan, li_wei):
    measure = measured(plan, li_wei)
    later = TODAY + timedelta(days=60)
    planning.read_measure(plan, measure, Decimal("1.25"), actor=li_wei, on=later)
    plan.refresh_from_db()
    # Half of the way is done; (0.6 − 0.15) / 0.85 of it should be.
    assert plan.health == pytest.approx(100 * 0.5 / (0.45 / 0.85), abs=1e-3)
    assert plan.state == "on_track"
    with pytest.raises(Refused):
        planning.read_measure(
            plan, measure, Decimal(1), actor=li_wei, on=later, read_on=later + timedelta(days=1)
        )
    planning.read_measure(plan, measure, Decimal("1.1"), actor=li_wei, on=later)
    assert SuccessReading.objects.get().figure == Decimal("1.1")


def test_a_plan_that_stands_still_falls_behind_and_its_manager_is_told_once(plan, li_wei):
    measured(plan, li_wei)
    for days in (5, 50, 51):
        planning.judge_all(actor=SYSTEM, on=TODAY + timedelta(days=days))
    plan.refresh_from_db()
    assert (plan.state, plan.health) == ("off_track", 0.0)
    assert Notice.objects.filter(kind="success_plan.behind", person=li_wei).count() == 1


def test_it_ends_with_what_was_learned_and_is_opened_again(plan, li_wei):
    with pytest.raises(Refused):
        planning.end_plan(plan, "achieved", lesson=" ", actor=li_wei, on=TODAY)
    planning.end_plan(plan, "achieved", lesson="换缓冲材料有效", actor=li_wei, on=TODAY)
    with pytest.raises(Refused):
        measured(plan, li_wei)
    planning.reopen_plan(plan, actor=li_wei, on=TODAY)
    assert SuccessPlan.objects.get().is_running


def test_a_stranger_changes_nothing(plan, chen_jing, li_wei):
    measure = measured(plan, li_wei)
    for deed in (
        lambda: planning.read_measure(plan, measure, Decimal(1), actor=chen_jing, on=TODAY),
        lambda: planning.review_plan(
            plan, actor=chen_jing, on=TODAY, next_on=TODAY + timedelta(days=3)
        ),
        lambda: planning.delete_plan(plan, actor=chen_jing, on=TODAY),
    ):
        with pytest.raises((NotAllowed, Refused)):
            deed()
    assert not SuccessReading.objects.exists()
    assert SuccessPlan.objects.get().review_on == TODAY + planning.REVIEW_EVERY


def test_a_plan_behind_or_past_its_day_is_a_reason_of_risk_until_it_ends(plan, anhui_tea, li_wei):
    Standing.objects.filter(pk=anhui_tea.pk).update(
        value_at_risk=50_000, p_alive=0.9, p_alive_before=0.9, overdue_ratio=0.5, tier="A"
    )

    def told(days):
        basis = Basis(ValueRun(as_of=TODAY + timedelta(days=days)), None, None)
        row = risk_of(li_wei, anhui_tea.pk, basis)
        return row and (row.reasons, row.behind)

    measured(plan, li_wei)
    assert told(0) is None
    planning.judge_all(actor=SYSTEM, on=TODAY + timedelta(days=50))
    reasons, behind = told(50)
    assert reasons == ("behind",)
    assert (behind.health, behind.is_off_track, behind.due_on) == (0.0, True, plan.reach_by)
    values = health_of(np.array([anhui_tea.pk - 1, anhui_tea.pk]), TODAY)
    assert np.isnan(values[0])
    assert values[1] == 0
    plan.refresh_from_db()
    planning.end_plan(plan, "given_up", lesson="目标太高", actor=li_wei, on=TODAY)
    assert told(50) is None
    planning.reopen_plan(plan, actor=li_wei, on=TODAY)
    assert told(50) is None
    assert told(101)[0] == ("behind",)
