"""Renewals of contracts told in pieces, the choice between sBG and BdW, and what hangs on a renewal."""

import numpy as np
import pytest

from kezhi.value.potential.contract import SBG, BdW
from kezhi.value.potential.contract_choice import choose, observed_interval, retention_interval
from kezhi.value.potential.contract_fit import Renewals, fit_sbg
from kezhi.value.potential.contract_worth import at_risk_within, worth_of
from kezhi.value.potential.fitting import CannotFit

KODAK = [[1000, 869, 743, 653, 593, 551, 517, 491]]


def test_a_contract_told_in_pieces_says_the_same_as_told_in_one():
    whole = Renewals.of_spells([0, 0, 0], [0, 3, 2], [True, False, True], [300, 500, 200])
    pieces = Renewals.of_spells(
        [0, 0, 0, 1, 1],
        [0, 1, 1, 3, 2],
        [True, False, False, False, True],
        [300, 500, 200, 500, 200],
    )
    assert np.allclose(whole.reached, pieces.reached)
    first, second = fit_sbg(whole), fit_sbg(pieces)
    assert first.model.parameters == pytest.approx(second.model.parameters)
    assert first.diagnostics.log_likelihood == pytest.approx(second.diagnostics.log_likelihood)


def test_cohorts_and_spells_count_alike():
    cohort = Renewals.of_cohorts(KODAK)
    row = np.array(KODAK[0])
    gone = row[:-1] - row[1:]
    spells = Renewals.of_spells(np.zeros(8), [*range(7), 7], [True] * 7 + [False], [*gone, row[-1]])
    assert np.array_equal(cohort.ended, spells.ended)
    assert np.array_equal(cohort.left, spells.left)


def test_late_contracts_count_only_from_where_they_began():
    """Brute force: the likelihood of one who came at renewal 2 and left at the 4th, given the first two."""
    model = BdW(0.7, 2.1, 1.3)
    data = Renewals.of_spells([2], [3], [True], [1])
    log_s = model.log_survival(np.arange(5.0))
    by_counts = float(
        np.log(np.exp(log_s[3]) - np.exp(log_s[4])) * data.ended[3]
        + data.left @ log_s[: len(data.left)]
    )
    assert by_counts == pytest.approx(float(np.log(model.p_end(4)) - log_s[2]))
    assert data.reached.tolist() == [0, 0, 1, 1]


def test_fewer_renewals_than_at_the_beginning_are_refused():
    with pytest.raises(ValueError, match="fewer"):
        Renewals.of_spells([2], [1], [False], [1])


def test_the_wider_model_is_taken_only_where_the_contracts_ask_for_it():
    rng = np.random.default_rng(5)
    times = np.arange(8.0)
    for truth, wanted in ((SBG(0.9, 3.0), "sbg"), (BdW(0.3, 1.8, 1.9), "bdw")):
        row = [20_000]
        for left in truth.retention(times[1:]):
            row.append(int(rng.binomial(row[-1], left)))
        assert choose(Renewals.of_cohorts([row])).model.name == wanted


def test_few_contracts_get_an_answer_that_says_it_is_weak():
    few = choose(Renewals.of_cohorts([[30, 24, 21]]))
    assert few.is_weak
    low, high = retention_interval(few, [1, 2, 3])
    rate = few.model.retention([1, 2, 3])
    assert ((low < rate) & (rate < high)).all()
    many = choose(Renewals.of_cohorts([[30_000, 24_000, 21_000]]))
    m_low, m_high = retention_interval(many, [1, 2, 3])
    assert (m_high - m_low < (high - low) / 5).all()


def test_without_losses_there_is_no_model():
    with pytest.raises(CannotFit):
        choose(Renewals.of_cohorts([[30, 30, 30]]))


def test_the_interval_of_what_was_seen_covers_as_often_as_it_says():
    rng = np.random.default_rng(6)
    for share in (0.6, 0.85, 0.95):
        renewed = rng.binomial(40, share, 4000).astype(float)
        low, high = observed_interval(renewed, np.full(4000, 40.0))
        assert 0.72 < np.mean((low <= share) & (share <= high)) < 0.9


MODEL, RATE = SBG(0.7041, 1.1820), 0.1


def expected(renewals, days, months, until):
    """Value to come, and the part lost at renewals within `until` days: renewal by renewal."""
    total, lost = 0.0, 0.0
    pay = lambda k: 1.1 ** (-(max(days, 0) / 365.25 + k * months / 12))  # noqa: E731
    come = [float(MODEL.renewal(renewals, k + 1)) for k in range(3000)]
    for k, p in enumerate(come):
        total += 100 * p * pay(k)
    for j in range(60):
        if max(days, 0) + j * months * 365.25 / 12 > until:
            break
        there = 1.0 if j == 0 else come[j - 1]
        goes = there - come[j]
        rest = sum(come[k] / come[j] * pay(k) for k in range(j, 3000))
        lost += goes * 100 * rest
    return total, lost


@pytest.mark.parametrize(
    ("renewals", "days", "months", "until"),
    [(0, 30, 12, 91), (3, -20, 12, 91), (1, 200, 12, 365), (2, 15, 1, 91), (0, 100, 3, 365)],
)
def test_worth_and_risk_are_those_of_the_definition(renewals, days, months, until):
    t, each, m, d = ([float(x)] for x in (renewals, 100, months, days))
    worth = worth_of(MODEL, t, each, m, d, RATE)
    risk = at_risk_within(MODEL, worth, t, m, d, until, RATE)
    total, lost = expected(renewals, days, months, until)
    assert worth.residual[0] == pytest.approx(total, rel=2e-3)
    assert risk[0] == pytest.approx(lost, rel=5e-3)
    assert worth.if_renewed[0] * worth.p_renew[0] == pytest.approx(worth.residual[0])


def test_nothing_hangs_on_what_is_not_due():
    worth = worth_of(MODEL, [1.0], [100.0], [12.0], [120.0], RATE)
    assert at_risk_within(MODEL, worth, [1.0], [12.0], [120.0], 91, RATE)[0] == 0
