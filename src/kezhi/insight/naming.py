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

# What rules of classes may ask for: measures that the engine knows of each customer.
MEASURES: dict[str, Label] = {
    "occasions": gettext_lazy("Purchase occasions"),
    "repeats": gettext_lazy("Repeat purchases"),
    "tenure_months": gettext_lazy("Months since the first purchase"),
    "mean_interval_days": gettext_lazy("Days between purchases"),
    "overdue_ratio": gettext_lazy("Overdue against own rhythm"),
    "p_alive": gettext_lazy("P(alive)"),
    "p_purchase_12m": gettext_lazy("P(≥ 1 purchase in 12 months)"),
    "expected_purchases": gettext_lazy("Expected purchases within the horizon"),
    "mean_spend": gettext_lazy("Mean spend of repeat purchases"),
    "days_since_last": gettext_lazy("Days since the last purchase"),
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

# What only an index may read: nothing feeds it unless a company does.
FURTHER: dict[str, Label] = {
    "payment_behaviour": INDICES["payment"],
    "wallet_gap": INDICES["wallet_gap"],
    "cross_sell": INDICES["cross_sell"],
    "satisfaction": INDICES["satisfaction"],
    "referral_value": INDICES["referral"],
    "reputation": gettext_lazy("Readiness to recommend us, 0 to 100"),
    "information_value": INDICES["information"],
}

MODELS: dict[str, Label] = {
    "auto": gettext_lazy("Chosen on a hold-out"),
    "bg-nbd": "BG/NBD",
    "mbg-nbd": "MBG/NBD",
    "pareto-nbd": "Pareto/NBD",
    "ggom-nbd": "GGom/NBD",
    "nbd": "NBD",
    "mbg-cnbd-k": "MBG/CNBD-k",
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


def measures() -> dict[str, Label]:
    """What an index may measure, by its name in the engine."""
    return {**MEASURES, **FURTHER}


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
    """A warning of a run as a sentence; a key that this version doesn't know stands for itself."""
    key, detail = str(warning.get("key", "")), dict(warning.get("detail") or {})
    if key not in WARNINGS:
        return key
    detail["model"] = str(model_label(str(detail.get("model", ""))))
    detail["for_p_alive"] = str(model_label(str(detail.get("for_p_alive", ""))))
    if isinstance(detail.get("correlation"), float):
        detail["correlation"] = f"{detail['correlation']:.2f}"
    return str(WARNINGS[key]) % detail


WARNINGS: dict[str, Label] = {
    "no_buyers": gettext_lazy(
        "Nobody has bought anything until this day: there is no value to measure."
    ),
    "few_customers": gettext_lazy(
        "Only %(buyers)s customers have bought. With fewer than 30 the model knows little: take the "
        "predictions as rough."
    ),
    "later_lines": gettext_lazy(
        "%(lines)s order lines are dated after the day of the run and were left out."
    ),
    "no_model": gettext_lazy(
        "No purchase model could be fitted to these orders. Expected purchases carry on the past rate, and "
        "P(alive) is not measured."
    ),
    "history_too_short": gettext_lazy(
        "The history is too short to test models on a hold-out; %(model)s was taken without a test."
    ),
    "naive_wins": gettext_lazy(
        "On the hold-out, carrying on the past rate foretold purchases best, so it is used for value. "
        "P(alive) comes from %(for_p_alive)s."
    ),
    "season_unknown": gettext_lazy(
        "The history is too short to tell seasons from growth: it takes two whole years. Time was counted by "
        "the calendar."
    ),
    "weak_penalty": gettext_lazy(
        "The data hardly determine the model: it was held near usual parameters by a weak penalty."
    ),
    "flat": gettext_lazy(
        "The data don't determine all parameters of %(model)s: they show no standard error."
    ),
    "pareto_limit": gettext_lazy(
        "Customers don't leave the sooner the longer they have been customers: %(model)s comes down to "
        "Pareto/NBD here."
    ),
    "no_dropout": gettext_lazy(
        "The data show no customers leaving: P(alive) of %(model)s stays near 1."
    ),
    "no_heterogeneity": gettext_lazy(
        "Customers hardly differ in how often they buy: %(model)s has little to learn from one customer about "
        "the next."
    ),
    "dropout_not_identified": gettext_lazy(
        "The orders don't tell how customers leave: P(alive) of %(model)s is uncertain."
    ),
    "growth_few": gettext_lazy(
        "Growth potential compares only %(customers)s customers: its intervals are wide, and one customer more "
        "may move it."
    ),
    "spend_fallback": gettext_lazy(
        "Gamma-Gamma doesn't fit the amounts here: expected spend is each customer's mean, drawn towards the "
        "mean of all."
    ),
    "spend_depends_on_frequency": gettext_lazy(
        "Who buys more often spends differently per purchase (correlation %(correlation)s). Gamma-Gamma takes "
        "the two as independent: continuation value of frequent buyers may be off."
    ),
    "margin_estimated": gettext_lazy(
        "%(customers)s customers have order lines without cost of goods: a margin rate stood in, and their "
        "realised value is an estimate."
    ),
}
