"""`kezhi value survey` and `paths` as people call them."""

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner

from kezhi.cli.value import value


def run(*words):
    return CliRunner().invoke(value, [str(word) for word in words])


def plain(*words):
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def write(path, rows):
    """Rows of (respondent, supplier, {item: answer})."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("respondent", "customer", "item", "answer", "date", "supplier"))
        for who, about, given in rows:
            for item, answer in given.items():
                writer.writerow((who, f"c{who[1:] or 1}", item, answer, "2026-05-01", about))
    return path


@pytest.fixture
def answers(tmp_path):
    rng = np.random.default_rng(5)
    rows = []
    for k in range(60):
        value_, switching = rng.normal(size=2)
        satisfaction = 0.7 * value_ + 0.5 * rng.normal()
        intention = 0.6 * satisfaction + 0.3 * switching + 0.5 * rng.normal()
        told = {
            "value": value_,
            "switching": switching,
            "satisfaction": satisfaction,
            "intention": intention,
        }
        given = {
            f"{name}_{place}": round(float(np.clip(6 + 1.5 * one + 0.7 * rng.normal(), 1, 10)), 1)
            for name, one in told.items()
            for place in (1, 2, 3)
        }
        rows.append((f"r{k}", "", given | {"recommend": int(rng.integers(0, 11))}))
    return write(tmp_path / "answers.csv", rows)


def test_satisfaction_and_recommendation(answers):
    found = plain(
        "survey", "satisfaction", answers, "--item", "satisfaction_1=2", "--item", "satisfaction_2"
    )
    assert 0 < found["low"] < found["index"] < found["high"] < 100
    assert found["weights"] == pytest.approx([2 / 3, 1 / 3])
    score = plain("survey", "nps", answers, "--item", "recommend")
    assert score["promoters"] - score["detractors"] == pytest.approx(score["score"])
    assert "nobody answered 'other'" in run("survey", "nps", answers, "--item", "other").output


def test_service_quality_and_features(tmp_path):
    path = write(
        tmp_path / "s.csv",
        [("a", "", {"e": 7, "p": 5, "f": 1, "d": 5}), ("b", "", {"e": 6, "p": 6, "f": 1, "d": 3})],
    )
    found = plain(
        "survey", "servqual", path, "--pair", "reliability=e:p", "--weight", "reliability=100"
    )
    assert (found["gap"], found["weighted_gap"]) == (-1, -1)
    features = plain("survey", "kano", path, "--pair", "delivery=f:d")
    assert features["delivery"]["better"] == 1
    assert features["delivery"]["category"] == "one_dimensional"
    assert "write name=item:item" in run("survey", "kano", path, "--pair", "delivery").output


def test_drivers_share_out_r_squared(answers):
    found = plain(
        "survey",
        "drivers",
        answers,
        "--outcome",
        "intention_1",
        "--item",
        "satisfaction_1",
        "--item",
        "value_1",
    )
    shares = [one["shapley"] for one in found["drivers"].values()]
    assert sum(shares) == pytest.approx(found["r_squared"])


@pytest.fixture
def two_suppliers(tmp_path):
    rows = []
    for k in range(12):
        rows.append((f"r{k}", "", {"quality": 7 + k % 3, "price": 5}))
        rows.append((f"r{k}", "Rival", {"quality": 5 + k % 3, "price": 4}))
    return write(tmp_path / "two.csv", rows)


@pytest.fixture
def items(tmp_path):
    path = tmp_path / "map.json"
    path.write_text(
        json.dumps(
            {
                "items": [
                    {"item": "quality", "attribute": "product"},
                    {"item": "price", "attribute": "money"},
                ],
                "weights": {"product": 1, "money": 1},
            }
        )
    )
    return path


def test_delivered_value_and_the_value_map(two_suppliers, items, tmp_path):
    words = ("survey", "delivered", two_suppliers, "--about", "supplier", "--map", items)
    ours, rival = plain(*words, "--by", "about")
    assert (ours["about"], rival["about"]) == ("", "Rival")
    assert ours["product"] == pytest.approx(700 / 9)
    assert ours["value"] == pytest.approx(700 / 9 - 400 / 9)
    places = plain(*words, "--price", "us=110", "--price", "Rival=100")
    assert places["us"]["ratio"] == pytest.approx(700 / 500 / 1.1)
    out = tmp_path / "delivered.csv"
    assert "12 rows" in run(*words, "-o", out).output
    items.write_text('{"items": [{"item": "quality", "attribute": "beauty"}]}')
    done = run(*words)
    assert done.exit_code == 1
    assert "attributes are product" in done.output


def test_the_retention_model_of_a_file(answers, tmp_path):
    out = tmp_path / "scores.csv"
    found = plain("paths", answers, "--draws", 50, "-o", out)
    way = found["paths"]["perceived_value > satisfaction"]
    assert way["low"] < way["coefficient"] < way["high"]
    assert found["reliability"]["satisfaction"]["rho_c"] > 0.7
    assert found["respondents"] == 60
    assert found["q_squared"]["satisfaction_1"] > 0
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60
    assert "intention_predicted" in rows[0]
    assert "perceived_value_predicted" not in rows[0]


def test_facts_count_beside_answers(two_suppliers, items, tmp_path):
    facts = tmp_path / "facts.csv"
    facts.write_text("customer,item,answer\n" + "".join(f"c{k},waited,{k}\n" for k in range(12)))
    plan = json.loads(items.read_text())
    plan["items"].append({"item": "waited", "attribute": "time", "low": 0, "high": 20})
    plan["weights"]["time"] = 0.5
    items.write_text(json.dumps(plan))
    words = ("survey", "delivered", two_suppliers, "--about", "supplier", "--map", items)
    ours, rival = plain(*words, "--facts", facts, "--by", "about")
    assert ours["time"] == pytest.approx(27.5)
    assert rival["time"] is None
    assert "nobody answered 'waited'" in run(*words).output
    facts.write_text("customer,item,answer\nc1,waited,2\nc1,waited,3\n")
    assert "waited of c1 stands there twice" in run(*words, "--facts", facts).output


def test_what_a_point_is_worth(two_suppliers, items, tmp_path):
    outcomes = tmp_path / "outcomes.csv"
    outcomes.write_text(
        "customer,bought,stake\n" + "".join(f"c{k},{int(k % 3 > k % 2)},100\n" for k in range(12))
    )
    words = ("survey", "worth", two_suppliers, "--about", "supplier", "--map", items)
    found = {one["attribute"]: one for one in plain(*words, "--outcomes", outcomes)}
    assert found["product"]["index"] == pytest.approx(1)
    assert found["money"]["index"] == pytest.approx(-1)
    assert found["product"]["low"] <= found["product"]["money"] <= found["product"]["high"]
    assert found["product"]["money"] == pytest.approx(1200 * found["product"]["p_change"])
    outcomes.write_text("customer,bought,stake\nc1,maybe,3\n")
    assert "line 2, column 'bought'" in run(*words, "--outcomes", outcomes).output


def test_intention_is_linked_to_who_bought_again(answers, tmp_path):
    out, outcomes = tmp_path / "scores.csv", tmp_path / "outcomes.csv"
    outcomes.write_text("customer,bought\n" + "".join(f"c{k},{k % 2}\n" for k in range(60)))
    found = plain("paths", answers, "--draws", 0, "--outcomes", outcomes, "-o", out)
    assert found["repurchase"]["base_rate"] == 0.5
    assert list(found["repurchase"]["slopes"]) == ["intention"]
    with out.open() as file:
        chances = [float(row["p_repurchase"]) for row in csv.DictReader(file)]
    assert np.mean(chances) == pytest.approx(0.5, abs=1e-3)


def test_a_design_of_ones_own(answers, tmp_path):
    design = tmp_path / "design.json"
    design.write_text(
        json.dumps(
            {
                "constructs": [
                    {"name": "v", "indicators": ["value_1", "value_2"]},
                    {"name": "s", "indicators": ["satisfaction_1"]},
                ],
                "paths": [{"cause": "v", "effect": "s"}],
            }
        )
    )
    found = plain("paths", answers, "--design", design, "--draws", 0)
    assert list(found["paths"]) == ["v > s"]
    assert "total_effects" not in found
    design.write_text('{"constructs": [], "paths": []}')
    assert run("paths", answers, "--design", design).exit_code == 1


def test_unreadable_answers_name_their_line(tmp_path):
    path = write(tmp_path / "bad.csv", [("a", "", {"q": "many"})])
    done = run("survey", "nps", path, "--item", "q")
    assert done.exit_code == 1
    assert "line 2, column 'answer'" in done.output


def test_how_sure_the_figures_are(answers):
    share = plain("survey", "csat", answers, "--item", "recommend", "--from", "7")
    assert 0 <= share["low"] < share["share"] < share["high"] <= 1
    assert plain("survey", "mean", answers, "--item", "recommend")["count"] == 60
    items = [word for k in (1, 2, 3) for word in ("--item", f"satisfaction_{k}")]
    assert 0.5 < plain("survey", "alpha", answers, *items)["alpha"] < 1
    found = plain("survey", "priorities", answers, "--outcome", "intention_1", *items)
    assert len(found["items"]) == 3
    assert found["items"][0]["gain"] >= found["items"][2]["gain"]
    assert "4 months at least" in run("survey", "trend", answers, "--item", "recommend").output
    score = plain("survey", "nps", answers, "--item", "recommend")
    assert score["score_low"] < score["score"] < score["score_high"]


def test_the_optimal_service_level(tmp_path):
    rng = np.random.default_rng(6)
    hours = rng.uniform(1, 40, 400)
    path = tmp_path / "customers.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("hours", "contribution", "cost", "tier"))
        for one in hours:
            brought = 900 - 0.5 * (one - 10) ** 2 + rng.normal(0, 20)
            writer.writerow((one, brought, 300 - 4 * one, "S"))
    words = ("service-level", path, "--service", "hours", "--group", "tier", "--draws", "40")
    found = plain(*words)
    assert found["verdict"] == "inside"
    assert found["best_low"] <= 14 <= found["best_high"]
    lines = path.read_text().splitlines()[:30]
    path.write_text("\n".join(lines) + "\n")
    assert "60 are needed" in run(*words).output
