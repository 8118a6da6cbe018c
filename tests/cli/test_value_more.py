"""`kezhi value` on relations, baskets, snapshots, costs: as people call it."""

import json
from datetime import date

import numpy as np
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from kezhi.cli.value import value
from kezhi.value.datasets.simulated import simulate
from kezhi.value.potential.bg_nbd import BGNBD
from kezhi.value.potential.gamma_gamma import GammaGamma


def run(*words):
    return CliRunner().invoke(value, [str(word) for word in words])


def rows(*words):
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def file(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    path = tmp_path_factory.mktemp("orders") / "orders.parquet"
    bought = simulate(
        BGNBD(0.5, 4.0, 0.8, 2.5),
        GammaGamma(6.25, 3.74, 15.44),
        customers=300,
        first=date(2024, 1, 1),
        joining_days=200,
        until=date(2025, 6, 30),
        rng=np.random.default_rng(9),
    )
    pq.write_table(bought.table(), path)
    return path


NAMED = ("--customer", "customer", "--date", "day", "--amount", "amount")


def test_network_distributes_an_amount(tmp_path):
    path = file(tmp_path, "r.csv", "from,to\nb,a\nc,a\nd,c\n")
    found = rows("network", path, "--from", "from", "--to", "to", "--amount", "100.01")
    assert found[0]["customer"] == "a"
    assert found[0]["influenced"] == 2
    assert round(sum(row["share"] for row in found), 2) == 100.01
    assert sum(row["score"] for row in found) == pytest.approx(1)


def test_referrals_transfer_and_tell_what_is_left_out(tmp_path):
    who = file(tmp_path, "who.csv", "by,new,on\na,b,2025-01-01\nb,a,2025-02-01\n")
    money = file(tmp_path, "money.csv", "customer,on,amount\nb,2025-01-01,100\n")
    words = (
        "referrals",
        who,
        "--referrer",
        "by",
        "--referred",
        "new",
        "--date",
        "on",
        "--contributions",
        money,
        "--customer",
        "customer",
        "--day",
        "on",
        "--amount",
        "amount",
        "--share-anyway",
        "0",
    )
    found = {row["customer"]: row for row in rows(*words)}
    assert found["a"]["direct"] == 100
    assert found["a"]["received"] == found["b"]["given"] == 50
    assert "b → a is left out" in run(*words).stderr


def test_rules_of_baskets(tmp_path):
    lines = [
        f"{k},bread\n{k},butter\n" if k % 2 else f"{k},{'tea' if k % 3 else 'milk'}\n"
        for k in range(80)
    ]
    path = file(tmp_path, "b.csv", "order,product\n" + "".join(lines))
    found = rows("rules", path, "--basket", "order", "--item", "product")
    assert {(row["if"], row["then"]) for row in found} == {("bread", "butter"), ("butter", "bread")}
    assert found[0]["confidence"] == 1
    assert found[0]["lift"] == 2
    assert found[0]["conviction"] is None
    assert found[0]["q_value"] < 1e-10
    assert (
        "2 of 2 rules tested" in run("rules", path, "--basket", "order", "--item", "product").stderr
    )
    out = tmp_path / "rules.csv"
    done = run("rules", path, "--basket", "order", "--item", "product", "-o", out)
    assert "2 rules written" in done.stdout
    assert pacsv.read_csv(out).num_rows == 2


def test_offers_say_what_and_why(tmp_path):
    rng = np.random.default_rng(1)
    lines = []
    for c in range(200):
        start = np.datetime64("2024-01-01") + int(rng.integers(0, 200))
        lines.append(f"c{c},tea {c % 2},{start},10\n")
        if rng.random() < 0.7:
            lines.append(f"c{c},pot {c % 2},{start + int(rng.integers(20, 300))},40\n")
    path = file(tmp_path, "o.csv", "customer,product,day,margin\n" + "".join(lines))
    found = rows(
        "offers",
        path,
        "--customer",
        "customer",
        "--item",
        "product",
        "--date",
        "day",
        "--contribution",
        "margin",
        "--until",
        "2024-10-01",
        "--most",
        "1",
    )
    assert found
    for row in found:
        assert row["product"][-1] == row["because_of"][-1]
        assert row["expected"] == pytest.approx(row["probability"] * row["contribution"])


def test_bridge_adds_up(tmp_path):
    before = file(tmp_path, "a.csv", "c,v\n1,100\n2,50\n3,30.10\n")
    after = file(tmp_path, "b.csv", "c,v,same\n1,120,110\n2,45,45\n4,10,10\n5,,\n")
    words = ("bridge", before, after, "--customer", "c", "--value", "v", "--former-model", "same")
    found = {row["part"]: row["value"] for row in rows(*words)}
    assert found["start"] == 180.1
    assert found["end"] == 175
    assert found["model_change"] == 10
    assert found["lost"] == -30.1
    parts = [v for k, v in found.items() if k not in ("start", "end")]
    assert round(found["start"] + sum(parts), 2) == found["end"]
    each = rows(*words, "--by-customer")
    assert [row["part"] for row in each] == ["grown", "shrunk", "lost", "new", "dormant"]


def test_bridge_names_file_and_line(tmp_path):
    good = file(tmp_path, "a.csv", "c,v\n1,100\n")
    bad = file(tmp_path, "b.csv", "c,v\n1,much\n")
    words = ("--customer", "c", "--value", "v")
    assert f"{bad}, line 2, column 'v'" in run("bridge", good, bad, *words).stderr
    assert f"{bad}, line 2, column 'v'" in run("bridge", bad, good, *words).stderr
    twice = file(tmp_path, "t.csv", "c,v\n1,1\n1,2\n")
    assert "stands twice" in run("bridge", good, twice, *words).stderr


def test_cohorts_add_up_to_all_amounts(orders):
    found = rows("cohorts", orders, *NAMED)
    total = sum(pq.read_table(orders).column("amount").to_pylist())
    assert sum(row["value"] for row in found) == pytest.approx(total)
    assert found[0]["first_month"] == "2024-01"


def test_rhythm_gives_a_date_with_its_interval(orders):
    found = rows("rhythm", orders, *NAMED)
    assert len(found) == 300
    for row in found:
        if row["high_on"]:
            assert "2025-06-30" <= row["low_on"] <= row["expected_on"] <= row["high_on"]
        assert 0 <= row["overdue"] <= 1


def test_survival_falls(orders):
    found = rows("survival", orders, *NAMED, "--silent", "6m")
    left = [row["survival"] for row in found]
    assert left == sorted(left, reverse=True)
    assert all(row["low"] <= row["survival"] <= row["high"] for row in found)
    assert "count as lost" in run("survival", orders, *NAMED).stderr


def test_winback_says_why(tmp_path):
    path = file(
        tmp_path,
        "l.csv",
        "c,v,why,on\nA,1000,price,2025-01-01\nB,1000,insolvent,2025-01-01\nC,900,moon,2025-01-01\n",
    )
    words = (
        "winback",
        path,
        "--customer",
        "c",
        "--second-value",
        "v",
        "--cause",
        "why",
        "--lost-on",
        "on",
        "--on",
        "2025-01-01",
        "--cost-of-attempt",
        "20",
    )
    found = {row["customer"]: row for row in rows(*words, "--recoverability", "price=0.5")}
    assert found["A"]["gain"] == 480
    assert found["A"]["win_back"] is True
    assert found["B"]["reason"] == "not_recoverable"
    assert "moon" in run(*words).stderr
    assert "price=0.3" in run(*words, "--recoverability", "price").stderr


def test_whatif_rises_with_the_points(orders):
    found = rows("whatif", orders, *NAMED, "--draws", "8")
    changes = [row["change"] for row in found]
    assert changes == sorted(changes)
    assert all(row["low"] <= row["high"] for row in found)
    assert "literature" in run("whatif", orders, *NAMED, "--draws", "0").stderr
    missing = run("whatif", orders, "--customer", "customer", "--date", "day")
    assert "--amount" in missing.stderr


def test_payback_by_source(tmp_path):
    path = file(
        tmp_path,
        "o.csv",
        "c,day,margin,source\nA,2025-01-01,30,fair\nA,2025-02-20,30,web\n"
        "B,2025-01-01,10,web\nB,2025-06-01,1,web\n",
    )
    spent = file(tmp_path, "c.csv", "source,cost\nfair,40\nfair,5\nweb,500\n")
    found = rows(
        "payback",
        path,
        "--customer",
        "c",
        "--date",
        "day",
        "--amount",
        "margin",
        "--source",
        "source",
        "--costs",
        spent,
    )
    assert [(row["source"], row["cost"]) for row in found] == [("fair", 45), ("web", 500)]
    assert found[0]["months_to_payback"] == pytest.approx(1.5)
    assert found[1]["months_to_payback"] is None


def test_costs_land_exactly_and_say_why(tmp_path):
    lines = "".join(f"c{k},2025-01-0{k % 9 + 1},{100 + k}\n" for k in range(30))
    path = file(tmp_path, "o.csv", "customer,day,amount\n" + lines)
    done = file(
        tmp_path,
        "a.csv",
        "customer,date,kind,quantity\nc3,2025-01-05,visit,9\n"
        "c4,2025-01-05,visit,0.1\nc5,2025-01-05,party,1\n",
    )
    rates = file(tmp_path, "r.csv", "kind,rate\nvisit,20\n")
    totals = file(
        tmp_path,
        "t.csv",
        "kind,amount,first,last,rule\nfreight,100.01,2025-01-01,2025-01-09,equal\n",
    )
    words = ("costs", path, *NAMED, "--activities", done, "--rates", rates, "--totals", totals)
    found = {row["customer"]: row for row in rows(*words)}
    assert round(sum(row["cost_freight"] for row in found.values()), 2) == 100.01
    assert found["c3"]["cost_visit"] == 180
    assert found["c3"]["realised_value"] < 0
    assert found["c3"]["because"].startswith("visit +")
    assert found["c4"]["because"] == ""
    said = run(*words).stderr
    assert "1 activities of kind party have no rate" in said
    assert "1 destroy" in said
    assert "belong together" in run("costs", path, *NAMED, "--rates", rates).stderr


def test_payments_count_what_is_open(tmp_path):
    path = file(
        tmp_path,
        "i.csv",
        "c,due,paid,amount\nA,2025-01-01,2025-01-11,100\nA,2025-01-01,,365.25\nB,2025-01-01,2024-12-30,9\n",
    )
    words = ("--customer", "c", "--due", "due", "--paid", "paid", "--amount", "amount")
    found = rows("payments", path, *words, "--on", "2025-01-11", "--capital-rate", "0.1")
    assert found[0]["cost"] == pytest.approx((100 + 365.25) * 10 * 0.1 / 365.25)
    assert [row["overdue"] for row in found] == [365.25, 0]
    assert found[1]["share_on_time"] == 1


def test_tenure_adds_up(tmp_path):
    path = file(
        tmp_path,
        "o.csv",
        "c,day,margin,off,serve\nA,2022-01-01,100,10,20\nA,2023-02-01,150,5,\nA,2024-02-01,1,,\n",
    )
    words = ("tenure", path, "--customer", "c", "--date", "day", "--amount", "margin")
    found = rows(*words, "--discount", "off", "--serving", "serve", "--acquisition-cost", "30")
    assert found[0]["profit"] == 70
    assert found[1]["growth"] == 50
    assert found[1]["lower_cost"] == 20
    assert found[1]["smaller_discounts"] == 5
    assert found[1]["against_new"] == 70 + 75 + 30


def test_lookalikes_say_in_what(tmp_path):
    lines = "".join(f"c{k},{int(k < 6)},{50 + k % 3 if k < 7 else k},{k % 2}\n" for k in range(20))
    path = file(tmp_path, "f.csv", "c,best,staff,odd\n" + lines)
    words = ("--customer", "c", "--best", "best", "--feature", "staff", "--feature", "odd")
    found = rows("lookalikes", path, *words)
    assert found[0]["customer"] == "c6"
    assert found[0]["because"].startswith("staff")
    few = file(tmp_path, "g.csv", "c,best,staff,odd\na,1,2,3\n")
    assert "at least 5" in run("lookalikes", few, *words).stderr


def test_equity_with_and_without_acquisition(tmp_path):
    path = file(tmp_path, "v.csv", "c,v\na,100\nb,\nc,50\n")
    words = ("equity", path, "--value", "v", "--won-per-month", "1", "--value-of-new", "30")
    found = rows(*words, "--acquisition-cost", "10", "--months", "12", "--annual-rate", "0")
    assert found["customers"] == 2
    assert found["equity"] == 150
    assert found["equity_with_acquisition"] == pytest.approx(390)


def test_sequences_of_products(tmp_path):
    lines = "".join(
        f"c{k},tea,2025-01-01\nc{k},{'pot' if k < 6 else 'cup'},2025-03-0{k % 9 + 1}\n"
        for k in range(9)
    )
    path = file(tmp_path, "o.csv", "c,p,d\n" + lines)
    words = ("--customer", "c", "--item", "p", "--date", "d", "--until", "2025-12-31")
    found = rows("sequences", path, *words)
    assert (found[0]["after"], found[0]["bought"], found[0]["customers"]) == ("tea", "pot", 6)
    assert found[0]["share"] == pytest.approx(6 / 9)


def test_information_is_an_estimate(tmp_path):
    path = file(tmp_path, "i.csv", "c,kind,n\nA,idea,2\nB,rumour,1\n")
    points = file(tmp_path, "p.csv", "kind,points\nidea,5\n")
    words = ("information", path, "--customer", "c", "--kind", "kind", "--quantity", "n")
    words += ("--points", points, "--rate", "10")
    found = rows(*words)
    assert [row["information_value"] for row in found] == [100, 0]
    assert found[0]["is_estimate"] is True
    assert "rumour" in run(*words).stderr


def test_concentration_year_by_year(orders):
    found = rows("concentration", orders, *NAMED, "--years", "4", "--until", "2025-06-30")
    assert [row["until"] for row in found][-1] == "2025-06-30"
    assert all(0 <= row["gini"] <= 1 for row in found)
    assert len(found) == 2
