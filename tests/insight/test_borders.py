"""The matrix for any borders: the cells add up, whoever moves is named, and bands tell what customers do."""

from decimal import Decimal

import numpy as np
import pytest

from cast import TODAY
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Standing
from kezhi.insight import figures
from kezhi.insight.figures import borders as bands
from kezhi.insight.figures import keeping
from kezhi.insight.models import KeptFigure
from kezhi.insight.ruling import InvalidRules, current_settings, publish_value_settings
from kezhi.insight.strategies import (
    LONGEST,
    CellStrategy,
    InvalidStrategies,
    publish_matrix_strategies,
    strategies_in_force,
)
from kezhi.value.matrix import QUADRANTS, MatrixSettings, Split, drag
from kezhi.value.measure import Settings
from kezhi.value.plain import to_plain

pytestmark = pytest.mark.django_db


def save(actor, settings, reason="按经营会议"):
    rules = {**current_settings().rules, "matrix": to_plain(settings)}
    return publish_value_settings(rules, actor=actor, on=TODAY, reason=reason)


def drawn(grid, basis):
    run = figures.borders_of_run(basis)
    third = grid.third.border(run.level) if grid.third else None
    return figures.Borders(grid.across.border(run.current), grid.up.border(run.potential), third)


def higher(grid):
    """Other borders: a fifth of the customers to the right, a third above."""
    third = grid.third.border(Split("share", 0.7)) if grid.third else None
    return figures.Borders(
        grid.across.border(Split("share", 0.8)), grid.up.border(Split("share", 2 / 3)), third
    )


def test_at_the_borders_of_the_run_the_cells_are_those_of_the_run(trading, measure, owner):
    measure()
    basis = figures.basis()
    grid = figures.grid(owner, basis)
    borders = drawn(grid, basis)
    counted = {}
    for part in figures.parts(grid, borders, borders):
        assert part.stays
        counted[figures.quadrant_of(part.after)] = part.customers
    kept = Standing.objects.exclude(quadrant="")
    assert counted == {
        cell: kept.filter(quadrant=cell).count()
        for cell in QUADRANTS
        if kept.filter(quadrant=cell).exists()
    }
    assert figures.movers(owner, grid, borders, borders) == []


def test_a_drag_moves_those_whom_the_engine_moves(trading, measure, owner):
    measure()
    basis = figures.basis()
    grid = figures.grid(owner, basis)
    before, after = drawn(grid, basis), higher(grid)
    rows = Standing.objects.filter(potential_value__isnull=False).order_by("pk")
    now, potential = (
        np.array([float(one) for one in rows.values_list(name, flat=True)])
        for name in (grid.across.measure, "potential_value")
    )
    engine = drag(now, potential, before.each, after.each, potential)
    moved = [part for part in figures.parts(grid, before, after) if not part.stays]
    assert sum(part.customers for part in moved) == len(engine.movers) > 3
    assert sum(part.ahead for part in moved) == pytest.approx(engine.money_moved)
    named = figures.movers(owner, grid, before, after, limit=60)
    ids = rows.values_list("pk", flat=True)
    assert {each.customer_id for each in named} == {ids[int(at)] for at in engine.movers}
    assert all(each.before != each.after for each in named)
    worth = [each.ahead for each in named]
    assert worth == sorted(worth, reverse=True)


def test_the_bands_of_a_large_company_tell_the_same(trading, measure, owner, monkeypatch):
    measure()
    basis = figures.basis()
    exact = figures.grid(owner, basis, "loyalty_index")
    monkeypatch.setattr(bands, "MANY", 10)
    monkeypatch.setattr(keeping, "MANY", 10)
    banded = figures.grid(owner, basis, "loyalty_index")
    assert KeptFigure.objects.filter(key__startswith="grid").count() == 1
    assert banded.leaders
    assert not exact.leaders
    before, after = drawn(banded, basis), higher(banded)
    assert all(border in axis.edges for axis, border in zip(banded.axes, after.each, strict=True))
    told = {}
    for grid in (exact, figures.grid(owner, basis, "loyalty_index")):
        parts = figures.parts(grid, before, after)
        told[grid.across.is_exact] = (
            [(part.before, part.after, part.customers, round(part.now, 2)) for part in parts],
            figures.movers(owner, grid, before, after),
        )
    assert told[True] == told[False]
    assert len(told[True][1]) > 3


