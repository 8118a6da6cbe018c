"""Referrals: what is credited to whom, and that nothing is created."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezhi.value.influence.information import information_value
from kezhi.value.influence.lineage import lineage
from kezhi.value.influence.referral import (
    Referrals,
    ReferralSettings,
    negative_word_of_mouth,
    referral_value,
    share_anyway_of,
)
from kezhi.value.plain import from_plain, to_plain
from kezhi.value.realised import Lines

N = 12
relations = st.lists(
    st.tuples(st.integers(0, N - 1), st.integers(0, N - 1), st.integers(0, 500)), max_size=40
)


def referrals(rows, weights=None):
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Referrals(*columns, weights=weights)


def money(rows):
    columns = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return Lines(columns[0].astype(int), columns[1].astype(int), columns[2])


CHAIN = [(0, 1, 0), (1, 2, 0), (2, 3, 0)]


def test_kumar_petersen_leone_by_hand():
    settings = ReferralSettings(
        window_months=12, annual_rate=0.21, saved_acquisition=30, reward=10, share_anyway=0
    )
    lines = money([(1, 0, 100), (1, 182.625, 110), (1, 400, 1000), (1, -5, 77)])
    found = referral_value(referrals([(0, 1, 0)]), lines, customers=2, settings=settings)
    days = 182  # whole days
    assert found.direct[0] == pytest.approx(100 + 110 / 1.21 ** (days / 365.25) + 20)
    anyway = referral_value(
        referrals([(0, 1, 0)]), lines, customers=2, settings=settings, share_anyway=[0, 1]
    )
    assert anyway.direct.tolist() == [20, 0]
    assert anyway.others.tolist() == [0, 20]


def test_generations_weigh_less_and_less():
    found = referral_value(
        referrals(CHAIN),
        money([(3, 0, 800)]),
        customers=4,
        settings=ReferralSettings(share_anyway=0, annual_rate=0),
    )
    assert found.received.tolist() == [100, 200, 400, 0]
    assert found.given.tolist() == [0, 0, 0, 700]
    assert found.direct.tolist() == [0, 0, 800, 0]
    assert found.generations.tolist() == [0, 1, 2, 3]


def test_without_decay_all_goes_to_who_referred():
    found = referral_value(
        referrals(CHAIN),
        money([(3, 0, 800)]),
        customers=4,
        settings=ReferralSettings(share_anyway=0, annual_rate=0, generation_decay=0),
    )
    assert found.received.tolist() == [0, 0, 800, 0]


@given(relations, st.floats(0, 0.95), st.integers(0, 10_000))
def test_the_transfer_view_keeps_the_total(rows, decay, seed):
    rng = np.random.default_rng(seed)
    own = rng.normal(0, 1000, N)
    lines = Lines(rng.integers(0, N, 60), rng.integers(0, 800, 60), rng.normal(50, 100, 60))
    found = referral_value(
        referrals(rows),
        lines,
        customers=N,
        settings=ReferralSettings(generation_decay=decay, saved_acquisition=20, reward=3),
    )
    assert found.transfer(own).sum() == pytest.approx(own.sum(), abs=1e-6)
    assert found.direct.sum() == pytest.approx(found.of_referred.sum(), abs=1e-6)
    assert found.of_referred == pytest.approx(found.incremental + found.others)


@given(relations)
def test_nobody_is_their_own_ancestor(rows):
    tree = lineage(*np.array(rows, dtype=np.int64).reshape(-1, 3).T, customers=N)
    reach = np.eye(N)
    step = np.zeros((N, N))
    step[tree.elder, tree.younger] = 1
    for _ in range(N):
        reach = reach @ step
    assert not reach.any()
    assert len(tree.elder) + len(tree.left_out) == len(rows)
    shares = np.bincount(tree.younger, tree.share, minlength=N)
    assert shares[shares > 0] == pytest.approx(1)


@given(relations, st.randoms())
def test_the_order_of_rows_changes_nothing(rows, random):
    mixed = list(rows)
    random.shuffle(mixed)
    one, other = (
        referral_value(referrals(order), money([(c, 600, c) for c in range(N)]), customers=N)
        for order in (rows, mixed)
    )
    assert one.received == pytest.approx(other.received)
    assert set(one.left_out) == set(other.left_out)


def test_what_is_left_out_is_told():
    rows = [(0, 1, 5), (1, 0, 9), (2, 2, 1), (0, 1, 7)]
    found = referral_value(referrals(rows), money([]), customers=3)
    assert {(one.referrer, one.referred, one.reason) for one in found.left_out} == {
        (1, 0, "circle"),
        (2, 2, "oneself"),
        (0, 1, "twice"),
    }
    assert found.several == 0


def test_several_referrers_share_by_weight():
    found = referral_value(
        referrals([(0, 2, 0), (1, 2, 3)], weights=np.array([3.0, 1.0])),
        money([(2, 5, 100)]),
        customers=3,
        settings=ReferralSettings(share_anyway=0, annual_rate=0),
    )
    assert found.direct.tolist() == [75, 25, 0]
    assert found.referred_count.tolist() == [0.75, 0.25, 0]
    assert found.several == 1


def test_nobody_referred_anybody():
    found = referral_value(referrals([]), money([(0, 1, 5)]), customers=2)
    assert found.received.tolist() == found.given.tolist() == [0, 0]


@pytest.mark.parametrize(
    "wrong", [{"share_anyway": 1.5}, {"generation_decay": 1}, {"window_months": 0}]
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ReferralSettings(**wrong)
    with pytest.raises(ValueError, match="outside"):
        referral_value(referrals([(0, 7, 1)]), money([]), customers=2)


def test_settings_go_through_json():
    assert from_plain(ReferralSettings, to_plain(ReferralSettings())) == ReferralSettings()


def test_the_share_who_would_have_come_anyway_is_unsure_with_few_answers():
    few, many = share_anyway_of(2, 5), share_anyway_of(200, 500)
    assert few[1] < many[1] < 0.4 < many[2] < few[2]
    with pytest.raises(ValueError, match="can't"):
        share_anyway_of(3, 2)


def test_negative_word_of_mouth_is_a_minus():
    assert negative_word_of_mouth([1], [100.0], [0.5], customers=2).tolist() == [0, -50]
    with pytest.raises(ValueError, match="probability"):
        negative_word_of_mouth([1], [100.0], [2], customers=2)


def test_information_value_is_flagged_as_an_estimate():
    found = information_value(
        [0, 1], ["idea", "idea"], points={"idea": 2}, rate=3, customers=2, quantities=[4, 1]
    )
    assert found.value.tolist() == [24, 6]
    assert found.is_estimate
