"""Delivered value from answers: exact small cases, groups, value map, what a point is worth."""

import json

import numpy as np
import pytest

from kezhi.value.delivered import (
    ATTRIBUTES,
    DeliveredSettings,
    Item,
    by_group,
    delivered,
    value_map,
    worth_of_points,
)
from kezhi.value.plain import from_plain, to_plain
from kezhi.value.potential.fitting import CannotFit
from kezhi.value.reading import Unreadable
from kezhi.value.repurchase import fit
from kezhi.value.survey_answers import answers_of


def long(rows):
    """(respondent, about, {item: answer}) as a long table; the customer is the first letter."""
    flat = [
        (who, who[0], item, answer, "2026-05-01", about)
        for who, about, given in rows
        for item, answer in given.items()
    ]
    names = ("respondent", "customer", "item", "answer", "date", "about")
    return dict(zip(names, map(list, zip(*flat, strict=True)), strict=True))


ITEMS = (
    Item("quality", "product"),
    Item("range", "product"),
    Item("people", "personnel"),
    Item("brand", "image"),
    Item("help", "service"),
    Item("price", "money"),
    Item("easy", "time", is_reversed=True),
    Item("worry", "mental", low=1, high=5),
    Item("effort", "physical"),
)
WEIGHTS = dict(zip(ATTRIBUTES, (0.4, 0.2, 0.1, 0.3, 0.5, 0.2, 0.2, 0.1), strict=True))
ONE = {
    "quality": 10, "range": 7, "people": 5.5, "brand": 1, "help": 10,
    "price": 5.5, "easy": 10, "worry": 3, "effort": 1,
}  # fmt: skip


def test_the_index_is_the_formula():
    found = delivered(answers_of(long([("a1", "", ONE)])), DeliveredSettings(ITEMS, WEIGHTS))
    assert found.attributes[0] == pytest.approx([250 / 3, 50, 0, 100, 50, 0, 50, 0])
    benefits = 0.4 * 250 / 3 + 0.2 * 50 + 0.3 * 100
    costs = 0.5 * 50 + 0.2 * 50
    assert found.benefits == pytest.approx([benefits])
    assert found.costs == pytest.approx([costs])
    assert found.value == pytest.approx([benefits - costs])


def test_the_money_version_adds_up_what_one_would_pay():
    items = (
        Item("pay_product", "product", unit="money"),
        Item("pay_service", "service", unit="money"),
        Item("price", "money", unit="money"),
        Item("hours", "time", unit="hours"),
        Item("bother", "mental", unit="money"),
    )
    given = {"pay_product": 900, "pay_service": 150, "price": 800, "hours": 2, "bother": 20}
    found = delivered(answers_of(long([("a1", "", given)])), DeliveredSettings(items, wage=30))
    assert found.value_in_money == pytest.approx([900 + 150 - 800 - 60 - 20])
    assert found.surplus == pytest.approx([900 + 150 - 800])
    with pytest.raises(ValueError, match="need a wage"):
        DeliveredSettings(items)


def test_what_was_not_answered_gives_its_weight_to_the_same_side():
    silent = {name: answer for name, answer in ONE.items() if name not in ("people", "easy")}
    answers = answers_of(long([("a1", "", ONE), ("a2", "", silent)]))
    found = delivered(answers, DeliveredSettings(ITEMS, WEIGHTS))
    assert found.benefits[1] == pytest.approx((0.4 * 250 / 3 + 0.3 * 100) / 0.8)
    assert found.costs[1] == pytest.approx((0.5 * 50 + 0.2 * 50) / 0.8)


def test_the_latest_answer_counts():
    rows = long([("a1", "", {"quality": 3}), ("a1", "", {"quality": 8})])
    rows["date"] = ["2026-05-02", "2026-05-01"]
    assert answers_of(rows).answers.tolist() == [[3.0]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer": ["ten"]}, "row 1, column 'answer'"),
        ({"date": ["soon"]}, "row 1, column 'date'"),
        ({"item": [""]}, "the item is missing"),
    ],
)
def test_unreadable_answers_are_refused_with_their_place(change, message):
    rows = long([("a1", "", {"quality": 3})])
    with pytest.raises(Unreadable, match=message):
        answers_of(rows | change)
    with pytest.raises(Unreadable, match="no column 'answer'"):
        answers_of({name: column for name, column in rows.items() if name != "answer"})
    two = long([("a1", "", {"quality": 3, "range": 4})]) | {"customer": ["a", "b"]}
    with pytest.raises(Unreadable, match="two customers"):
        answers_of(two)


def test_an_answer_off_the_scale_is_refused():
    answers = answers_of(long([("a1", "", ONE | {"worry": 6})]))
    with pytest.raises(ValueError, match="a1 answered 6 to 'worry'"):
        delivered(answers, DeliveredSettings(ITEMS))
    with pytest.raises(ValueError, match="nobody answered 'other'"):
        answers.of("other")


