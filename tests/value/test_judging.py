"""Tiers, classes, matrix, RFM, churn, concentration, cohorts, realised value."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezhi.value.classes import LIFECYCLE, LOYALTY, ClassSettings, Condition, Rule, classify
from kezhi.value.cohorts import cohorts
from kezhi.value.concentration import concentration, gini
from kezhi.value.matrix import QUADRANTS, MatrixSettings, Split, measure_across, value_matrix
from kezhi.value.plain import from_plain, to_plain
from kezhi.value.realised import Lines, realised
from kezhi.value.rfm import RFMSettings, rfm
from kezhi.value.tiers import Border, TierSettings, assign_tiers


def tiers_of(score, **previous):
    found = assign_tiers(np.array(score, dtype=float), **previous)
    return found.tier.tolist()


def test_tiers_take_their_share_and_nobody_without_a_score():
    found = assign_tiers(np.append(np.arange(1000.0), np.nan))
    assert np.bincount(found.tier[:1000]).tolist() == [10, 40, 150, 300, 500]
    assert found.tier[999] == 0
    assert found.tier[1000] == -1


def test_equal_scores_are_told_apart_by_value_then_place():
    settings = TierSettings(borders=(Border("S", 0.5),), rest="D")
    found = assign_tiers(np.zeros(4), settings, tie_break=np.array([1.0, 9.0, 1.0, 5.0]))
    assert found.tier.tolist() == [1, 0, 1, 0]


HALVES = TierSettings(borders=(Border("S", 0.5),), rest="D", margin=0.05)


def test_a_border_crossed_by_little_moves_nobody_at_once():
    # Two customers swapped places at the border, by less than 5 % of the score range.
    score = np.array([100.0, 50.5, 50.0, 0.0])
    held = np.array([0, 1, 0, 1], dtype=np.int8)
    once = assign_tiers(score, HALVES, previous=held)
    assert once.tier.tolist() == [0, 1, 0, 1]
    assert once.pending.tolist() == [-1, 0, 1, -1]
    again = assign_tiers(score, HALVES, previous=once.tier, previous_pending=once.pending)
    assert again.tier.tolist() == [0, 0, 1, 1]
    assert again.pending.tolist() == [-1] * 4


def test_a_border_crossed_by_far_moves_at_once():
    held = np.array([1, 0, 0, 1], dtype=np.int8)
    found = assign_tiers(np.array([100.0, 70.0, 10.0, 0.0]), HALVES, previous=held)
    assert found.tier.tolist() == [0, 0, 1, 1]


def test_a_new_customer_takes_the_tier_of_the_score():
    held = np.array([0, -1, 1, 1], dtype=np.int8)
    found = assign_tiers(np.array([100.0, 60.0, 59.0, 0.0]), HALVES, previous=held)
    assert found.tier.tolist() == [0, 0, 1, 1]


def test_tiers_by_threshold():
    settings = TierSettings(by="threshold", borders=(Border("S", 80.0), Border("A", 40.0)))
    found = assign_tiers(np.array([80.0, 79.9, 40.0, 3.0]), settings)
    assert [found.names[k] for k in found.tier] == ["S", "A", "A", "D"]


def test_tier_settings_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="twice"):
        TierSettings(borders=(Border("D", 0.1),))
    with pytest.raises(ValueError, match="cumulated"):
        TierSettings(borders=(Border("S", 0.5), Border("A", 0.1)))


@pytest.mark.parametrize("customers", [0, 1, 2, 30])
def test_few_customers_get_tiers_too(customers):
    assert len(tiers_of(range(customers))) == customers


@pytest.mark.parametrize("settings", [LOYALTY, LIFECYCLE, TierSettings(), RFMSettings()])
def test_settings_go_through_json(settings):
    assert from_plain(type(settings), json.loads(json.dumps(to_plain(settings)))) == settings


def test_an_unknown_setting_is_named():
    with pytest.raises(ValueError, match="no setting 'marge'"):
        from_plain(TierSettings, {"marge": 1})


def test_the_first_rule_that_holds_gives_the_class():
    settings = ClassSettings(
        ("big", "rare", "rest"),
        (
            Rule("big", (Condition("total", ">=", 100),)),
            Rule("rare", (Condition("occasions", "<=", 2), Condition("p", "is known"))),
            Rule("rare", (Condition("p", "is unknown"), Condition("total", "!=", 7))),
        ),
        "rest",
    )
    measures = {
        "total": np.array([200.0, 5, 5, 7, np.nan]),
        "occasions": np.array([1.0, 1, 9, 1, 1]),
        "p": np.array([0.5, 0.5, 0.5, np.nan, np.nan]),
    }
    found = [settings.classes[k] for k in classify(measures, settings)]
    assert found == ["big", "rare", "rest", "rest", "rest"]


def test_rules_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="none of the classes"):
        ClassSettings(("a",), (), "b")
    with pytest.raises(ValueError, match="needs a bound"):
        Condition("total", "<")
    with pytest.raises(ValueError, match="known measures"):
        classify({"total": np.zeros(1)}, LOYALTY)


@given(st.lists(st.floats(-1000, 1000), min_size=1, max_size=50))
def test_gini_lies_between_0_and_1(figures):
    found = gini(figures)
    assert found is None or 0 <= found <= 1


def test_gini_without_negatives_is_the_usual_one():
    figures = np.random.default_rng(1).pareto(2, 500)
    ranked = np.sort(figures)
    usual = 2 * (np.arange(1, 501) * ranked).sum() / (500 * ranked.sum()) - 501 / 500
    assert gini(figures) == pytest.approx(usual)
    assert gini(figures * 7) == pytest.approx(usual)


def test_the_whale_curve_peaks_above_all():
    found = concentration([60, 50, 10, 0, -20])
    assert found.total == 100
    assert found.peak == pytest.approx(1.2)
    assert found.peak_at == pytest.approx(0.6)
    assert found.curve[0] == (0.0, 0.0)
    assert found.curve[-1] == (1.0, pytest.approx(1.0))


def test_nothing_positive_has_no_concentration():
    assert concentration([]).gini is None
    assert concentration([-1, 0]).top == ()


def test_nothing_is_never_much():
    found = value_matrix(np.array([0.0, 0, 0, 0, 9]), np.array([-5.0, -1, 0, 3, 4]))
    assert [QUADRANTS[k] for k in found.quadrant] == [
        "self_service",
        "self_service",
        "self_service",
        "nurture",
        "grow",
    ]


def test_customers_are_placed_by_the_figures_that_are_kept():
    measured = np.array([10.0, 20.0049, 20.0051, 30.004, 0.004])
    rows = {
        "growth_value": np.zeros(5),
        "current_value": measured,
        "potential_value": measured[::-1].copy(),
        "loyalty_index": measured,
    }
    placing = MatrixSettings(third="loyalty_index").place(rows)
    found = placing.matrix
    assert (found.current_border, found.potential_border, placing.third_border) == (20, 20, 20.005)
    kept = {name: np.round(column, 2) for name, column in rows.items()}
    again = value_matrix(
        kept["current_value"],
        kept["potential_value"],
        current_border=found.current_border,
        potential_border=found.potential_border,
    )
    assert again.quadrant.tolist() == found.quadrant.tolist()


def test_current_value_stands_across_once_growth_is_measured():
    unknown = np.full(3, np.nan)
    assert measure_across({"growth_value": unknown}) == "contribution_12m"
    assert measure_across({"growth_value": np.array([np.nan, 2, 0])}) == "current_value"


def test_rfm_scores_by_fifths():
    found = rfm(np.arange(10), np.arange(1, 11), np.arange(10.0))
    assert found.recency.tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert found.combined[[0, 9]].tolist() == [0.0, 100.0]
    nobody = rfm(np.zeros(2), np.array([0, 3]), np.zeros(2))
    assert nobody.frequency.tolist() == [0, 5]


def test_realised_value_counts_goods_service_and_time():
    orders = Lines(np.array([0, 0, 0]), np.array([0, 700, 720]), np.array([100.0, 200.0, -50.0]))
    serving = Lines(np.array([0, 0]), np.array([10, 710]), np.array([5.0, 7.0]))
    found = realised(
        orders,
        np.array([60.0, np.nan, np.nan]),
        np.array([np.nan, 0.5, np.nan]),
        serving,
        customers=2,
        as_of=730,
        margin_rate=0.2,
    )
    assert found.value.tolist() == [40 + 100 - 10 - 5 - 7, 0]
    assert found.contribution_12m.tolist() == [100 - 10 - 7, 0]
    assert found.is_estimate.tolist() == [True, False]
    assert found.margin_rate[0] == pytest.approx(130 / 250)
    assert found.margin_rate[1] == pytest.approx(130 / 250)  # everybody's
    carried = realised(
        orders, None, None, None, customers=1, as_of=731, margin_rate=1.0, compound_rate=0.1
    )
    years = np.array([731, 31, 11]) / 365.25
    assert carried.value[0] == pytest.approx((orders.amounts * 1.1**years).sum())


def test_cohorts_count_customers_not_purchases():
    found = cohorts(
        np.array([0, 0, 0, 1, 2]),
        np.array([0, 31, 40, 35, 3]),
        np.array([0, 35, 3]),
        np.array([True, True, True]),
        as_of=60,
    )
    assert [(one.month, one.size, one.active) for one in found] == [
        ("1970-01", 2, (2, 1, 0)),
        ("1970-02", 1, (1, 0)),
    ]


def test_growth_potential_stands_up_where_it_was_chosen_and_is_measured():
    rows = {
        "contribution_12m": np.array([5.0, 4.0, 1.0, 0.0]),
        "current_value": np.array([9.0, 8.0, 2.0, 1.0]),
        "potential_value": np.array([6.0, 5.0, 3.0, 2.0]),
        "growth_value": np.array([1.0, 7.0, 0.0, np.nan]),
    }
    unknown = {**rows, "growth_value": np.full(4, np.nan)}

    def placed(settings, of):
        found = settings.place(of)
        return found.across, found.up, found.matrix.potential_border, found.matrix.quadrant.tolist()

    growth = MatrixSettings(up="growth_value")
    assert placed(growth, rows) == ("current_value", "growth_value", 1.0, [0, 0, 3, -1])
    assert placed(MatrixSettings(), rows)[:2] == ("current_value", "potential_value")
    assert placed(growth, unknown) == placed(MatrixSettings(), unknown)
    # A border in money belongs to the measure that it was drawn for.
    drawn = MatrixSettings(potential=Split("figure", 5), up="growth_value")
    assert placed(drawn, rows)[2:] == (5.0, [1, 0, 3, -1])
    assert placed(drawn, unknown)[2] == 4.0
    with pytest.raises(ValueError, match="the axis up is one of"):
        MatrixSettings(up="score")
