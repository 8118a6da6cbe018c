"""Whatever the log knows as a deed, a program can do, or a table says why not: here and in the guide."""

from __future__ import annotations

import csv
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from django.urls import get_resolver

from deeds_by_program import reached
from kezhi.audit.recording import deeds

TABLE = Path(__file__).with_name("deeds_without_operation.csv")
GUIDES = Path(__file__).parents[2] / "docs/guides"


def rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def known() -> set[str]:
    _ = get_resolver().reverse_dict  # some deeds are named beside the pages that do them
    return {name for name in deeds if not name.startswith("test.")}


def excused() -> set[str]:
    """The deeds of the table; a pattern stands for those of a name that have no operation."""
    patterns = [pattern for row in rows() for pattern in row["deeds"].split()]
    without = known() - set(reached())
    return {name for name in without if any(fnmatchcase(name, each) for each in patterns)}


def test_every_deed_has_an_operation_or_a_reason():
    assert known() - set(reached()) - excused() == set()


def test_the_table_excuses_nothing_that_is_offered_or_gone():
    without = known() - set(reached())
    for row in rows():
        for pattern in row["deeds"].split():
            assert any(fnmatchcase(name, pattern) for name in without), pattern
        named = {each for each in row["deeds"].split() if "*" not in each}
        assert named <= without, row["what"]


@pytest.mark.parametrize(("deed", "operation"), [
    ("customer.created", "customer_create"),
    ("customers.created", "customer_bulk"),
    ("ticket.answered", "ticket_answer"),
    ("consent.withdrawn", "consent_withdrawal"),
    ("business_calendar.saved", "business_calendar_edit"),
    ("package.fetched", "data_request_package"),
])  # fmt: skip
def test_operations_are_told_by_what_they_do(deed, operation):
    assert operation in reached()[deed]


def test_no_operation_is_taken_to_do_what_it_only_lists():
    assert reached().keys().isdisjoint({"password.set", "role.changed", "token.issued"})
    assert "openapi" not in {name for names in reached().values() for name in names}


@pytest.mark.parametrize("guide", ["api.md", "api.zh.md"])
def test_the_guide_has_the_same_table(guide):
    lines = (GUIDES / guide).read_text(encoding="utf-8").splitlines()
    told = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    by_deeds = {cells[1]: cells for cells in told if len(cells) == 3}
    for row in rows():
        named = " ".join(f"`{each}`" for each in row["deeds"].split())
        cells = by_deeds.get(named)
        assert cells is not None, row["what"]
        if guide == "api.md":
            assert (cells[0], cells[2]) == (row["what"], row["why"])
