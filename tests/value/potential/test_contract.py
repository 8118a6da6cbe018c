"""Contracts: the two published cohorts, exact numbers, properties, what can't be fitted."""

import json
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezhi.value.plain import from_plain, to_plain
from kezhi.value.potential.contract import SBG, BdW
from kezhi.value.potential.contract_fit import Renewals, fit_bdw, fit_sbg
from kezhi.value.potential.fitting import CannotFit

HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241, 223, 207, 194, 183, 173]


def read(numbers):
    return [float(own) for own in numbers.split()]


@pytest.mark.parametrize(
    ("counts", "parameters", "log_likelihood", "survival", "retention"),
    [
        (
            HIGH_END,
            [0.668088, 3.806095],
            -1611.158147,
            "100 85.068 74.686 66.979 60.992 56.183 52.222 48.891 46.044 43.578 41.417 39.506 37.8",
            ".8507 .878 .8968 .9106 .9212 .9295 .9362 .9418 .9464 .9504 .9538 .9568",
        ),
        (
            REGULAR,
            [0.704077, 1.182043],
            -1680.265188,
            "100 62.671 47.382 38.797 33.207 29.235 26.246 23.902 22.008 20.441 19.119 17.986 17.004",
            ".6267 .756 .8188 .8559 .8804 .8978 .9107 .9208 .9288 .9353 .9408 .9454",
        ),
    ],
    ids=["high end", "regular"],
)
def test_the_published_cohorts(counts, parameters, log_likelihood, survival, retention):
    found = fit_sbg(Renewals.of_cohorts([counts[:8]]))
    assert list(found.model.parameters.values()) == pytest.approx(parameters, rel=1e-4)
    assert found.diagnostics.log_likelihood == pytest.approx(log_likelihood, abs=1e-5)
    assert found.diagnostics.penalty == 0
    assert 100 * found.model.survival(np.arange(13)) == pytest.approx(read(survival), abs=1e-3)
    assert found.model.retention(np.arange(1, 13)) == pytest.approx(read(retention), abs=1e-4)


def test_bdw_of_the_high_end_cohort():
    # Fader et al. (2018): from the first five years
    found = fit_bdw(Renewals.of_cohorts([HIGH_END[:5]]))
    assert list(found.model.parameters.values()) == pytest.approx([0.259, 1.722, 1.584], abs=1e-3)
    ahead = found.model.survival(np.arange(13)) * 1000
    assert ahead == pytest.approx(HIGH_END, rel=0.03)


def test_a_cohort_split_in_two_is_the_same_cohort():
    whole = fit_sbg(Renewals.of_cohorts([REGULAR[:8]]))
    half = [own / 2 for own in REGULAR[:8]]
    split = fit_sbg(Renewals.of_cohorts([half, half]))
    assert split.model == whole.model
    assert split.diagnostics.log_likelihood == pytest.approx(whole.diagnostics.log_likelihood)


def test_customers_one_by_one_are_the_same_as_their_cohort():
    counts = REGULAR[:8]
    renewals, ended = [], []
    for t, (now, later) in enumerate(pairwise(counts)):
        renewals += [t] * (now - later)
        ended += [True] * (now - later)
    renewals += [7] * counts[-1]
    ended += [False] * counts[-1]
    order = np.random.default_rng(3).permutation(len(renewals))
    one_by_one = Renewals.of_customers(np.array(renewals)[order], np.array(ended)[order])
    whole = Renewals.of_cohorts([counts])
    assert one_by_one.ended.tolist() == whole.ended.tolist()
    assert one_by_one.left.tolist() == whole.left.tolist()
    assert one_by_one.reached.tolist() == counts[:-1]


def test_young_cohorts_count_for_as_long_as_they_were_seen():
    rng = np.random.default_rng(5)
    true = SBG(0.8, 2.4)
    cohorts = []
    for length in range(2, 10):
        ends = rng.geometric(rng.beta(true.alpha, true.beta, 3000))
        cohorts.append([int((ends > t).sum()) for t in range(length)])
    found = fit_sbg(Renewals.of_cohorts(cohorts))
    for name, error in found.diagnostics.standard_errors.items():
        assert abs(getattr(found.model, name) - getattr(true, name)) < 3.5 * error
    changed = fit_bdw(Renewals.of_cohorts(cohorts))
    assert abs(changed.model.c - 1) < 3.5 * changed.diagnostics.standard_errors["c"]


