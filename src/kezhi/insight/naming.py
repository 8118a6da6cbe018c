"""What people call the engine's keys: indices, measures, models, stages of work, warnings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

Label = str | Promise

INDICES: dict[str, Label] = {
    "current": pgettext_lazy("index", "Current value"),
    "contribution": pgettext_lazy("index", "Contribution, 12 months"),
    "continuation": pgettext_lazy("index", "Continuation value"),
    "payment": pgettext_lazy("index", "Payment behaviour"),
    "growth": pgettext_lazy("index", "Growth potential"),
    "wallet_gap": pgettext_lazy("index", "Wallet gap"),
    "cross_sell": pgettext_lazy("index", "Cross-sell and up-sell"),
    "trend_of_spend": pgettext_lazy("index", "Trend of spend"),
    "loyalty": pgettext_lazy("index", "Loyalty"),
    "tenure": pgettext_lazy("index", "Years as a customer"),
    "next_purchase": pgettext_lazy("index", "Purchase within 12 months"),
    "satisfaction": pgettext_lazy("index", "Satisfaction"),
    "influence": pgettext_lazy("index", "Influence"),
    "referral": pgettext_lazy("index", "Referrals"),
    "reputation": pgettext_lazy("index", "Reputation"),
    "information": pgettext_lazy("index", "Information"),
}

MEASURES: dict[str, Label] = {
    "occasions": gettext_lazy("Purchase occasions"),
    "repeats": gettext_lazy("Repeat purchases"),
    "tenure_months": gettext_lazy("Months since the first purchase"),
    "mean_interval_days": gettext_lazy("Days between purchases"),
    "overdue_ratio": gettext_lazy("Overdue against own rhythm"),
    "p_alive": gettext_lazy("P(alive)"),
    "p_purchase_12m": gettext_lazy("P(≥ 1 purchase in 12 months)"),
    "expected_purchases": gettext_lazy("Expected purchases within the horizon"),
    "expected_spend": gettext_lazy("Expected spend per purchase"),
    "trend_of_spend": gettext_lazy("Trend of spend (−1 to 1)"),
    "total": gettext_lazy("Revenue so far"),
    "revenue_12m": gettext_lazy("Revenue, 12 months"),
    "contribution_12m": gettext_lazy("Contribution, 12 months"),
    "realised_value": gettext_lazy("Realised value"),
    "continuation_value": gettext_lazy("Continuation value"),
    "potential_value": gettext_lazy("Potential value"),
    "current_value": gettext_lazy("Current value"),
    "growth_value": gettext_lazy("Growth potential"),
    "value_at_risk": gettext_lazy("Value at risk"),
    "return_rate": gettext_lazy("Share of returns"),
}

MODELS: dict[str, Label] = {
    "auto": gettext_lazy("Chosen on a hold-out"),
    "bg-nbd": "BG/NBD",
    "mbg-nbd": "MBG/NBD",
    "naive": gettext_lazy("The past rate goes on"),
    "gamma-gamma": "Gamma-Gamma",
}

QUADRANTS: dict[str, Label] = {
    "grow": gettext_lazy("Deepen"),
    "keep": gettext_lazy("Hold"),
    "nurture": gettext_lazy("Nurture"),
    "self_service": gettext_lazy("Self-service"),
}

STAGES_OF_WORK: dict[str, Label] = {
    "facts": gettext_lazy("Reading orders and costs"),
    "summary": gettext_lazy("Summarising what customers bought"),
    "realised": gettext_lazy("Working out realised value"),
    "choose": gettext_lazy("Choosing the model on a hold-out"),
    "fit": gettext_lazy("Fitting the model"),
    "continuation": gettext_lazy("Working out continuation value"),
    "index": gettext_lazy("Scores, tiers and classes"),
    "run": gettext_lazy("Figures of the run"),
    "publish": gettext_lazy("Publishing"),
    "done": pgettext_lazy("value run", "Published"),
}


def index_label(name: str) -> Label:
    """The name of an index of the default tree; an index of the company's own is called as it is."""
    return INDICES.get(name, name)


def measure_label(name: str) -> Label:
    return MEASURES.get(name, name)


def model_label(key: str) -> Label:
    return MODELS.get(key, key)


def quadrant_label(key: str) -> Label:
    return QUADRANTS.get(key, key)


def stage_of_work(key: str, past: date | None = None) -> str:
    """What the run does now, in the language of the moment; `past`: the month end it measures."""
    stage = str(STAGES_OF_WORK.get(key, key))
    if past is None:
        return stage
    month = date_format(past, "YEAR_MONTH_FORMAT")
    return _("%(month)s: %(stage)s") % {"month": month, "stage": stage}


def warning_text(warning: Mapping[str, Any]) -> str:
    """A warning of a run as a sentence; one that this version doesn't know keeps the engine's words."""
    sentence = WARNINGS.get(str(warning.get("key", "")))
    if sentence is None:
        return str(warning.get("detail") or warning.get("key", ""))
    return str(sentence)


WARNINGS: dict[str, Label] = {}
