"""`kezhi value index` as people call it."""

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner

from kezhi.cli.value import value

TREE = {
    "branches": [
        {
            "name": "value",
            "weight": 0.6,
            "leaves": [
                {"name": "margin", "weight": 1, "measure": "margin"},
                {"name": "growth", "weight": 1, "measure": "growth"},
            ],
            "weighting": {"method": "critic"},
        },
        {
            "name": "trouble",
            "weight": 0.4,
            "leaves": [{"name": "late", "weight": 1, "measure": "late", "direction": "cost"}],
        },
    ]
}
TIERS = {"by": "clusters", "borders": [{"tier": "high"}], "rest": "low"}


def run(*words):
    return CliRunner().invoke(value, [str(word) for word in words])


def plain(*words):
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(7)
    table = tmp_path / "customers.csv"
    with table.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("customer", "margin", "growth", "late"))
        for k in range(40):
            late = "" if k == 3 else int(rng.integers(0, 30))
            rows.writerow((f"c{k}", round(rng.lognormal(5, 1), 2), round(rng.normal(), 3), late))
    tree, tiers = tmp_path / "tree.json", tmp_path / "tiers.json"
    tree.write_text(json.dumps(TREE))
    tiers.write_text(json.dumps(TIERS))
    return table, tree, tiers


def test_scores_with_their_reasons(files):
    table, tree, tiers = files
    found = plain("index", table, "--name", "customer", "--tree", tree, "--tiers", tiers)
    assert len(found) == 40
    high = [one["score"] for one in found if one["tier"] == "high"]
    low = [one["score"] for one in found if one["tier"] == "low"]
    assert min(high) > max(low)
    points = [one["margin_points"] + one["growth_points"] + one["late_points"] for one in found]
    means = {
        round(one["score"] - p - one["shift"], 6) for one, p in zip(found, points, strict=True)
    }
    assert len(means) == 1
    assert found[3]["late_points"] == 0


def test_a_published_tree_scores_alone_as_among_all(files, tmp_path):
    table, tree, _tiers = files
    kept = tmp_path / "published.json"
    among = plain("index", table, "--name", "customer", "--tree", tree, "--publish", kept)
    alone = tmp_path / "alone.csv"
    alone.write_text("".join(table.read_text().splitlines(keepends=True)[:3]))
    found = plain("index", alone, "--name", "customer", "--published", kept)
    assert [one["score"] for one in found] == pytest.approx([one["score"] for one in among[:2]])


def test_what_a_tenth_of_weight_changes(files):
    table, tree, tiers = files
    words = ("index", table, "--name", "customer", "--tree", tree, "--tiers", tiers)
    found = plain(*words, "--sensitivity", "--change", "0.5")
    assert list(found) == ["0 value", "0.0 margin", "0.1 growth", "1 trouble"]
    assert found["0 value"]["weight"] == pytest.approx(0.6)
    assert found["0 value"]["movers_if_more"]
    assert abs(found["0 value"]["least_change"]) <= 0.3


def test_what_is_missing_is_said(files):
    table, tree, _tiers = files
    assert run("index", table, "--name", "customer").exit_code == 2
    tree.write_text(json.dumps(TREE).replace('"measure": "late"', '"measure": "delay"'))
    done = run("index", table, "--name", "customer", "--tree", tree)
    assert done.exit_code == 1
    assert "there is no column 'delay'" in done.output
    tree.write_text('{"branches": [{"name": "x", "weight": 1}]}')
    assert (
        "no leaf with a weight" in run("index", table, "--name", "customer", "--tree", tree).output
    )
