"""The cube, dragged borders, and the growth matrix."""

import numpy as np
import pytest

from kezhi.value.growth_matrix import CELLS, Newness, growth_matrix
from kezhi.value.matrix import QUADRANTS, drag, value_cube, value_matrix


def figures(customers=300):
    rng = np.random.default_rng(6)
    return rng.gamma(1, 100, customers), rng.normal(20, 50, customers), rng.uniform(size=customers)


def test_the_cube_is_the_matrix_once_more_split():
    current, potential, third = figures()
    third[:10] = np.nan
    cube = value_cube(current, potential, third)
    known = np.isfinite(third)
    flat = value_matrix(current[known], potential[known])
    assert (cube.quadrant[known] == flat.quadrant).all()
    assert (cube.cell[~known] == -1).all()
    assert (cube.is_high[known] == (third[known] >= np.median(third[known]))).all()
    assert value_cube(current, potential, third, third_border=2.0).is_high.sum() == 0


def test_a_dragged_border_moves_those_between():
    current, potential, _third = figures()
    found = drag(current, potential, (100, 20), (150, 20))
    between = (current >= 100) & (current < 150)
    assert found.movers.tolist() == np.flatnonzero(between).tolist()
    assert found.money_moved == pytest.approx(current[between].sum())
    grow, keep, nurture, rest = range(4)
    assert found.customers[grow][nurture] == (between & (potential >= 20)).sum()
    assert found.customers[keep][rest] == (between & (potential < 20)).sum()
    assert np.sum(found.customers) == len(current)
    back = drag(current, potential, (150, 20), (100, 20), amounts=potential)
    assert np.array_equal(np.transpose(back.customers), found.customers)
    assert back.money_moved == pytest.approx(potential[between].sum())
    assert QUADRANTS[found.before[found.movers[0]]] in ("grow", "keep")


def lines():
    """Customer 1 is old, 2 is new, 3 comes back after three years; product b is launched on 1000."""
    rows = [
        (1, "a", 0, 10.0),
        (1, "a", 300, 10.0),
        (3, "a", 5, 10.0),
        (1, "a", 600, 10.0),
        (1, "a", 1100, 20.0),  # loyalty
        (1, "b", 1150, 30.0),  # expansion
        (2, "a", 1050, 40.0),  # acquisition
        (2, "b", 1060, 50.0),  # diversification
        (3, "a", 1200, 60.0),  # lapsed: acquisition
        (1, "a", 1110, -5.0),  # a return, of loyalty
    ]
    return tuple(np.array(column) for column in zip(*rows, strict=True))


def by_cell(found):
    return {one.cell: one.revenue for one in found.cells}


def test_the_four_cells():
    found = growth_matrix(*lines(), first_day=1000, last_day=1300)
    assert by_cell(found) == {
        "loyalty": 15.0,
        "acquisition": 100.0,
        "expansion": 30.0,
        "diversification": 50.0,
    }
    assert [one.customers for one in found.cells] == [1, 2, 1, 1]
    assert (found.days_before, found.is_short) == (1000, False)
    assert (found.cell >= 0).sum() == 6


def test_what_is_new_is_a_setting():
    forever = growth_matrix(
        *lines(), first_day=1000, last_day=1300, newness=Newness(lapse_days=None)
    )
    assert by_cell(forever)["loyalty"] == 75.0
    old = growth_matrix(*lines(), first_day=1000, last_day=1300, launches={"b": -900})
    assert by_cell(old)["diversification"] == by_cell(old)["expansion"] == 0
    own = growth_matrix(*lines(), first_day=1000, last_day=1300, newness=Newness(by="customer"))
    # Customer 1 hasn't bought a for 500 days: to this customer it is new once more.
    assert by_cell(own) == {
        "loyalty": -5.0,
        "acquisition": 100.0,
        "expansion": 50.0,
        "diversification": 50.0,
    }


def test_money_in_the_cells_is_the_money_of_the_period_in_any_order():
    rng = np.random.default_rng(1)
    columns = (
        rng.integers(0, 40, 2000),
        rng.integers(0, 9, 2000),
        rng.integers(0, 1500, 2000),
        np.round(rng.normal(20, 15, 2000), 2),
    )
    gain = columns[3] * 0.3
    found = growth_matrix(*columns, gain, first_day=700, last_day=1400)
    inside = (columns[2] >= 700) & (columns[2] <= 1400)
    assert sum(by_cell(found).values()) == pytest.approx(columns[3][inside].sum())
    assert sum(one.contribution for one in found.cells) == pytest.approx(gain[inside].sum())
    order = rng.permutation(2000)
    shuffled = growth_matrix(
        *(column[order] for column in columns), gain[order], first_day=700, last_day=1400
    )
    assert (shuffled.cell == found.cell[order]).all()


def test_too_short_a_history_is_said():
    assert growth_matrix([1], ["a"], [10], [5.0], first_day=0, last_day=20).is_short
    nothing = growth_matrix([], [], [], [], first_day=0, last_day=1)
    assert [one.cell for one in nothing.cells] == list(CELLS)
    with pytest.raises(ValueError, match="ends before"):
        growth_matrix([1], ["a"], [10], [5.0], first_day=2, last_day=1)
    with pytest.raises(ValueError, match="same lines"):
        growth_matrix([1, 2], ["a"], [10], [5.0], first_day=0, last_day=1)


@pytest.mark.parametrize("by", ["launch", "customer"])
def test_many_lines_are_laid_out_as_few_are(by, monkeypatch):
    rng = np.random.default_rng(5)
    rows = 3_000
    customers, products = rng.integers(1, 120, rows), rng.integers(50, 70, rows)
    days = rng.integers(0, 2_000, rows)
    amounts = np.where(rng.random(rows) < 0.1, -1.0, 1.0) * rng.integers(1, 50, rows)
    rule = Newness(by=by, customer_days=90, lapse_days=200, product_days=120)

    def found():
        span = {"first_day": 900, "last_day": 1_700, "newness": rule}
        return growth_matrix(customers, products, days, amounts, **span)

    few = found()
    monkeypatch.setattr("kezhi.value.growth_matrix.MANY_ROWS", 0)
    many = found()
    assert (many.cell == few.cell).all()
    assert many.cells == few.cells
