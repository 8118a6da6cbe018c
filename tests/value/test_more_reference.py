"""The examples of the reference run."""

import doctest
from pathlib import Path


def test_the_examples_run():
    page = Path(__file__).parents[2] / "docs" / "reference" / "value-network-and-offers.md"
    found = doctest.testfile(str(page), module_relative=False)
    assert found.attempted > 5
    assert found.failed == 0
