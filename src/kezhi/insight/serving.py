"""What serving customers costs beyond the entries of the ledger: rates of activities, and totals shared out.

Activities are counted from what is on record: visits, calls and messages on the timeline, and days on which a
customer ordered. Rates hold from a day on; the next value run prices everything by the rate of its day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from django.db import connection
from django.utils.translation import gettext as _

from kezhi.accounts.models import Company, person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight.copying import copied
from kezhi.insight.models import ActivityRate, CapitalRate, SharedCost
from kezhi.ledger.models import CostEntry
from kezhi.value.costs.activities import Bought, Total, serving_costs
from kezhi.value.reading import EPOCH

Array = np.ndarray[Any, Any]
Rate = TypeVar("Rate", ActivityRate, CapitalRate)

Activity, Driver = ActivityRate.Activity, SharedCost.Driver
MOST_RATE, MOST_MONEY = Decimal(10) ** 9, Decimal(10) ** 14
LONGEST_DAYS = 3660

# The day that it was at the company.
CONTACTS = """
    SELECT customer_id, (at AT TIME ZONE %s)::date - DATE '1970-01-01',
           CASE channel WHEN 'visit' THEN 0 WHEN 'call' THEN 1 ELSE 2 END::int, count(*)::int
    FROM customers_interaction WHERE channel IN ('visit', 'call', 'wechat', 'email') GROUP BY 1, 2, 3
"""
COUNTED = (Activity.VISIT, Activity.CALL, Activity.MESSAGE)


class InvalidCost(Refused):
    """`errors` says what to correct: field → sentence."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(next(iter(errors.values())))
        self.errors = errors


@audited("activity_rate.published")
def publish_rate(
    activity: str,
    rate: Decimal | None,
    *,
    actor: Actor,
    on: date,
    since_on: date | None,
    reason: str,
) -> ActivityRate:
    """What one such activity costs from `since_on` on; 0 ends it. Published again for the same day, it is
    replaced."""
    must_rule(actor)
    errors = {}
    if activity not in Activity.values:
        errors["activity"] = _("Choose what the rate is for.")
    if rate is None or not rate.is_finite() or not 0 <= rate <= MOST_RATE:
        errors["rate"] = _("Enter an amount of 0 or more.")
    errors |= lacking(since_on, reason)
    if errors or rate is None or since_on is None:
        raise InvalidCost(errors)
    rate = round(rate, 2)
    note(activity=activity, rate=str(rate), since_on=since_on.isoformat())
    return ActivityRate.objects.create(
        activity=activity,
        rate=rate,
        since_on=since_on,
        reason=reason.strip()[:300],
        published_by=person(actor),
    )


def lacking(since_on: date | None, reason: str) -> dict[str, str]:
    """What a version of any rate lacks beside the rate."""
    errors = {}
    if since_on is None:
        errors["since_on"] = _("Choose the day from which it holds.")
    if not reason.strip():
        errors["reason"] = _("Say why: colleagues will ask what changed.")
    return errors


@audited("shared_cost.entered")
def enter_shared_cost(
    activity: str,
    amount: Decimal | None,
    *,
    actor: Actor,
    on: date,
    first_on: date | None,
    last_on: date | None,
    driver: str,
    remark: str = "",
) -> SharedCost:
    """A total that the next value run shares out over those who bought from `first_on` to `last_on`."""
    must_rule(actor)
    errors = {}
    if activity not in CostEntry.Activity.values:
        errors["activity"] = _("Choose what the cost is for.")
    if amount is None or not amount.is_finite() or not 0 < abs(amount) <= MOST_MONEY:
        errors["amount"] = _("Enter the total; a correction is negative.")
    if first_on is None:
        errors["first_on"] = _("Choose the first day.")
    if last_on is None or (first_on is not None and last_on < first_on):
        errors["last_on"] = _("Choose a last day that isn't before the first.")
    elif first_on is not None and (last_on - first_on).days > LONGEST_DAYS:
        errors["last_on"] = _("Choose a time of at most ten years.")
    if driver not in Driver.values:
        errors["driver"] = _("Choose what it is shared out by.")
    if errors or amount is None or first_on is None or last_on is None:
        raise InvalidCost(errors)
    note(activity=activity, amount=str(amount), driver=driver)
    return SharedCost.objects.create(
        activity=activity,
        amount=round(amount, 2),
        first_on=first_on,
        last_on=last_on,
        driver=driver,
        remark=remark.strip()[:200],
        entered_on=on,
        entered_by=person(actor),
    )


@audited("shared_cost.withdrawn")
def withdraw_shared_cost(cost: SharedCost, *, actor: Actor, on: date) -> None:
    """It was entered by mistake; the next value run leaves it out."""
    must_rule(actor)
    note(activity=cost.activity, amount=str(cost.amount))
    cost.delete()


def must_rule(actor: Actor) -> None:
    """Refused to who doesn't set the rules of the value."""
    if not actor.may("edit", "value_settings"):
        raise NotAllowed(_("Only an owner changes what serving customers costs."))


def rates_by_activity() -> dict[str, list[ActivityRate]]:
    """By activity, each with its versions by day, a replaced one left out."""
    found: dict[str, dict[date, ActivityRate]] = {}
    for each in ActivityRate.objects.order_by("since_on", "pk"):
        found.setdefault(each.activity, {})[each.since_on] = each
    return {activity: list(versions.values()) for activity, versions in found.items()}


