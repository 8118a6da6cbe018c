"""Quantile regression: published figures, an exact solver beside it, and what must always hold."""

import numpy as np
import pytest
from scipy.optimize import linprog

from kezhi.value.wallet.quantile_regression import CannotSolve, check_loss, quantile_regression

# Brownlee's stack loss data (1965): air flow, water temperature, acid, loss.
STACK_LOSS = np.array(
    [
        (80, 27, 89, 42),
        (80, 27, 88, 37),
        (75, 25, 90, 37),
        (62, 24, 87, 28),
        (62, 22, 87, 18),
        (62, 23, 87, 18),
        (62, 24, 93, 19),
        (62, 24, 93, 20),
        (58, 23, 87, 15),
        (58, 18, 80, 14),
        (58, 18, 89, 14),
        (58, 17, 88, 13),
        (58, 18, 82, 11),
        (58, 19, 93, 12),
        (50, 18, 89, 8),
        (50, 18, 86, 7),
        (50, 19, 72, 8),
        (50, 19, 79, 8),
        (50, 20, 80, 9),
        (56, 20, 82, 15),
        (70, 20, 91, 15),
    ],
    dtype=float,
)


def exact(x, y, quantile, weights=1.0, penalties=0.0):
    """The linear programme as it stands, by another solver."""
    rows, columns = x.shape
    cost = np.concatenate(
        (
            np.full(columns, penalties),
            np.full(columns, penalties),
            np.full(rows, quantile) * weights,
            np.full(rows, 1 - quantile) * weights,
        )
    )
    equal = np.hstack((x, -x, np.eye(rows), -np.eye(rows)))
    found = linprog(cost, A_eq=equal, b_eq=y, bounds=(0, None), method="highs").x
    return found[:columns] - found[columns : 2 * columns]


def rows(count, columns, seed=0):
    rng = np.random.default_rng(seed)
    x = np.column_stack((np.ones(count), rng.normal(size=(count, columns - 1))))
    return x, x @ rng.normal(size=columns) + rng.standard_t(3, count)


def test_the_published_median_of_the_stack_loss_data():
    x = np.column_stack((np.ones(21), STACK_LOSS[:, :3]))
    found = quantile_regression(x, STACK_LOSS[:, 3], 0.5)
    assert found.coefficients == pytest.approx([-39.68986, 0.83188, 0.57391, -0.06087], abs=5e-6)


@pytest.mark.parametrize(
    ("count", "columns", "quantile"), [(40, 3, 0.5), (300, 6, 0.8), (300, 9, 0.1)]
)
def test_it_is_the_answer_of_an_exact_solver(count, columns, quantile):
    x, y = rows(count, columns, seed=count + columns)
    assert quantile_regression(x, y, quantile).coefficients == pytest.approx(
        exact(x, y, quantile), abs=1e-8
    )
    penalties = np.full(columns, 0.03 * count)
    found = quantile_regression(x, y, quantile, penalties=penalties).coefficients
    assert found == pytest.approx(exact(x, y, quantile, penalties=0.03 * count), abs=1e-8)


def test_weights_count_as_rows():
    x, y = rows(150, 4)
    weights = np.random.default_rng(5).integers(1, 4, len(y))
    once = quantile_regression(x, y, 0.7, weights=weights).coefficients
    each = quantile_regression(np.repeat(x, weights, axis=0), np.repeat(y, weights), 0.7)
    assert once == pytest.approx(each.coefficients, abs=1e-9)


def test_the_order_of_the_rows_does_not_matter():
    x, y = rows(500, 5)
    other = np.random.default_rng(1).permutation(len(y))
    first, second = (quantile_regression(a, b, 0.8) for a, b in ((x, y), (x[other], y[other])))
    assert first.coefficients == pytest.approx(second.coefficients, abs=1e-12)


def test_it_moves_with_scale_shift_and_design():
    x, y = rows(400, 4)
    own = quantile_regression(x, y, 0.8).coefficients
    assert quantile_regression(x, 7 * y, 0.8).coefficients == pytest.approx(7 * own)
    assert quantile_regression(x, -y, 0.2).coefficients == pytest.approx(-own)
    shift = np.array([3.0, -1.0, 0.5, 2.0])
    assert quantile_regression(x, y + x @ shift, 0.8).coefficients == pytest.approx(own + shift)
    turn = np.random.default_rng(2).normal(size=(4, 4))
    assert quantile_regression(x @ turn, y, 0.8).coefficients == pytest.approx(
        np.linalg.solve(turn, own)
    )


@pytest.mark.parametrize("quantile", [0.2, 0.5, 0.8])
def test_the_share_below_is_the_quantile(quantile):
    x, y = rows(1000, 6, seed=9)
    r = y - x @ quantile_regression(x, y, quantile).coefficients
    on = np.abs(r) < 1e-9
    assert on.sum() == 6
    assert (r < -1e-9).mean() <= quantile <= ((r < -1e-9) | on).mean()


def test_a_hundred_thousand_rows_in_cells_have_the_same_answer_as_row_by_row():
    rng = np.random.default_rng(4)
    cells = np.column_stack(
        (np.ones(60), np.eye(12)[np.arange(60) // 5], np.eye(5)[np.arange(60) % 5])
    )
    own = rng.integers(0, 60, 100_000)
    y = (cells @ rng.normal(size=18))[own] + rng.normal(size=len(own))
    penalties = np.r_[0.0, np.full(17, 40.0)]
    found = quantile_regression(cells, y, 0.8, cells=own, penalties=penalties).coefficients
    # The first-order condition of the whole programme: no direction makes the loss smaller.
    r = y - (cells @ found)[own]
    on = np.abs(r) < 1e-10
    pull = np.bincount(own, np.where(on, 0.0, 0.8 - (r < 0)), 60) @ cells
    slack = np.bincount(own[on], minlength=60) @ cells
    off = np.abs(pull - penalties * np.sign(np.where(np.abs(found) > 1e-10, found, 0.0)))
    free = np.where(np.abs(found) > 1e-10, 0.0, penalties)
    assert (off <= slack + free + 1e-6).all()
    assert (r < 0).mean() == pytest.approx(0.8, abs=0.002)


def test_what_has_no_answer_says_so():
    with pytest.raises(CannotSolve):
        quantile_regression(np.ones((4, 2)), [1.0, 2.0, 3.0, 4.0], 0.5)
    with pytest.raises(CannotSolve):
        quantile_regression(np.ones((2, 1)), [1.0, np.nan], 0.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile_regression(np.ones((2, 1)), [1.0, 2.0], 1.0)
    assert check_loss([], 0.5) == 0
