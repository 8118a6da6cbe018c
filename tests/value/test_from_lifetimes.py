"""The numbers of the guide for those who come from lifetimes are true, in both languages."""

import doctest
from pathlib import Path

import pytest

GUIDES = Path(__file__).parents[2] / "docs" / "guides"


@pytest.mark.parametrize(
    ("page", "examples"), [("from-lifetimes.md", 12), ("from-lifetimes.zh.md", 6)]
)
def test_the_guide_runs_as_printed(page, examples, cdnow_csv, monkeypatch):
    monkeypatch.chdir(cdnow_csv.parent)
    found = doctest.testfile(str(GUIDES / page), module_relative=False)
    assert found.failed == 0
    assert found.attempted >= examples
