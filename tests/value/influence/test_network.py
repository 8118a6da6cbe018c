"""PageRank against the exact solution, and that it only distributes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezhi.value.influence import network
from kezhi.value.influence.network import network_share, personalised_pagerank


def exact(tails, heads, weight, v, damping):
    """By its definition, with a dense matrix."""
    n = len(v)
    step = np.zeros((n, n))
    np.add.at(step, (tails, heads), weight)
    leaving = step.sum(axis=1, keepdims=True)
    step = np.where(leaving > 0, step / np.where(leaving > 0, leaving, 1), v)
    system = np.eye(n) - damping * step.T
    return np.linalg.solve(system, (1 - damping) * v)


@st.composite
def networks(draw):
    n = draw(st.integers(1, 15))
    size = draw(st.integers(0, 50))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    v = rng.random(n) * (rng.random(n) < 0.7)
    v[rng.integers(n)] = 1.0
    return (
        rng.integers(0, n, size),
        rng.integers(0, n, size),
        rng.uniform(0.1, 5, size),
        v / v.sum(),
        draw(st.sampled_from([0.3, 0.85, 0.99])),
    )


@given(networks())
def test_scores_are_the_exact_ones_within_the_stated_error(net):
    tails, heads, weight, v, damping = net
    found = personalised_pagerank(
        tails,
        heads,
        customers=len(v),
        weights=weight,
        personalisation=v,
        damping=damping,
        most_sweeps=5000,
    )
    apart = np.abs(found.scores - exact(*net)).sum()
    assert found.converged
    assert found.error <= 1e-8
    assert apart <= found.error + 1e-13
    assert found.scores.sum() == pytest.approx(1)


@settings(max_examples=15, deadline=None)  # the first call compiles
@given(networks())
def test_the_compiled_sweeps_give_the_same(net):
    tails, heads, weight, v, damping = net
    if not len(tails):
        return
    named = {"customers": len(v), "weights": weight, "personalisation": v, "damping": damping}
    few = personalised_pagerank(tails, heads, most_sweeps=5000, **named)
    many, network.MANY_RELATIONS = network.MANY_RELATIONS, 1
    try:
        compiled = personalised_pagerank(tails, heads, most_sweeps=5000, **named)
    finally:
        network.MANY_RELATIONS = many
    assert np.abs(few.scores - compiled.scores).sum() <= few.error + compiled.error + 1e-13


def test_a_large_network_repeats_bit_for_bit_and_warm_starts_take_fewer_sweeps():
    rng = np.random.default_rng(3)
    n, size = 20_000, 120_000
    tails, heads = rng.integers(0, n, size), rng.integers(0, n // 2, size)
    one = personalised_pagerank(tails, heads, customers=n)
    again = personalised_pagerank(tails, heads, customers=n)
    assert (one.scores == again.scores).all()
    joined = personalised_pagerank(
        np.append(tails, 5), np.append(heads, 7), customers=n, start=one.scores
    )
    cold = personalised_pagerank(np.append(tails, 5), np.append(heads, 7), customers=n)
    assert joined.sweeps < cold.sweeps
    assert np.abs(joined.scores - cold.scores).sum() <= joined.error + cold.error


def test_influence_flows_to_who_influences():
    star = personalised_pagerank([1, 2, 3, 4], [0, 0, 0, 0], customers=5)
    assert star.scores.argmax() == 0
    nobody = personalised_pagerank([], [], customers=3)
    assert nobody.scores == pytest.approx(1 / 3)
    assert len(personalised_pagerank([], [], customers=0).scores) == 0


def test_who_is_far_from_the_personalisation_gets_nothing():
    found = personalised_pagerank([0, 2], [1, 3], customers=4, personalisation=[1, 0, 0, 0])
    assert found.scores[2:].tolist() == [0, 0]


def test_the_share_distributes_and_creates_nothing():
    rng = np.random.default_rng(1)
    scores = personalised_pagerank(
        rng.integers(0, 99, 500), rng.integers(0, 99, 500), customers=99
    ).scores
    parts = network_share(scores, 12_345.67)
    assert round(parts.sum() * 100) == 1_234_567
    assert (parts >= 0).all()


def test_an_unfinished_run_says_so():
    found = personalised_pagerank(
        [0, 1, 2], [1, 2, 0], customers=3, personalisation=[1, 0, 0], most_sweeps=2
    )
    assert not found.converged
    assert found.error > 1e-8


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"damping": 1.0}, "damping"),
        ({"tolerance": 0}, "tolerance"),
        ({"personalisation": [0, 0]}, "personalisation"),
        ({"weights": [-1]}, "weight"),
        ({"start": [1]}, "warm start"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        personalised_pagerank([0], [1], customers=2, **wrong)
    with pytest.raises(ValueError, match="outside"):
        personalised_pagerank([0], [2], customers=2)
