"""Affinity, sequences, propensity, next best products, look-alikes."""

import numpy as np
import pytest
from scipy.special import expit

from kezhi.value.offers.affinity import Purchased, affinity, sequences
from kezhi.value.offers.look_alikes import look_alikes
from kezhi.value.offers.next_best import OfferSettings, next_best
from kezhi.value.offers.propensity import area_under_curve, fit_propensity
from kezhi.value.plain import from_plain, to_plain
from kezhi.value.potential.fitting import CannotFit


def purchases(rows, customers, items):
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Purchased(*columns, np.full(len(rows), 10.0), customers, items)


def follows(customers=600, seed=1):
    """Who bought 0 buys 1 some 60 days later with 60 %; 2 and 3 are bought by anybody."""
    rng = np.random.default_rng(seed)
    rows = []
    for c in range(customers):
        first = int(rng.integers(0, 700))
        kind = c % 2
        rows.append((c, 0 if kind else 4, first))
        if kind and rng.random() < 0.6:
            rows.append((c, 1, first + int(rng.integers(20, 100))))
        for item in (2, 3):
            if rng.random() < 0.3:
                rows.append((c, item, int(rng.integers(0, 800))))
    return purchases(rows, customers, 5)


def test_affinity_by_definition_and_in_any_order_of_rows():
    rng = np.random.default_rng(2)
    rows = np.unique(rng.integers(0, [40, 6, 1], (150, 3)), axis=0)
    own = np.zeros((40, 6))
    own[rows[:, 0], rows[:, 1]] = 1
    found = affinity(purchases(rows, 40, 6).matrix(), shrinkage=0)
    mixed = affinity(purchases(rng.permutation(rows), 40, 6).matrix(), shrinkage=0)
    assert (found.cosine == mixed.cosine).all()
    for i in range(6):
        for pair in found.of(i):
            both = (own[:, i] * own[:, pair.other]).sum()
            n_i, n_j = own[:, i].sum(), own[:, pair.other].sum()
            assert pair.together == both
            assert pair.cosine == pytest.approx(both / np.sqrt(n_i * n_j))
            assert pair.lift == pytest.approx(both * 40 / (n_i * n_j))


def test_a_chance_pair_does_not_lead():
    rows = [(c, i, 0) for c in range(30) for i in (0, 1)] + [(30, 2, 0), (30, 0, 0), (30, 3, 0)]
    shrunk = affinity(purchases(rows, 31, 4).matrix())
    assert shrunk.of(0)[0].other == 1
    assert shrunk.of(2)[0].cosine < shrunk.of(1)[0].cosine


def test_sequences_are_counted_within_the_window_only():
    rows = [
        (0, 0, 0),
        (0, 1, 30),
        (1, 0, 0),
        (1, 1, 31),
        (2, 0, 0),
        (2, 1, 0),
        (3, 0, 95),
        (3, 1, 96),
    ]
    found = sequences(purchases(rows, 4, 2), window_days=30, as_of=100, least=1)
    pair = (found.items == 0) & (found.others == 1)
    assert found.followed[pair].tolist() == [1]
    assert found.began[pair].tolist() == [3]  # who began on day 95 isn't watched long enough


def test_sequences_find_what_follows():
    found = sequences(follows(), window_days=120, as_of=900)
    assert (found.items[0], found.others[0]) == (0, 1)
    assert found.share[0] == pytest.approx(0.6, abs=0.08)
    assert found.lift[0] > 1.5


def test_propensity_is_calibrated_and_beats_the_base_rate():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(6000, 3))
    truth = expit(1.5 * x[:, 0] - x[:, 1] - 2)
    found = fit_propensity(x, rng.random(6000) < truth, ("a", "b", "c"))
    assert found.is_used
    assert found.brier < found.brier_of_base_rate
    said = found.probability(x)
    for low in np.arange(0, 0.8, 0.2):
        group = (said >= low) & (said < low + 0.2)
        assert said[group].mean() == pytest.approx(truth[group].mean(), abs=0.05)
    assert found.reasons(x[:5]).sum(axis=1) + found.intercept == pytest.approx(
        found.log_odds(x[:5])
    )


def test_propensity_of_chance_is_not_used():
    used = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        found = fit_propensity(rng.normal(size=(300, 4)), rng.random(300) < 0.2, tuple("abcd"))
        used += found.is_used
        if not found.is_used:
            assert (found.probability(np.zeros((3, 4))) == found.base_rate).all()
    assert used <= 3


