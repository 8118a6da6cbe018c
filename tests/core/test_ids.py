"""What comes from an address or a form is an id only if a record can have it."""

import pytest

from kezhi.core.ids import LARGEST, record_id, record_ids


@pytest.mark.parametrize("text", ["1", "007", str(LARGEST)])
def test_plain_digits_are_an_id(text):
    assert record_id(text) == int(text)


@pytest.mark.parametrize(
    "text", ["", "-1", "1.0", " 1", "1_0", "x", "١٢", "１２", "²", str(LARGEST + 1), "9" * 5000]
)
def test_what_no_record_can_have_is_no_id(text):
    assert record_id(text) is None


def test_of_many_the_ids_are_kept():
    assert record_ids(["3", "x", "1", "3"]) == [3, 1, 3]
