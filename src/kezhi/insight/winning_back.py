"""Lost customers: what they would bring if they came back, and whether an attempt to win them back pays.

The second lifetime value is what the model of the run expects of a customer with the same history on the day
of the last purchase: the silence since then was absence, not slow buying. Every run judges anew; a cause that
somebody notes judges its customer at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import connection
from django.db.models import Count, F, FloatField, Q, QuerySet, Sum
from django.db.models.functions import Cast, Coalesce

from kezhi.core.actor import Actor
from kezhi.customers.models import Customer, Standing
from kezhi.customers.models.standing import Stage
from kezhi.insight.contests import apart, horizon_of, kept_model, of_part
from kezhi.insight.copying import copied_rows, copy_into
from kezhi.insight.economics import WITH_DROPOUT
from kezhi.insight.figures.basis import Basis, number
from kezhi.insight.figures.keeping import kept
from kezhi.insight.models import Loss, LostCustomer, Snapshot, ValueRun, WinBackRules
from kezhi.value.lifetime.win_back import REASONS, WinBackSettings, win_back
from kezhi.value.measure import Settings
from kezhi.value.plain import from_plain
from kezhi.value.potential.continuation import discounted_purchases
from kezhi.value.potential.nbd import NBD
from kezhi.value.potential.purchase_model import PurchaseModel
from kezhi.value.reading import EPOCH

Array = np.ndarray[Any, Any]

MODELS: dict[str, Any] = {**WITH_DROPOUT, NBD.name: NBD}
WORTH_IT, CENTS = "worth_it", 2


def rules_in_force() -> WinBackSettings:
    """The published version, or what the library takes as a first guess."""
    current = WinBackRules.objects.current()
    return from_plain(WinBackSettings, current.rules) if current else WinBackSettings()


def keep_lost(run: ValueRun) -> int:
    """Judge everybody in the stage "lost" at the run; returns how many. Replaces what the run before said."""
    LostCustomer.objects.all().delete()
    parts: list[pa.Table] = []
    values = np.empty(0)
    for segment in (*apart(run), ""):
        model = model_of(run, segment)
        if model is None:
            continue
        own = copied_rows(_lost(run).filter(of_part(run, segment)), LOST)
        history = [own[name].to_numpy() for name in HISTORY]
        values = np.append(values, second_values(history, model, run))
        parts.append(own)
    rows = pa.concat_tables(parts) if parts else pa.schema(list(LOST.items())).empty_table()
    if not rows.num_rows:
        return 0
    customers = rows["customer"].to_numpy()
    days = rows["last_on"].cast(pa.int32()).to_numpy()
    causes = _causes(customers, days)
    names = [causes.get(customer, "") for customer in customers.tolist()]
    since = (run.as_of - EPOCH).days - days
    judged = win_back(values, names, since, settings=rules_in_force())
    reasons = pa.array(REASONS, pa.string())
    found = pa.table(
        {
            "customer_id": rows["customer"],
            "last_on": rows["last_on"],
            "cause": pa.array(names, pa.string()),
            "second_value": pa.array(np.round(values, CENTS)),
            "chance": pa.array(judged.probability),
            "gain": pa.array(np.round(judged.gain, CENTS)),
            "verdict": reasons.take(pa.array(judged.reason)),
        }
    )
    # In the order of the list, which spares its indexes looking for a place for each row.
    in_order = [("verdict", "ascending"), ("gain", "descending"), ("customer_id", "ascending")]
    copy_into("insight_lostcustomer", found.sort_by(in_order))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE insight_lostcustomer")
    return int(rows.num_rows)


def judge_one(customer_id: int, *, on: date) -> None:
    """Judge one lost customer anew: its cause has become known, or turned out wrong."""
    lost = LostCustomer.objects.filter(pk=customer_id).first()
    if lost is None:
        return
    last_day = np.array([(lost.last_on - EPOCH).days])
    cause = _causes(np.array([customer_id]), last_day).get(customer_id, "")
    since = (on - lost.last_on).days
    found = win_back([float(lost.second_value)], [cause], [since], settings=rules_in_force())
    lost.cause, lost.chance = cause, float(found.probability[0])
    lost.gain = round(float(found.gain[0]), CENTS)  # type: ignore[assignment]
    lost.verdict = REASONS[int(found.reason[0])]
    lost.save()


def model_of(run: ValueRun, segment: str = "") -> PurchaseModel | None:
    """The model that P(alive) of the run came from, for a segment; None where none could be fitted."""
    known = kept_model(run, segment)
    kind = MODELS.get(known.get("for_p_alive") or known.get("chosen") or "")
    parameters = known.get("parameters")
    return kind(**parameters) if kind is not None and parameters else None


HISTORY = ("repeats", "recency", "expected_spend", "margin_rate", "return_rate", "per_occasion")
LOST = {
    "customer": pa.int64(),
    "last_on": pa.date32(),
    **dict.fromkeys(HISTORY, pa.float64()),
}


def second_values(
    history: Sequence[Sequence[float | None] | Array], model: PurchaseModel, run: ValueRun
) -> np.ndarray[Any, Any]:
    """What each would bring over the horizon from a purchase on, as on the day of the last one.

    `history` are the columns `HISTORY`.
    """
    rules = Settings.from_json(run.value_settings.rules)
    horizon = horizon_of(run, rules.horizon_months, rules.annual_rate)
    columns = [np.nan_to_num(np.asarray(own, dtype=np.float64)) for own in history]
    x, t_x, spend, margin, returned, serving = columns
    if rules.cost_per_occasion is not None:
        serving = np.full(len(x), rules.cost_per_occasion)
    purchases = discounted_purchases(x, t_x, t_x, model, horizon)
    return np.asarray(purchases * (spend * margin * (1 - returned) - serving))


def _lost(run: ValueRun) -> Any:
    rows = Snapshot.objects.filter(
        run=run, stage=Stage.LOST, last_on__isnull=False, recency__isnull=False, occasions__gt=0
    )
    cost = Coalesce(Cast("cost_to_serve", FloatField()), 0.0)
    told = rows.annotate(per_occasion=cost / Cast("occasions", FloatField()))
    return told.order_by("customer_id").values_list("customer_id", "last_on", *HISTORY)


def _causes(customers: Array, last_days: Array) -> dict[int, str]:
    """Causes that still count: whoever bought after one was noted has come back since."""
    one = len(customers) == 1
    noted = Loss.objects.filter(customer_id=int(customers[0])) if one else Loss.objects
    rows = list(noted.values_list("customer_id", "cause", "noted_on"))
    order = np.argsort(customers)
    among = customers[order]
    place = np.searchsorted(among, np.array([row[0] for row in rows], dtype=np.int64))
    return {
        customer: cause
        for at, (customer, cause, day) in zip(place.tolist(), rows, strict=True)
        if at < len(among) and among[at] == customer and (day - EPOCH).days >= last_days[order[at]]
    }


@dataclass(frozen=True, slots=True)
class WinBackTotals:
    """Lost customers that the actor may see. `worth_it` are those whose attempt brings more than it costs;
    `gain` is what the attempts bring together, `second_value` what those customers would; `let_go` the others.
    `unexplained` have no cause, `came_back` bought again after somebody had noted one."""

    customers: int
    worth_it: int
    gain: float
    second_value: float
    let_go: int
    let_go_value: float
    unexplained: int
    came_back: int
    by_cause: dict[str, int]


@kept
def win_back_totals(actor: Actor, basis: Basis) -> WinBackTotals:
    """What has been noted since the run counts, too; in a very large company from the next run on."""
    rows = LostCustomer.objects.visible_to(actor)
    worth = Q(verdict=WORTH_IT)
    found = rows.aggregate(
        customers=Count("pk"),
        worth_it=Count("pk", filter=worth),
        total_gain=Sum("gain", filter=worth),
        total_value=Sum("second_value", filter=worth),
        let_go_value=Sum("second_value", filter=~worth),
        unexplained=Count("pk", filter=Q(cause="")),
    )
    causes = rows.exclude(cause="").values("cause").annotate(n=Count("pk")).order_by("-n", "cause")
    came_back = Loss.objects.visible_to(actor).filter(
        customer__standing__last_order_on__gt=F("noted_on")
    )
    return WinBackTotals(
        customers=found["customers"],
        worth_it=found["worth_it"],
        gain=number(found["total_gain"]) or 0.0,
        second_value=number(found["total_value"]) or 0.0,
        let_go=found["customers"] - found["worth_it"],
        let_go_value=number(found["let_go_value"]) or 0.0,
        unexplained=found["unexplained"],
        came_back=came_back.count(),
        by_cause={row["cause"]: row["n"] for row in causes},
    )


def lost_customers(
    actor: Actor, *, show: str, after: int | None = None, limit: int = 50
) -> list[LostCustomer]:
    """Those worth winning back by gain, or those to let go by what they would have brought; `show` is
    "worth", "let-go" or "unexplained"."""
    rows = LostCustomer.objects.visible_to(actor)
    column = "gain" if show == "worth" else "second_value"
    if show == "worth":
        rows = rows.filter(verdict=WORTH_IT)
    elif show == "let-go":
        rows = rows.exclude(verdict=WORTH_IT)
    else:
        rows = rows.filter(cause="")
    if after is not None:
        rows = _beyond(rows, actor, column, after)
    about: QuerySet[LostCustomer] = rows.select_related("customer__owner", "customer__standing")
    return list(about.order_by(f"-{column}", "customer_id")[:limit])


def _beyond(rows: Any, actor: Actor, column: str, after: int) -> Any:
    last = LostCustomer.objects.visible_to(actor).filter(pk=after).first()
    if last is None:
        return rows
    edge = getattr(last, column)
    same = Q(**{column: edge, "customer_id__gt": after})
    return rows.filter(Q(**{f"{column}__lt": edge}) | same)


def lost_of(customer: Customer) -> LostCustomer | None:
    """What the last run said of this customer, if it is lost."""
    return LostCustomer.objects.filter(pk=customer.pk).first()


def has_come_back(loss: Loss, standing: Standing) -> bool:
    """Bought again after the cause was noted."""
    return standing.last_order_on is not None and standing.last_order_on > loss.noted_on