parameters = st.tuples(st.floats(0.05, 20), st.floats(0.05, 20))


@given(parameters, st.integers(0, 30), st.floats(0.02, 0.5))
@settings(max_examples=40, deadline=None)
def test_derl_of_sbg_by_exact_arithmetic(own, renewals, rate):
    alpha, beta = own
    with mpmath.workdps(40):
        n = renewals + 1  # in the source's count the customer has renewed n − 1 times
        stays = mpmath.mpf(beta) + n
        exact = (stays - 1) / (alpha + stays - 1)
        exact *= mpmath.hyp2f1(1, stays, alpha + stays, 1 / (1 + mpmath.mpf(rate)))
    assert SBG(alpha, beta).derl(renewals, rate) == pytest.approx(float(exact), rel=1e-10)


@given(parameters, st.floats(0.4, 2.5), st.sampled_from([0.004, 0.05, 0.3]))
@settings(max_examples=25, deadline=None)
def test_lifetimes_are_the_sums_of_survival(own, c, rate):
    model = BdW(*own, c)
    times = np.arange(12_000)
    survival = model.survival(times)
    assert (np.diff(survival) <= 1e-15).all()
    assert model.p_end(times[1:]).sum() == pytest.approx(1 - survival[-1], abs=1e-10)
    present = float(survival @ (1 + rate) ** -times.astype(float))
    assert model.del_(rate) == pytest.approx(present, rel=1e-9)
    rest = float(survival[4:] / survival[3] @ (1 + rate) ** -times[:-4].astype(float))
    assert model.derl(3, rate) == pytest.approx(rest, rel=1e-9)
    assert 1 + model.expected_renewals(0, 5) == pytest.approx(survival[:6].sum())


@given(parameters)
@settings(max_examples=25, deadline=None)
def test_bdw_with_c_1_is_sbg(own):
    one, other = SBG(*own), BdW(*own, 1.0)
    assert one.survival([0, 1, 50]) == pytest.approx(other.survival([0, 1, 50]))
    assert one.derl([0, 7], 0.03, periods_per_year=12) == pytest.approx(
        other.derl([0, 7], 0.03, periods_per_year=12), rel=1e-10
    )
    assert (np.diff(one.retention(np.arange(1, 30))) >= -1e-12).all()


def test_what_cannot_be_fitted_says_why():
    with pytest.raises(CannotFit, match="no contract has ended"):
        fit_sbg(Renewals.of_cohorts([[50, 50, 50]]))
    with pytest.raises(CannotFit, match="it takes 2"):
        fit_sbg(Renewals.of_customers([0, 0, 0], [True, True, True]))
    with pytest.raises(CannotFit, match="it takes 3"):
        fit_bdw(Renewals.of_cohorts([[50, 40, 30]]))
    with pytest.raises(CannotFit, match="no cohort"):
        Renewals.of_cohorts([])
    with pytest.raises(ValueError, match="can't grow"):
        Renewals.of_cohorts([[50, 60]])
    with pytest.raises(ValueError, match="above 0"):
        SBG(1.0, 2.0).derl(0, 0.0)


def test_customers_who_are_all_alike_are_reported():
    counts = np.round(100_000 * 0.8 ** np.arange(7))
    found = fit_sbg(Renewals.of_cohorts([counts]))
    assert "no_heterogeneity" in found.diagnostics.degenerate
    assert found.model.retention([1, 6]) == pytest.approx([0.8, 0.8], abs=1e-2)


def test_a_few_contracts_get_a_weakly_penalised_answer():
    found = fit_sbg(Renewals.of_cohorts([[12, 9, 8], [10, 8]]))
    assert found.diagnostics.penalty > 0
    assert 0.6 < float(found.model.retention(1)) < 0.9


@pytest.mark.parametrize("model", [SBG(0.7, 1.2), BdW(0.3, 1.7, 1.6)], ids=["sbg", "bdw"])
def test_models_round_trip_and_stay_finite(model):
    assert from_plain(type(model), json.loads(json.dumps(to_plain(model)))) == model
    assert np.isfinite(model.derl([0, 1000, 36_500], 0.1, periods_per_year=365.25)).all()
