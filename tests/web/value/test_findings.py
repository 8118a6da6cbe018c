"""Findings: sentences built from numbers, right in number and grammar in both languages."""

from datetime import date
from types import SimpleNamespace

import pytest
from django.utils.translation import override
from markupsafe import Markup

from kezhi.customers.models.standing import Stage
from kezhi.insight.figures import (
    CohortRow,
    CohortTable,
    Figure,
    Flow,
    FlowLink,
    Matrix,
    MatrixCell,
    NamedShare,
    Pareto,
    Rfm,
    RfmCell,
    TrendPoint,
)
from kezhi.web.value import findings

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh-hans"])


def read(sentence):
    return " ".join(Markup(sentence).striptags().split())


def a_pareto(**changes):
    known = {
        "points": ((0.0, 0.0), (0.18, 0.76), (1.0, 1.0)),
        "customers": 1284,
        "total": 62_180_000.0,
        "elbow": (0.18, 0.76),
        "elbow_customers": 231,
        "marginal": 14_000.0,
        "gini": 0.71,
        "hhi": 0.01,
        "top_shares": {10: 0.6},
        "top_ten_share": 0.21,
        "reaching_80": 0.2,
        "peak": 1.0,
        "largest": (NamedShare(1, "安徽茶业", 1.0, 0.034),),
    }
    return Pareto(**{**known, **changes})


def a_strip(at_risk):
    return SimpleNamespace(value_at_risk=Figure(at_risk))


def test_the_headline_names_the_spread_and_the_danger():
    with override("en"):
        assert read(findings.headline(a_strip(10_940_000), a_pareto())) == (
            "20% of the customers bring 80% of the contribution; ¥10.9M of value is at risk"
        )
    with override("zh-hans"):
        assert read(findings.headline(a_strip(10_940_000), a_pareto())) == (
            "20% 的客户带来 80% 的贡献，另有 ¥1,094 万客户价值面临流失"
        )


@LANGUAGES
def test_without_danger_the_headline_says_only_the_spread(language):
    with override(language):
        told = read(findings.headline(a_strip(0), a_pareto()))
    assert "80%" in told
    assert "¥" not in told


def test_without_numbers_nothing_is_claimed():
    nothing = a_pareto(
        elbow=None, marginal=None, reaching_80=None, largest=(), top_ten_share=None, gini=None
    )
    assert findings.headline(a_strip(None), nothing) == ""
    assert findings.pareto(nothing) == ""
    assert findings.concentration(nothing) == ""
    assert findings.matrix(a_matrix(0, 0)) == ""
    assert findings.cohorts(CohortTable("month", 8, ()), []) == ""
    assert findings.flow(a_flow()) == ""
    assert findings.asset(()) == ""


def test_the_curve_says_what_one_more_customer_brings_or_costs():
    with override("en"):
        assert read(findings.pareto(a_pareto())) == (
            "After the best 231 customers, each further one adds ¥14K"
        )
        assert read(findings.pareto(a_pareto(marginal=-654.0))) == (
            "After the best 231 customers, each further one costs ¥654 more than it brings"
        )
    with override("zh-hans"):
        assert read(findings.pareto(a_pareto())) == "前 231 家客户之后，每多服务 1 家只增加 ¥1.4 万"


def a_matrix(keep, at_risk, up="potential_value"):
    cells = tuple(
        MatrixCell(name, keep if name == "keep" else 5, 1.0, 1.0, at_risk)
        for name in ("grow", "keep", "nurture", "self_service")
    )
    return Matrix("current_value", up, (), cells, 50.0, 50.0, 20, 0)


@pytest.mark.parametrize(
    ("customers", "at_risk", "told"),
    [
        (1, 0, "1 customer brings much today, but little is expected to come"),
        (24, 0, "24 customers bring much today, but little is expected to come"),
        (
            24,
            4,
            "24 customers bring much today, but little is expected to come; P(alive) is below 0.6 for "
            "4 of them",
        ),
    ],
)
def test_the_matrix_counts_in_the_right_number(customers, at_risk, told):
    with override("en"):
        assert read(findings.matrix(a_matrix(customers, at_risk))) == told


