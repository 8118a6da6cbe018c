"""What the engine says by key, people read as sentences."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from django.utils import translation

import kezhi.value
from kezhi.insight import naming
from kezhi.value.classes import LOYALTY, ClassSettings, Condition, Rule
from kezhi.value.index.tree import DEFAULT_TREE
from kezhi.value.measure import STAGES, Facts, Settings, measure

ENGINE = Path(kezhi.value.__file__).parent


def test_every_warning_of_the_engine_has_a_sentence():
    report = (ENGINE / "report.py").read_text()
    model = (ENGINE / "potential" / "beta_geometric.py").read_text()
    keys = {
        *re.findall(r'warn\("(\w+)"', report),
        *re.findall(r'found\.append\("(\w+)"\)', model),
        "flat",
    }
    assert keys <= set(naming.WARNINGS)
    detail = {"buyers": 3, "lines": 4, "customers": 5, "correlation": 0.456, "model": "bg-nbd"}
    for key in keys:
        sentence = naming.warning_text({"key": key, "detail": detail})
        assert sentence != key
        assert "%(" not in sentence


def test_a_warning_of_a_later_version_stands_for_itself():
    assert naming.warning_text({"key": "moonshine", "detail": {}}) == "moonshine"


def test_indices_and_stages_of_work_have_names():
    names = [branch.name for branch in DEFAULT_TREE.branches] + list(DEFAULT_TREE.leaf_names)
    assert set(names) <= set(naming.INDICES)
    assert set(STAGES) <= set(naming.STAGES_OF_WORK)


def test_what_rules_ask_for_by_default_can_be_chosen_and_is_measured():
    settings = Settings()
    asked = settings.loyalty.measures | settings.lifecycle.measures
    assert asked <= set(naming.MEASURES)


def test_whatever_can_be_chosen_in_a_rule_the_engine_can_ask_for():
    every = tuple(Rule("loyal", (Condition(name, "is known"),)) for name in naming.MEASURES)
    settings = replace(Settings(), loyalty=ClassSettings(LOYALTY.classes, every, "new"))
    days = [date(2025, 1, 1), date(2025, 3, 1), date(2025, 2, 1)]
    lines = pa.table({"customer": [1, 1, 2], "day": days, "amount": [100.0, 80.0, 50.0]})
    assert measure(Facts(lines), settings, as_of=date(2025, 6, 30)).customers.num_rows == 2


@pytest.mark.parametrize(
    ("language", "expected"), [("en", "March 2026: Publishing"), ("zh-hans", "2026年3月")]
)
def test_progress_names_the_month(language, expected):
    with translation.override(language):
        assert naming.stage_of_work("publish", date(2026, 3, 31)).startswith(expected)