def rate_on(versions: Sequence[Rate], day: date) -> Rate | None:
    """The version that holds on a day, of versions by day; None before the first."""
    held = [each for each in versions if each.since_on <= day]
    return held[-1] if held else None


def with_serving(
    costs: pa.Table, lines: pa.Table, customers: pa.Array, until: date
) -> tuple[pa.Table, str]:
    """The ledger's costs with those by rates and shares, and what the latter rest on as a text.

    Both tables have `customer`, `day`, `amount`; `costs` and the result have `kind` as well. Contacts with
    anybody but these customers (suppliers, competitors) cost no customer anything.
    """
    rates = rates_by_activity()
    shared = list(SharedCost.objects.filter(last_on__lte=until).order_by("pk"))
    if not rates and not shared:
        return costs, ""
    parts = [costs.select(COLUMNS), *_contacts(rates, customers, until), *_deliveries(rates, lines)]
    if shared:
        parts.extend(_shares(shared, lines))
    version = [
        *(f"{e.activity}:{e.since_on}:{e.rate}" for own in rates.values() for e in own),
        *(f"{e.pk}:{e.activity}:{e.amount}:{e.first_on}:{e.last_on}:{e.driver}" for e in shared),
        *(f"{part.num_rows}:{_sum(part):.2f}" for part in parts[1:]),
    ]
    return pa.concat_tables(parts), "|".join(version)


COLUMNS = ["customer", "day", "amount", "kind"]


def _sum(part: pa.Table) -> float:
    return float(np.sum(part["amount"].to_numpy()))


def _contacts(
    rates: dict[str, list[ActivityRate]], customers: pa.Array, until: date
) -> list[pa.Table]:
    if not set(rates) & set(COUNTED):
        return []
    company = Company.objects.first()
    with connection.cursor() as cursor:
        query = cursor.mogrify(CONTACTS, [company.time_zone if company else "UTC"])
    rows = copied(query, ("i8", "i4", "i4", "i4"))
    last, parts = (until - EPOCH).days, []
    ours = np.isin(rows["f0"], customers.to_numpy(zero_copy_only=False))
    for place, activity in enumerate(COUNTED):
        if activity in rates:
            mine = ours & (rows["f2"] == place) & (rows["f1"] <= last)
            parts.append(
                _priced(
                    activity, rates[activity], rows["f0"][mine], rows["f1"][mine], rows["f3"][mine]
                )
            )
    return parts


def _deliveries(rates: dict[str, list[ActivityRate]], lines: pa.Table) -> list[pa.Table]:
    """A delivery is a day on which a customer ordered."""
    if Activity.DELIVERY not in rates:
        return []
    customers, days, amounts = _of(lines)
    span = int(days.max(initial=0)) + 1
    pairs = np.unique((customers * span + days)[amounts > 0])
    who, when = pairs // span, pairs % span
    return [_priced(Activity.DELIVERY, rates[Activity.DELIVERY], who, when, np.ones(len(who)))]


def _priced(
    kind: str,
    versions: Sequence[ActivityRate],
    customers: Array,
    days: Array,
    counts: Array,
) -> pa.Table:
    """Counts at the rate of their day; before the first version nothing is charged."""
    since = np.array([(each.since_on - EPOCH).days for each in versions])
    money = np.array([0.0, *(float(each.rate) for each in versions)])
    amounts = counts * money[np.searchsorted(since, days, side="right")]
    charged = amounts != 0
    return _table(customers[charged], days[charged], amounts[charged], kind)


def _shares(shared: Sequence[SharedCost], lines: pa.Table) -> list[pa.Table]:
    """Each total lands to the cent; one whose days nobody bought in is left out."""
    customers, days, amounts = _of(lines)
    known, codes = np.unique(customers, return_inverse=True)
    span = int(days.max(initial=0)) + 1
    parts = []
    for cost in shared:
        first, last = ((day - EPOCH).days for day in (cost.first_on, cost.last_on))
        within = (days >= first) & (days <= last) & (amounts > 0)
        if not within.any():
            continue
        bought = Bought(
            codes[within].astype(np.int32),
            days[within].astype(np.int32),
            amounts[within],
            customers[within] * span + days[within],
        )
        found = serving_costs(
            [],
            [],
            [],
            [],
            rates=[],
            totals=[Total(cost.activity, float(cost.amount), first, last, cost.driver)],  # type: ignore[arg-type]
            bought=bought,
            customers=len(known),
        ).lines
        parts.append(_table(known[found.codes], found.days, found.amounts, cost.activity))
    return parts


def _of(
    lines: pa.Table,
) -> tuple[
    Array,
    Array,
    Array,
]:
    return (
        np.asarray(lines["customer"].to_numpy(), dtype=np.int64),
        np.asarray(lines["day"].cast(pa.int32()).to_numpy(), dtype=np.int64),
        np.asarray(lines["amount"].to_numpy(), dtype=np.float64),
    )


def _table(
    customers: Array,
    days: Array,
    amounts: Array,
    kind: str,
) -> pa.Table:
    return pa.table(
        {
            "customer": pa.array(customers, pa.int64()),
            "day": pa.array(days.astype(np.int32), pa.int32()).cast(pa.date32()),
            "amount": pa.array(amounts, pa.float64()),
            "kind": pa.array([str(kind)] * len(customers), pa.string()),
        }
    )