def test_shares_are_those_of_the_figures(trading, measure, owner):
    measure()
    grid = figures.grid(owner, figures.basis())
    worth = [
        float(v)
        for v in Standing.objects.filter(potential_value__isnull=False).values_list(
            "potential_value", flat=True
        )
    ]
    for share in (0.1, 0.5, 0.77, 0.99):
        at = max(float(np.quantile(worth, share)), 0.01)
        assert grid.up.border(Split("share", share)) == pytest.approx(at, abs=0.011)
        assert sum(one < grid.up.border(Split("share", share)) for one in worth) / len(
            worth
        ) == pytest.approx(grid.up.below(grid.up.border(Split("share", share))))


def test_nothing_is_never_high(trading, measure, owner):
    measure()
    Standing.objects.exclude(quadrant="").update(contribution_12m=0)
    grid = figures.grid(owner, figures.basis())
    assert grid.across.border(Split("figure", 0)) == grid.across.border(Split()) == 0.01
    borders = figures.Borders(0.01, grid.up.border(Split()))
    assert not any(part.after[0] for part in figures.parts(grid, borders, borders))


def test_a_salesperson_counts_their_own_customers(trading, measure, owner, chen_jing):
    measure()
    basis = figures.basis()
    own, whole = figures.grid(chen_jing, basis), figures.grid(owner, basis)
    assert 0 < own.placed < whole.placed
    before, after = drawn(own, basis), higher(whole)
    mine = set(Standing.objects.filter(owner_id=chen_jing.pk).values_list("pk", flat=True))
    assert {each.customer_id for each in figures.movers(chen_jing, own, before, after)} <= mine


def test_saved_borders_place_customers_in_the_next_run(trading, measure, owner):
    measure()
    save(
        owner,
        MatrixSettings(Split("figure", 5000), Split("share", 0.8), "loyalty_index", Split()),
    )
    measure()
    run = figures.borders_of_run(figures.basis())
    assert (run.current, run.third) == (Split("figure", 5000), "loyalty_index")
    rows = Standing.objects.exclude(quadrant="")
    right = rows.filter(quadrant__in=("grow", "keep"))
    assert set(right.values_list("pk")) == set(
        rows.filter(contribution_12m__gte=Decimal(5000)).values_list("pk")
    )
    above = rows.filter(quadrant__in=("grow", "nurture")).count()
    assert above == pytest.approx(0.2 * rows.count(), abs=1)
    assert rows.filter(loyalty_index__gte=run.level.at).count() == pytest.approx(
        rows.count() / 2, abs=1
    )
    assert not rows.filter(influence_index__isnull=False).exists()


def test_growth_potential_parts_the_customers_where_it_is_measured(told_apart, measure, owner):
    run = measure()
    basis = figures.basis()
    drawn_by_run = figures.borders_of_run(basis)
    assert (drawn_by_run.across, drawn_by_run.up) == ("current_value", "growth_value")
    border = Decimal(str(drawn_by_run.potential.at))
    rows = Standing.objects.exclude(quadrant="")
    high = set(rows.filter(quadrant__in=("grow", "nurture")).values_list("pk", flat=True))
    assert high == set(
        rows.filter(growth_value__gte=border, growth_value__gt=0).values_list("pk", flat=True)
    )
    assert rows.count() > len(high) > 5
    assert not rows.filter(growth_value__isnull=True).exists()
    grid = figures.grid(owner, basis)
    parts = figures.parts(grid, drawn(grid, basis), drawn(grid, basis))
    summed = {figures.quadrant_of(part.after): part for part in parts}
    for cell, told in run.summary["matrix"]["quadrants"].items():
        if cell in summed:
            assert summed[cell].customers == told["customers"]
            assert summed[cell].ahead == pytest.approx(told["growth_value"], abs=0.5)
    named = figures.movers(owner, grid, drawn(grid, basis), higher(grid), limit=60)
    worth = [each.ahead for each in named]
    assert worth == sorted(worth, reverse=True)
    assert set(worth) <= {float(v) for v in rows.values_list("growth_value", flat=True)}