def many(seed=5, respondents=120):
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(respondents):
        for about, lift in (("", 1), ("Rival", 0)):
            given = {
                item.item: float(
                    np.clip(rng.integers(item.low, item.high) + lift, item.low, item.high)
                )
                for item in ITEMS
            }
            rows.append((f"{'abc'[k % 3]}{k}", about, given))
    return delivered(answers_of(long(rows)), DeliveredSettings(ITEMS, WEIGHTS))


def test_groups_are_means_with_an_interval_that_repeats():
    found = many()
    means = by_group(found, found.customers)
    assert [one.group for one in means] == ["a", "b", "c"]
    own = np.array(found.customers) == "b"
    assert means[1].value == pytest.approx(found.value[own].mean())
    assert means[1].low < means[1].value < means[1].high
    assert by_group(found, found.customers) == means
    alone = by_group(found, found.respondents)[0]
    assert (alone.respondents, alone.low is None) == (2, False)
    weighted = sum(one.value * one.respondents for one in means) / len(found.value)
    assert weighted == pytest.approx(found.value.mean())


def test_the_value_map_compares_benefits_and_price():
    found = many()
    us, rival = value_map(found, {"": 110.0, "Rival": 100.0})
    assert us.relative_price == pytest.approx(1.1)
    assert us.ratio == pytest.approx(us.relative_benefits / 1.1)
    assert us.per_price == pytest.approx(us.benefits / 1.1)
    assert us.relative_benefits > 1 > rival.relative_benefits
    twice, _other = value_map(found, {"": 220.0, "Rival": 200.0})
    assert twice.ratio == pytest.approx(us.ratio)
    with pytest.raises(ValueError, match="at least two"):
        value_map(found, {"": 100.0})


def test_a_point_is_worth_its_weight_and_what_it_keeps():
    found = many(respondents=300)
    rng = np.random.default_rng(3)
    p = 1 / (1 + np.exp(-0.08 * (found.value - found.value.mean())))
    bought = (rng.uniform(size=len(p)) < p).astype(float)
    plain = {one.attribute: one for one in worth_of_points(found)}
    assert plain["product"].index == pytest.approx(0.4, abs=0.05)  # some stand at 100 already
    assert plain["money"].index < 0
    assert plain["product"].money is None
    full = {one.attribute: one for one in worth_of_points(found, bought, 1000 * np.ones(len(p)))}
    for one in full.values():
        assert one.low <= one.money <= one.high
        assert np.sign(one.money) == np.sign(one.index)
    model = fit(found.value[np.array(found.about) == ""], bought[np.array(found.about) == ""])
    now = model.p(found.value[np.array(found.about) == ""])
    slope = 1000 * (model.slopes[0] * now * (1 - now)).sum()
    assert full["service"].money == pytest.approx(slope * full["service"].index, rel=0.05)


def test_logistic_regression_meets_its_conditions():
    rng = np.random.default_rng(8)
    data = rng.normal(size=(3000, 2)) * [10, 0.1] + [50, 3]
    bought = rng.uniform(size=3000) < 1 / (
        1 + np.exp(-(0.1 * (data[:, 0] - 50) - 8 * (data[:, 1] - 3)))
    )
    found = fit(data, bought, ("value", "price"))
    left = bought - found.p(data)
    # Newton stops where the likelihood can't gain 1e-10 any more.
    assert left.sum() == pytest.approx(0, abs=1e-3)
    assert (left[:, None] * data).sum(axis=0) == pytest.approx([0, 0], abs=1e-2)
    away = (np.array(found.slopes) - [0.1, -8]) / found.standard_errors[1:]
    assert np.abs(away).max() < 4
    assert found.penalty == 0
    assert fit(data[:, 0] * 1000, bought).slopes[0] * 1000 == pytest.approx(
        fit(data[:, 0], bought).slopes[0]
    )


def test_a_perfect_split_is_pulled_back_and_none_is_refused():
    split = fit(np.arange(40.0), np.arange(40) >= 20)
    assert split.penalty > 0
    assert np.isfinite(split.slopes[0])
    with pytest.raises(CannotFit, match="all bought again"):
        fit(np.arange(5.0), np.ones(5))
    with pytest.raises(CannotFit, match="the same for everybody"):
        fit(np.ones(5), [0, 1, 0, 1, 1])


def test_the_item_map_is_plain_data():
    settings = DeliveredSettings(ITEMS, WEIGHTS)
    assert from_plain(DeliveredSettings, json.loads(json.dumps(to_plain(settings)))) == settings
    with pytest.raises(ValueError, match="attributes are"):
        Item("x", "beauty")
