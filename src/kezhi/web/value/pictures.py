"""The dashboard's figures as the chart components read them, each part with the list behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from kezhi.customers.models.standing import Stage
from kezhi.insight import figures, naming
from kezhi.records import Condition, registry
from kezhi.web import numbers

# Colours by what a stage means; the names of the classes are those of charts.js.
TONES = {
    "": "new",
    Stage.EXPLORATION: "new",
    Stage.BUILD_UP: "growing",
    Stage.STABLE: "mature",
    Stage.DECLINE: "declining",
    Stage.LOST: "lost",
}
MARGIN = 3  # room for the largest bubbles inside the frame
NOT_YET = gettext_lazy("not a customer yet")


def customers(*conditions: Condition, sort: str = "") -> str:
    """The list behind a figure."""
    return registry["customer"].list_url(*conditions, sort=sort)


def by_tier(tier: str) -> str:
    return customers(Condition("tier", "eq", tier))


def by_quadrant(quadrant: str) -> str:
    return customers(Condition("quadrant", "eq", quadrant), sort="-current_value")


def by_stage(stage: str) -> str:
    return customers(Condition("stage", "eq", stage))


def quiet_regulars(bins: int) -> str:
    """Who bought often but not lately."""
    return customers(
        Condition("recency_score", "lte", str(figures.quiet_to(bins))),
        Condition("frequency_score", "gte", str(figures.frequent_from(bins))),
        sort="-contribution_12m",
    )


def by_scores(recency: int, frequency: int) -> str:
    return customers(
        Condition("recency_score", "eq", str(recency)),
        Condition("frequency_score", "eq", str(frequency)),
        sort="-contribution_12m",
    )


def at_stake() -> str:
    return customers(Condition("value_at_risk", "gt", "0"), sort="-value_at_risk")


def by_cohort(row: figures.CohortRow) -> str:
    return customers(
        Condition("first_order_on", "gte", row.starts_on.isoformat()),
        Condition("first_order_on", "lte", row.until_on.isoformat()),
        sort="-first_order_on",
    )


def pyramid(picture: figures.Pyramid) -> list[dict[str, Any]]:
    return [
        {
            "tier": step.tier,
            "count": step.customers,
            "share": step.contribution_share,
            "amount": numbers.money(step.contribution),
            "href": by_tier(step.tier),
        }
        for step in picture.steps
    ]


def pareto(curve: figures.Pareto) -> dict[str, Any]:
    points = [[round(x * 100, 2), round(y * 100, 2)] for x, y in curve.points]
    if not points or points[0] != [0, 0]:
        points.insert(0, [0, 0])
    drawn: dict[str, Any] = {
        "points": points,
        "href": customers(sort="-contribution_12m"),
    }
    if curve.elbow is not None:
        x, y = curve.elbow
        label = _("%(customers)s of customers · %(worth)s") % {
            "customers": numbers.percent(x, plain=True),
            "worth": numbers.percent(y, plain=True),
        }
        drawn["mark"] = {"x": round(x * 100, 2), "y": round(y * 100, 2), "label": label}
    return drawn


def matrix(picture: figures.Matrix) -> dict[str, Any]:
    corners = [naming.quadrant_label(key) for key in ("nurture", "grow", "self_service", "keep")]
    if picture.up == "growth_value":
        tip = _("Current value %(now)s · growth potential %(ahead)s · P(alive) %(alive)s")
    elif picture.across == "contribution_12m":
        tip = _("Contribution, 12 months %(now)s · potential %(ahead)s · P(alive) %(alive)s")
    else:
        tip = _("Current value %(now)s · potential %(ahead)s · P(alive) %(alive)s")
    x, y = _ranks([point.x for point in picture.points]), _ranks([p.y for p in picture.points])
    return {
        "points": [
            _point(point, across, up, tip)
            for point, across, up in zip(picture.points, x, y, strict=True)
        ],
        "corners": [str(corner) for corner in corners],
        "x_label": (
            _("Contribution, 12 months, rank among those shown")
            if picture.across == "contribution_12m"
            else _("Current value, rank among those shown")
        ),
        "y_label": (
            _("Growth potential, rank among those shown")
            if picture.up == "growth_value"
            else _("Potential, rank among those shown")
        ),
        "split": [
            _border(x, [point.x >= picture.x_border for point in picture.points]),
            _border(y, [point.y >= picture.y_border for point in picture.points]),
        ],
        "max": 100,
    }


def _ranks(positions: Sequence[float]) -> list[float]:
    """0 to 100 in the order of the positions: half of those shown are the best, who would lie on a heap."""
    last = max(1, len(positions) - 1)
    order = sorted(range(len(positions)), key=lambda place: positions[place])
    ranks = [0.0] * len(positions)
    for rank, place in enumerate(order):
        ranks[place] = round(MARGIN + (100 - 2 * MARGIN) * rank / last, 1)
    return ranks


def _border(ranks: Sequence[float], is_above: Sequence[bool]) -> float:
    """Where the line between low and high lies among the ranks."""
    low = max((rank for rank, above in zip(ranks, is_above, strict=True) if not above), default=0.0)
    high = min((rank for rank, above in zip(ranks, is_above, strict=True) if above), default=100.0)
    return round((low + high) / 2, 1)


def _point(point: figures.MatrixPoint, across: float, up: float, tip: str) -> dict[str, Any]:
    shown = {
        "now": numbers.money(point.now, plain=True),
        "ahead": numbers.money(point.ahead, plain=True),
        "alive": numbers.probability(point.p_alive, plain=True),
    }
    return {
        "name": point.name,
        "x": across,
        "y": up,
        "size": max(0.0, float(point.current_value or 0)),
        "tier": point.tier,
        "risk": point.is_at_risk,
        "href": f"/customers/{point.customer_id}/",
        "tip": tip % shown,
    }


def rfm(picture: figures.Rfm) -> list[dict[str, Any]]:
    """A row for each recency, the latest first; frequency rises to the right."""
    return [
        {
            "label": recency,
            "cells": [
                _rfm_cell(picture.cell(recency, frequency))
                for frequency in range(1, picture.bins + 1)
            ],
        }
        for recency in range(picture.bins, 0, -1)
    ]


def _rfm_cell(cell: figures.RfmCell) -> dict[str, Any]:
    scores = {"recency": cell.recency, "frequency": cell.frequency}
    return {
        "shown": numbers.number(cell.customers),
        "note": numbers.money_column(cell.contribution_12m),
        "level": cell.contribution_12m if cell.customers else None,
        "href": by_scores(cell.recency, cell.frequency) if cell.customers else "",
        "label": _("Recency %(recency)s, frequency %(frequency)s") % scores,
    }


def flow(picture: figures.Flow) -> dict[str, Any]:
    nodes = [_node(node, "left") for node in picture.before if node.customers]
    nodes += [_node(node, "right") for node in picture.after if node.customers]
    return {"nodes": nodes, "links": [_link(link) for link in picture.links]}


def stage_label(name: str) -> str:
    return str(Stage(name).label) if name else str(NOT_YET)


def _node(node: figures.FlowNode, side: str) -> dict[str, Any]:
    return {
        "key": f"{side}-{node.name}",
        "name": stage_label(node.name),
        "side": side,
        "stage": TONES[node.name],
        "count": node.customers,
    }


def _link(link: figures.FlowLink) -> dict[str, Any]:
    tone = ""
    if link.after == Stage.LOST and link.before != Stage.LOST:
        tone = "risk"
    elif link.after == Stage.DECLINE and link.before in (Stage.STABLE, Stage.BUILD_UP):
        tone = "warn"
    tip = _("%(before)s → %(after)s: %(count)s customers, potential value %(amount)s") % {
        "before": stage_label(link.before),
        "after": stage_label(link.after),
        "count": numbers.number(link.customers, plain=True),
        "amount": numbers.money(link.potential_value, plain=True),
    }
    return {
        "source": f"left-{link.before}",
        "target": f"right-{link.after}",
        "count": link.customers,
        "tone": tone,
        "href": by_stage(link.after),
        "tip": tip,
    }


def trend(points: tuple[figures.TrendPoint, ...]) -> dict[str, Any]:
    def series(name: str, kind: str, data: list[float | None]) -> dict[str, Any]:
        return {"name": name, "data": data, "kind": kind, "end": name}

    return {
        "x": [numbers.day(point.as_of, plain=True) for point in points],
        "series": [
            series(_("Customer asset"), "predicted", [point.customer_asset for point in points]),
            series(
                pgettext("chart", "Contribution"),
                "fact",
                [point.contribution_12m for point in points],
            ),
            series(pgettext("chart", "At risk"), "cost", [point.value_at_risk for point in points]),
        ],
        "y_format": "number",
    }


def quarter(on: date) -> str:
    return f"{on.year} Q{(on.month + 2) // 3}"
