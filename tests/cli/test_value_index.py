"""`kezhi value weigh`, `rank`, `growth` as people call them."""

import json

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from kezhi.cli.value import value

PLACES = """,scenery,cost,stay
scenery,1,2,6
cost,1/2,1,4
stay,1/6,1/4,1
"""
FIRMS = """name,profit,share,growth
A,61,1.08,4.33
B,20.7,0.26,4.34
C,16.3,1.98,2.53
D,9,3.29,1.65
"""


def run(*words):
    return CliRunner().invoke(value, [str(word) for word in words])


def plain(*words):
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def matrix(tmp_path):
    path = tmp_path / "matrix.csv"
    path.write_text(PLACES)
    return path


@pytest.fixture
def firms(tmp_path):
    path = tmp_path / "firms.csv"
    path.write_text(FIRMS)
    return path


def test_a_matrix_of_judgements_is_weighed(matrix):
    found = plain("weigh", matrix)
    assert list(found["weights"]) == ["scenery", "cost", "stay"]
    assert list(found["weights"].values()) == pytest.approx([0.5876, 0.3234, 0.089], abs=1e-4)
    assert found["consistency_ratio"] == pytest.approx(0.0079, abs=1e-4)


def test_several_people_judge_together(matrix, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(PLACES.replace("1,2,6", "1,1/2,6").replace("1/2,1,4", "2,1,4"))
    found = plain("weigh", matrix, other)
    assert found["people"] == 2
    assert found["ratio_by_person"][str(matrix)] == pytest.approx(0.0079, abs=1e-4)
    assert found["weights"]["scenery"] > found["weights"]["cost"]
    other.write_text(PLACES.replace("cost", "price"))
    assert "the names are others" in run("weigh", matrix, other).output


def test_contradicting_judgements_are_refused_with_what_would_fit(matrix):
    matrix.write_text(PLACES.replace("1,2,6", "1,2,1/6").replace("1/6,1/4,1", "6,1/4,1"))
    done = run("weigh", matrix)
    assert done.exit_code == 1
    assert "CR = " in done.output
    assert "the other judgements imply" in done.output
    assert "stay against scenery" in done.output


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("1/4,1", "x,1"), "line 4, column 'cost': 'x' is no judgement"),
        (("cost,1/2", "stay,1/2"), "line 3: 'stay' stands where 'cost' is expected"),
        (("1,2,6", "1,3,6"), "but the other way round"),
        (("stay,1/6,1/4,1\n", ""), "3 columns are judged in 2 rows"),
    ],
)
def test_a_faulty_matrix_is_refused_with_its_place(matrix, change, message):
    matrix.write_text(PLACES.replace(*change))
    done = run("weigh", matrix)
    assert done.exit_code == 1
    assert message in done.output


def test_a_judgement_may_be_left_out(matrix):
    matrix.write_text(PLACES.replace("1,2,6", "1,2,").replace("1/6,1/4,1", ",1/4,1"))
    found = plain("weigh", matrix)
    assert list(found["weights"].values()) == pytest.approx([8 / 13, 4 / 13, 1 / 13])
    assert found["missing"] == 1


@pytest.mark.parametrize("by", ["entropy", "critic", "merec"])
def test_data_weigh(firms, by):
    found = plain("weigh", firms, "--by", by, "--index", "profit", "--index", "share")
    assert sum(found["weights"].values()) == pytest.approx(1)
    assert found["customers"] == 4


def test_judgement_and_data_together(firms, matrix):
    matrix.write_text(
        PLACES.replace("scenery", "profit").replace("cost", "share").replace("stay", "growth")
    )
    words = ["weigh", firms, "--by", "combined", "--judgements", matrix]
    for name in ("profit", "share", "growth"):
        words += ["--index", name]
    found = plain(*words)
    product = {
        name: (found["judged"][name] * found["by_data"][name]) ** 0.5 for name in found["judged"]
    }
    total = sum(product.values())
    for name, one in product.items():
        assert found["weights"][name] == pytest.approx(one / total)
    assert plain(*words, "--theta", 1)["weights"] == pytest.approx(found["judged"])
    assert run("weigh", firms, "--by", "combined", "--index", "profit").exit_code == 2


def test_rows_are_ranked(firms, tmp_path):
    words = ("rank", firms, "--name", "name", "--index", "profit=0.5", "--index", "share=0.5")
    found = plain(*words)
    assert [one["rank"] for one in found] == [1, 2, 3, 4]
    assert found[0]["closeness"] >= found[-1]["closeness"]
    out = tmp_path / "ranked.parquet"
    assert "4 rows" in run(*words, "--by", "sum", "-o", out).output
    assert pq.read_table(out).column_names == ["name", "sum", "rank"]
    assert run(*words, "--cost", "weight").exit_code == 2
    assert "write name=number" in run("rank", firms, "--name", "name", "--index", "profit").output


def test_the_growth_matrix_of_a_file(tmp_path):
    path = tmp_path / "lines.csv"
    path.write_text(
        "customer,product,day,amount\n"
        "a,x,2024-01-01,10\na,x,2025-06-01,20\nb,x,2025-06-01,30\na,y,2025-07-01,40\n"
    )
    found = plain(
        "growth", path, "--customer", "customer", "--product", "product", "--date", "day",
        "--amount", "amount", "--from", "2025-01-01", "--until", "2025-12-31",
    )  # fmt: skip
    assert {name: cell["revenue"] for name, cell in found["cells"].items()} == {
        "loyalty": 20,
        "acquisition": 30,
        "expansion": 40,
        "diversification": 0,
    }
    assert found["cells"]["loyalty"]["contribution"] is None
