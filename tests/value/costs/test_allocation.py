"""Totals land exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezhi.value.costs.allocation import allocate

bases = st.lists(st.floats(0, 1e12), min_size=1, max_size=60).filter(any)


@given(st.integers(-(10**12), 10**12), bases)
def test_the_parts_add_up_to_the_cent(cents, basis):
    parts = allocate(cents / 100, basis)
    assert int(np.rint(parts * 100).sum()) == cents
    exact = cents / 100 * (np.array(basis) / max(basis)) / (np.array(basis) / max(basis)).sum()
    assert parts == pytest.approx(exact, abs=0.0100001, rel=1e-9)


def test_who_has_no_basis_pays_nothing():
    assert allocate(10, [0, 3, 0])[[0, 2]].tolist() == [0, 0]


@pytest.mark.parametrize("basis", [[], [0, 0], [-1, 2], [np.nan]])
def test_a_basis_that_makes_no_sense_is_refused(basis):
    with pytest.raises(ValueError, match="share"):
        allocate(10, basis)