def test_the_matrix_tells_of_what_stands_up():
    with override("en"):
        told = [read(findings.matrix(a_matrix(24, risk, "growth_value"))) for risk in (0, 4)]
    assert told == [
        "24 customers bring much today, but could add little",
        "24 customers bring much today, but could add little; P(alive) is below 0.6 for 4 of them",
    ]


def an_rfm(**customers):
    """`an_rfm(r1f5=(3, 200.0))`: customers and contribution of single cells."""
    cells = []
    for recency in range(5, 0, -1):
        for frequency in range(5, 0, -1):
            count, amount = customers.get(f"r{recency}f{frequency}", (0, 0.0))
            cells.append(RfmCell(recency, frequency, count, None, 0.0, amount, 0.0))
    return Rfm(tuple(cells), sum(cell.customers for cell in cells))


def test_frequent_buyers_who_went_quiet_are_counted():
    grid = an_rfm(r1f5=(3, -2_000.0), r2f4=(9, 50_000.0), r5f5=(1, 152_000.0), r3f3=(7, 0.0))
    with override("en"):
        assert read(findings.rfm(grid)) == (
            "12 frequent buyers have gone quiet; they brought ¥48K in 12 months"
        )
        assert read(findings.rfm(an_rfm(r1f4=(1, 0.0)))) == (
            "1 frequent buyer has gone quiet and brought nothing in 12 months"
        )
        assert read(findings.rfm_best(grid)) == (
            "1 customer who buys often and bought lately brings 76% of the contribution"
        )
    with override("zh-hans"):
        assert read(findings.rfm(grid)) == "12 家常购客户近来没有购买，近 12 月贡献 ¥4.8 万"
    assert findings.rfm(an_rfm()) == findings.rfm_best(an_rfm(r5f5=(3, 0.0))) == ""


def test_the_weakest_intake_is_named():
    rows = tuple(
        CohortRow(date(2025, month, 1), date(2025, month + 2, 28), 40, (0.9, 0.8, share))
        for month, share in ((1, 0.7), (4, 0.58), (7, None))
    )
    table = CohortTable("month", 3, rows)
    with override("en"):
        told = read(findings.cohorts(table, ["2025 Q1", "2025 Q2", "2025 Q3"]))
    assert told == "Of the customers won in 2025 Q2 the fewest came back: 58% in the third month"


def a_flow(*links):
    found = tuple(FlowLink(before, after, count, 0.0) for before, after, count in links)
    return Flow(date(2025, 11, 20), date(2026, 11, 20), (), (), found)


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, "Since 20 Nov 2025 1 healthy customer went into decline"),
        (61, "Since 20 Nov 2025 61 healthy customers went into decline"),
    ],
)
def test_the_flow_counts_who_slid(count, told):
    with override("en"):
        assert read(findings.flow(a_flow((Stage.STABLE, Stage.DECLINE, count)))) == told


def test_the_flow_counts_the_lost_when_nobody_slid():
    with override("zh-hans"):
        told = read(findings.flow(a_flow((Stage.DECLINE, Stage.LOST, 3))))
    assert told == "2025-11-20 以来流失了 3 家客户"


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (120.0, "The customer asset has grown by 20.0% since 20 Nov 2025"),
        (90.0, "The customer asset has shrunk by 10.0% since 20 Nov 2025"),
    ],
)
def test_the_trend_says_its_direction(last, told):
    points = tuple(
        TrendPoint(day, 10, asset, 1.0, 1.0, 1.0)
        for day, asset in ((date(2025, 11, 20), 100.0), (date(2026, 11, 20), last))
    )
    with override("en"):
        assert read(findings.asset(points)) == told


def test_a_name_in_a_finding_is_escaped():
    evil = a_pareto(largest=(NamedShare(1, "<b>茶</b>", 1.0, 0.5),))
    assert "<b>" not in findings.concentration(evil)