def test_classes_told_apart_perfectly_stay_finite():
    x = np.concatenate((np.zeros(50), np.ones(50)))[:, None]
    found = fit_propensity(x, x[:, 0] > 0, ("x",))
    assert found.auc == 1
    assert 0 < found.probability([[0.0]])[0] < 0.1 < 0.9 < found.probability([[1.0]])[0] < 1


def test_too_few_events_are_refused():
    with pytest.raises(CannotFit, match="3 of 100"):
        fit_propensity(np.zeros((100, 1)), np.arange(100) < 3, ("x",))


def test_ties_count_half():
    assert area_under_curve([1, 1, 1, 1], [0, 1, 0, 1]) == 0.5


def test_a_propensity_goes_through_json():
    rng = np.random.default_rng(4)
    found = fit_propensity(rng.normal(size=(200, 1)), rng.random(200) < 0.4, ("x",))
    assert from_plain(type(found), to_plain(found)) == found


def test_the_next_best_product_is_what_follows_and_says_why():
    bought = follows()
    found = next_best(bought, as_of=760, settings=OfferSettings(window_days=120, offers=1))
    assert found.is_calibrated
    own = {
        (int(c), int(i))
        for c, i in zip(bought.customers, bought.items, strict=True)
        if bought.days[(bought.customers == c) & (bought.items == i)].min() <= 760
    }
    for c, i, why in zip(found.customers, found.items, found.because, strict=True):
        assert (int(c), int(i)) not in own
        assert (int(c), int(why)) in own
    recent = {
        int(c)
        for c, i, d in zip(bought.customers, bought.items, bought.days, strict=True)
        if i == 0 and 660 < d <= 700
    }
    offered = found.items[np.isin(found.customers, list(recent))]
    assert (offered == 1).sum() > 0
    assert found.expected == pytest.approx(found.probability * found.contribution)


def test_total_of_probabilities_meets_what_came():
    bought = follows(3000, seed=8)
    settings = OfferSettings(window_days=120, offers=10)
    found = next_best(bought, as_of=500, settings=settings)
    later = bought.between(500, 620)
    came = set(zip(later.customers.tolist(), later.items.tolist(), strict=True))
    happened = sum(
        (int(c), int(i)) in came for c, i in zip(found.customers, found.items, strict=True)
    )
    assert found.probability.sum() == pytest.approx(happened, rel=0.2)


def test_what_is_bought_regularly_is_left_out_by_setting():
    bought = follows(200)
    everything = next_best(bought, as_of=900, settings=OfferSettings(excluded="none", offers=9))
    fewer = next_best(bought, as_of=900, settings=OfferSettings(excluded="regularly", offers=9))
    new = next_best(bought, as_of=900, settings=OfferSettings(offers=9))
    assert len(everything.items) >= len(fewer.items) > len(new.items)


def test_a_short_history_falls_back_and_says_so():
    found = next_best(
        purchases([(c, i, 0) for c in range(8) for i in (0, c % 2 + 1)], 8, 3), as_of=5
    )
    assert found.model is None
    assert "needed" in found.note
    empty = next_best(purchases([], 0, 0), as_of=5)
    assert len(empty.items) == 0


def test_look_alikes_resemble_in_what_tells_the_best_apart():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(400, 3))
    x[:40, 0] += 4
    x[40, 0] = 4
    x[41] = np.nan
    found = look_alikes(x, np.arange(400) < 40, ("size", "noise", "more noise"))
    assert found.order[0] == 40 or found.similarity[40] > 0.8
    assert found.named_reasons(40)[0][0] == "size"
    assert np.isnan(found.similarity[41])
    distance = -2 * np.log(found.similarity[42:])
    usual = (-2 * np.log(found.similarity[42:])).mean()
    assert found.reasons[42:].sum(axis=1) == pytest.approx(usual - distance, abs=0.3)
    scaled = look_alikes(x * [1000, 1, 0.001], np.arange(400) < 40, ("a", "b", "c"))
    assert scaled.similarity[50:] == pytest.approx(found.similarity[50:])


def test_look_alikes_of_too_few_are_refused():
    with pytest.raises(ValueError, match="at least 5"):
        look_alikes(np.zeros((10, 1)), np.arange(10) < 2, ("x",))
    with pytest.raises(ValueError, match="tells"):
        look_alikes(np.zeros((20, 1)), np.arange(20) < 9, ("x",))