def test_rules_from_before_growth_could_stand_up_keep_potential_value(told_apart, measure, owner):
    current = current_settings()
    del current.rules["matrix"]["up"]
    current.save()
    measure()
    assert figures.borders_of_run(figures.basis()).up == "potential_value"
    with pytest.raises(Refused):
        publish_value_settings(
            Settings.from_json(current.rules).as_json(), actor=owner, on=TODAY, reason="再发布"
        )
    save(owner, MatrixSettings(up="growth_value"))
    measure()
    assert figures.borders_of_run(figures.basis()).up == "growth_value"


def test_a_large_company_tries_the_other_axis_by_its_bands(told_apart, measure, owner, monkeypatch):
    monkeypatch.setattr(bands, "MANY", 10)
    monkeypatch.setattr(keeping, "MANY", 10)
    monkeypatch.setattr(figures, "MANY", 10)
    measure()
    kept = set(KeptFigure.objects.filter(key__startswith="grid").values_list("key", flat=True))
    assert any(key.endswith("up=potential_value") for key in kept)
    basis = figures.basis()
    other = figures.grid(owner, basis, up="potential_value")
    assert other.up.measure == "potential_value"
    assert figures.grid(owner, basis).up.measure == "growth_value"
    after = set(KeptFigure.objects.filter(key__startswith="grid").values_list("key", flat=True))
    assert after == kept


@pytest.mark.parametrize(
    "matrix",
    [
        {"current": {"by": "share", "at": 1.5}},
        {"potential": {"by": "guess", "at": 0.5}},
        {"current": {"by": "figure", "at": "much"}},
        {"third": "owner_id"},
        {"up": "score"},
    ],
)
def test_borders_that_make_no_sense_are_refused(owner, matrix):
    rules = {**current_settings().rules, "matrix": matrix}
    with pytest.raises(InvalidRules) as refused:
        publish_value_settings(rules, actor=owner, on=TODAY, reason="试试")
    assert all(path.startswith("matrix.") for path in refused.value.errors)


def test_rules_from_before_the_matrix_had_any_are_not_different(owner):
    current = current_settings()
    current.rules.pop("matrix")
    current.save()
    with pytest.raises(Refused):
        publish_value_settings(current.rules, actor=owner, on=TODAY, reason="再发布")


def test_strategies_are_versions_and_hold_at_once(owner, li_wei):
    texts = {"grow": CellStrategy("grow", " 优先供货 ", "请其推荐", "每月回访")}
    with pytest.raises(NotAllowed):
        publish_matrix_strategies(texts, actor=li_wei, on=TODAY, reason="试试")
    publish_matrix_strategies(texts, actor=owner, on=TODAY, reason="年度策略")
    grow = strategies_in_force()["grow"]
    assert grow.for_level(True) == "优先供货 请其推荐"
    assert (grow.for_level(False), grow.for_level(None)) == ("优先供货 每月回访", "优先供货")
    assert strategies_in_force()["keep"] == CellStrategy("keep")
    too_long = {"keep": CellStrategy("keep", "长" * (LONGEST + 1))}
    with pytest.raises(InvalidStrategies) as refused:
        publish_matrix_strategies(too_long, actor=owner, on=TODAY, reason=" ")
    assert set(refused.value.errors) == {("keep", "text"), ("", "reason")}
