"""How a customer's growth potential came about: whom it is compared with, and how often such gaps close."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kezhi.customers.models import Customer
from kezhi.insight.contests import ATTRIBUTES, segment_label
from kezhi.insight.explaining import Explained
from kezhi.insight.models import Snapshot
from kezhi.insight.prospects import ATTRIBUTES as OF_PEERS
from kezhi.records import Condition, registry
from kezhi.value.wallet.winning import EDGES, place_of
from kezhi.web import numbers

Told = tuple[str, Any, str, bool]
"""What went in: label, figure, where that one is explained, whether it is foretold."""


def formula(found: Explained) -> str:
    """In words."""
    months = numbers.number(found.rules.horizon_months, 0, plain=True)
    rate = numbers.percent(found.rules.annual_rate, 1, plain=True)
    return _(
        "The gap (what the customer could spend a year, less what it spent or is expected to spend, whichever "
        "is more) × the probability that such a gap closes × own gross margin × the years the customer "
        "probably stays within %(months)s months, discounted at %(rate)s a year. Offers are ways to close the "
        "gap: they count only where more is expected of them than that."
    ) % {"months": months, "rate": rate}


def lines(found: Explained, customer: Customer, revenue: Told) -> Iterator[Told]:
    """What went in, with the peers behind it."""
    snapshot = found.snapshot
    told = found.run.summary.get("growth") or {}
    if snapshot.wallet is not None:
        label = (
            _("Yearly demand that the customer stated")
            if customer.yearly_demand is not None
            else _("What customers alike spend a year at most")
        )
        yield label, numbers.money(snapshot.wallet), "", customer.yearly_demand is None
        yield revenue
    if snapshot.wallet_gap is not None:
        label = _("Gap a year")
        if snapshot.wallet_basis == "asked":
            label = _("Gap a year, by the open needs at list prices")
        yield label, numbers.money(snapshot.wallet_gap), "", True
    if snapshot.win_probability is not None:
        yield (
            _("Probability that it closes"),
            numbers.probability(snapshot.win_probability),
            "",
            True,
        )
    if snapshot.margin_rate is not None:
        yield _("Own gross margin"), numbers.percent(snapshot.margin_rate, 1), "", False
    if snapshot.growth_offers is not None:
        yield (
            _("Expected of the open offers, beyond what new products get anyway"),
            numbers.money(snapshot.growth_offers),
            "",
            True,
        )
    if snapshot.wallet is not None and customer.yearly_demand is None:
        yield from _peers(told, customer)


def _peers(told: dict[str, Any], customer: Customer) -> Iterator[Told]:
    frontier = told.get("frontier") or {}
    factors = {(e["attribute"], e["level"]): e for e in frontier.get("effects", ())}
    for name in OF_PEERS:
        own = getattr(customer, name)
        effect = factors.get((name, own))
        if effect is None:
            continue
        shown = _("%(factor)s × all others, from %(customers)s customers") % {
            "factor": numbers.number(effect["factor"], 2, plain=True),
            "customers": numbers.number(effect["customers"], plain=True),
        }
        href = registry["customer"].list_url(Condition(name, "eq", own), sort="-revenue_12m")
        words = {"attribute": ATTRIBUTES[name], "level": segment_label(name, own)}
        yield _("%(attribute)s: %(level)s") % words, shown, href, False


def intervals(found: Explained) -> Iterator[Told]:
    """How sure the mean is."""
    snapshot = found.snapshot
    if snapshot.growth_low is None:
        return
    level = numbers.percent(found.rules.interval_level, plain=True)
    ends = {
        "low": numbers.money(snapshot.growth_low, plain=True),
        "high": numbers.money(snapshot.growth_high, plain=True),
    }
    label = _("%(level)s interval of the mean: how sure the frontier and the probability are")
    yield label % {"level": level}, _("%(low)s–%(high)s") % ends, "", True


def changes(found: Explained, customer: Customer) -> Iterator[str]:
    """What would move it, and what it rests on."""
    snapshot = found.snapshot
    step = _step(found, snapshot)
    if step is not None:
        sentence = ngettext(
            "Of %(customers)s customer with such a gap a year ago, %(won)s spent as much as the frontier "
            "since; with few, all customers with a gap are counted in.",
            "Of %(customers)s customers with such a gap a year ago, %(won)s spent as much as the frontier "
            "since; with few, all customers with a gap are counted in.",
            step["customers"],
        )
        yield sentence % {
            "customers": numbers.number(step["customers"], plain=True),
            "won": numbers.number(step["won"], plain=True),
        }
    if customer.yearly_demand is None:
        yield _(
            "Ask the customer what it buys a year from everybody and type it in as yearly demand: it takes the "
            "place of the comparison with others."
        )
    if not customer.industry or not customer.region:
        yield _("Industry and region tell the peers: fill them in where they are missing.")
    yield _("An open need with product and quantity is the least that the gap comes to.")
    yield _("What the customer buys more closes the gap: growth becomes continuation.")


def _step(found: Explained, snapshot: Snapshot) -> dict[str, Any] | None:
    winning = (found.run.summary.get("growth") or {}).get("winning")
    if not winning or not snapshot.wallet or snapshot.win_probability is None:
        return None
    now = max(snapshot.wallet - (snapshot.wallet_gap or 0.0), 0.0)
    place = int(place_of([now / snapshot.wallet])[0])
    steps = winning["steps"]
    return steps[place] if place < len(EDGES) and place < len(steps) else None
