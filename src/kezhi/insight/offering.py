"""The search for offers: what goes together, what to offer whom, who resembles the best customers.

A job of its own after each value run, bounded: it looks at the customers who are worth most and at their
purchases of the last years. Only the last search that ended well keeps its findings.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from numpy.typing import NDArray

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.catalog.models import Product
from kezhi.core import queue
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.models import JobRun
from kezhi.core.progress import Progress, silent
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight.bonds import DAY_0
from kezhi.insight.copying import copy_into
from kezhi.insight.ending import close, close_broken_off, closing
from kezhi.insight.exempting import leave_off_lists
from kezhi.insight.facts import facts_folder, read_bought
from kezhi.insight.models import (
    LookAlike,
    Offer,
    OfferAnswer,
    OfferRun,
    ProductRule,
    Snapshot,
    ValueRun,
)
from kezhi.insight.resembling import found_alike
from kezhi.value.measure import Settings
from kezhi.value.offers.affinity import Purchased, sequences
from kezhi.value.offers.item_sets import Baskets, ItemSets, TooMany, item_sets
from kezhi.value.offers.next_best import NextBest, OfferSettings, next_best
from kezhi.value.offers.rules import association_rules

State = OfferRun.State
Codes = NDArray[np.int64]

WINDOW_DAYS = 180
OFFERS = 3
LEAST_EXPECTED = 1.0
"""Money below which nobody would pick up the phone."""
MOST_CUSTOMERS = 100_000
MOST_LINES = 4_000_000
YEARS = 3
RULES = 300
LEAST_SUPPORT, LEAST_BASKETS = 0.002, 5
LEAST_CONFIDENCE, LEAST_LIFT, FALSE_DISCOVERIES = 0.1, 1.1, 0.05
STEPS = 100

OFFERED = ("product_id", "expected_sum", "expected_count")


@dataclass(frozen=True, slots=True)
class Bought:
    """Purchases by code: customers and products in rising order of their numbers."""

    customers: Codes
    products: Codes
    lines: Purchased
    left_out: int
    rank: Codes
    """Of each customer, by what it is worth."""


@audited("offer_run.started")
def start_offer_run(*, actor: Actor, on: date) -> OfferRun:
    """Queue a search over the last value run; `job_run` tells how it goes.

    Refused before the first value run and while a search is under way.
    """
    if not actor.may("measure", "value_run"):
        raise NotAllowed(_("Your role doesn't start value runs."))
    run = ValueRun.objects.latest_published()
    if run is None:
        raise Refused(_("Measure the value of your customers first."))
    recover_offer_runs()
    try:
        with transaction.atomic():
            found = OfferRun.objects.create(run=run, started_by=person(actor))
    except IntegrityError as error:
        raise Refused(
            _("This is being worked out already. Wait until it has finished, or cancel it.")
        ) from error
    found.job_run = queue.start(
        "insight.offers", gettext_lazy("Search for offers"), actor=actor, offer_run=found.pk
    )
    found.save(update_fields=["job_run"])
    note(as_of=run.as_of.isoformat())
    return found


def follow_value_run(run: ValueRun) -> None:
    """After each value run that counts, where products are sold at all."""
    if ValueRun.objects.latest_published() == run and Product.objects.exists():
        with suppress(Refused):
            start_offer_run(actor=SYSTEM, on=run.as_of)


@audited("offer_run.cancelled")
def cancel_offer_run(offer_run: OfferRun, *, actor: Actor, on: date) -> None:
    """Stop it; what was found before stays."""
    if not actor.may("measure", "value_run"):
        raise NotAllowed(_("Your role doesn't cancel value runs."))
    offer_run = OfferRun.objects.select_for_update(of=("self",)).get(pk=offer_run.pk)
    if offer_run.state != State.RUNNING or offer_run.job_run_id is None:
        raise Refused(_("This isn’t under way any more."))
    if JobRun.ask_to_stop(offer_run.job_run_id):
        close(offer_run, State.CANCELLED)


def run_offers(offer_run_id: int, progress: Progress = silent) -> OfferRun:
    """Search and keep what is found. One that has ended stays as it is, so a worker may come twice.

    Raises `Stopped` when cancelled and `Refused` when it can't be done.
    """
    offer_run = OfferRun.objects.select_related("run__value_settings").get(pk=offer_run_id)
    if offer_run.state != State.RUNNING:
        return offer_run
    with closing(offer_run):
        _carry_out(offer_run, progress)
    return offer_run


def recover_offer_runs() -> int:
    """Close searches whose worker died for good, so that the next may start; returns how many."""
    closed = 0
    running = OfferRun.objects.filter(state=State.RUNNING).select_related("job_run")
    for offer_run in running:
        if offer_run.job_run is None or not offer_run.job_run.is_under_way:
            close_broken_off(offer_run)
            closed += 1
    return closed


def _carry_out(offer_run: OfferRun, progress: Progress) -> None:
    def tell(done: int, message: str) -> None:
        progress(done, STEPS, message)

    tell(0, _("Reading what customers bought"))
    rules = Settings.from_json(offer_run.run.value_settings.rules)
    bought = read_purchases(offer_run.run, rules.margin_rate)
    tell(20, _("Looking for products that go together"))
    last = (offer_run.run.as_of - DAY_0).days
    together, baskets = _together(offer_run, bought)
    tell(40, _("Looking for what comes next"))
    following = _following(offer_run, bought, last)
    tell(50, _("Working out what to offer whom"))
    best = next_best(
        bought.lines, as_of=last, settings=OfferSettings(WINDOW_DAYS, offers=OFFERS * 4)
    )
    offers = _offers(offer_run, bought, best)
    tell(80, _("Looking for customers like the best"))
    alike = found_alike(offer_run.run, bought.customers, bought.lines)
    tell(90, _("Keeping what was found"))
    offer_run.figures = {
        "customers": len(bought.customers),
        "left_out": bought.left_out,
        "products": len(bought.products),
        "lines": len(bought.lines.items),
        "baskets": baskets,
        "window_days": WINDOW_DAYS,
        "usual_share": _usual_share(bought.lines, last),
        "offers": offers.num_rows,
        "by_product": _by_product(offers),
        "alike": len(alike),
        "is_calibrated": best.is_calibrated,
        "auc": best.model.auc if best.model else None,
        "note": best.note,
    }
    with transaction.atomic():
        _forget_others(offer_run)
        for table in (together, following):
            if table.num_rows:
                copy_into(ProductRule._meta.db_table, table)
        if offers.num_rows:
            copy_into(Offer._meta.db_table, offers)
        LookAlike.objects.bulk_create(
            [
                LookAlike(
                    offer_run=offer_run,
                    customer_id=each.customer,
                    similarity=each.similarity,
                    reasons=list(each.reasons),
                )
                for each in alike
            ],
            batch_size=2_000,
        )
        leave_off_lists()
        offer_run.save(update_fields=["figures"])
        close(offer_run, State.DONE)
        progress(STEPS, STEPS, _("Done"))  # the last chance to cancel


def read_purchases(run: ValueRun, margin_rate: float) -> Bought:
    """What the most valuable customers of the run bought in the last years."""
    until = run.as_of
    lines = read_bought(facts_folder(), until, silent)
    worth = Snapshot.objects.filter(run=run, occasions__gt=0).order_by("-current_value", "pk")
    chosen = np.fromiter(
        worth.values_list("customer_id", flat=True)[:MOST_CUSTOMERS].iterator(), dtype=np.int64
    )
    first = until.replace(year=until.year - YEARS, day=min(until.day, 28))
    lines = lines.filter(
        pc.and_(
            pc.is_in(lines["customer"], value_set=pa.array(chosen)),
            pc.greater(lines["day"], pa.scalar(first)),
        )
    )
    left_out = max(lines.num_rows - MOST_LINES, 0)
    lines = lines.slice(left_out)  # they lie by month: the oldest go
    usual = pc.multiply(lines["amount"], margin_rate)
    money = pc.coalesce(lines["contribution"], usual).to_numpy()
    customers, who = np.unique(lines["customer"].to_numpy(), return_inverse=True)
    products, what = np.unique(lines["product"].to_numpy(), return_inverse=True)
    days = lines["day"].cast(pa.int32()).to_numpy()
    purchased = Purchased(
        who.astype(np.int32),
        what.astype(np.int32),
        np.asarray(days, dtype=np.int32),
        np.asarray(money, dtype=np.float64),
        len(customers),
        len(products),
    )
    by_worth = np.argsort(chosen, kind="stable")
    rank = by_worth[np.searchsorted(chosen[by_worth], customers)]
    return Bought(customers, products, purchased, left_out, rank.astype(np.int64))


def _together(offer_run: OfferRun, bought: Bought) -> tuple[pa.Table, int]:
    """Rules of the baskets, a basket being what a customer bought on a day."""
    lines = bought.lines
    day = lines.customers.astype(np.int64) * 100_000 + lines.days
    distinct, basket = np.unique(day, return_inverse=True)
    whole = Baskets(basket.astype(np.int32), lines.items, len(distinct), lines.item_count)
    if not len(distinct):
        return _rules(offer_run, []), 0
    found = association_rules(
        _sets(whole, max(LEAST_SUPPORT, LEAST_BASKETS / len(distinct))),
        least_confidence=LEAST_CONFIDENCE,
        least_lift=LEAST_LIFT,
    )
    sound = np.flatnonzero(found.q_value <= FALSE_DISCOVERIES)
    chosen = sound[np.argsort(-found.leverage[sound], kind="stable")[:RULES]]
    rows = []
    for k in chosen.tolist():
        given = [int(bought.products[n]) for n in found.antecedents[k] if n >= 0]
        then = int(bought.products[found.consequents[k][0]])
        of = round(found.count[k] / found.confidence[k])
        rows.append(
            {
                "sort": ProductRule.Sort.TOGETHER.value,
                "given": given,
                "then": then,
                "count": int(found.count[k]),
                "of": int(of),
                "support": float(found.support[k]),
                "confidence": float(found.confidence[k]),
                "lift": float(found.lift[k]),
                "q_value": float(found.q_value[k]),
            }
        )
    return _rules(offer_run, rows), len(distinct)


def _sets(baskets: Baskets, support: float) -> ItemSets:
    """Frequent sets; where there are too many of them, those that are more frequent."""
    while True:
        try:
            return item_sets(baskets, least_support=min(support, 1.0), most_length=3)
        except TooMany:
            support *= 4


def _following(offer_run: OfferRun, bought: Bought, last: int) -> pa.Table:
    """What is bought for the first time after another product."""
    found = sequences(bought.lines, window_days=WINDOW_DAYS, as_of=last, least=LEAST_BASKETS)
    sound = np.flatnonzero((found.lift >= LEAST_LIFT) & (found.share >= LEAST_CONFIDENCE))
    more = found.followed[sound] * (1 - 1 / found.lift[sound])
    customers = max(len(bought.customers), 1)
    rows = [
        {
            "sort": ProductRule.Sort.NEXT.value,
            "given": [int(bought.products[found.items[k]])],
            "then": int(bought.products[found.others[k]]),
            "count": int(found.followed[k]),
            "of": int(found.began[k]),
            "support": float(found.followed[k] / customers),
            "confidence": float(found.share[k]),
            "lift": float(found.lift[k]),
            "q_value": None,
        }
        for k in sound[np.argsort(-more, kind="stable")[:RULES]].tolist()
    ]
    return _rules(offer_run, rows)


def _rules(offer_run: OfferRun, rows: list[dict[str, Any]]) -> pa.Table:
    """As PostgreSQL reads them; an array of numbers is `{1,2}`."""
    written = [
        {**row, "given": "{" + ",".join(map(str, row["given"])) + "}", "offer_run_id": offer_run.pk}
        for row in rows
    ]
    return pa.Table.from_pylist(written)


def _offers(offer_run: OfferRun, bought: Bought, best: NextBest) -> pa.Table:
    """The best few of each customer that are sold at all and that nobody has answered yet."""
    customers = bought.customers[best.customers]
    products = bought.products[best.items]
    sold = np.fromiter(
        Product.objects.filter(is_active=True).values_list("pk", flat=True), dtype=np.int64
    )
    open_ones = np.isin(products, sold) & (best.expected >= LEAST_EXPECTED)
    answered = OfferAnswer.objects.values_list("customer_id", "product_id")
    known = {(customer, product) for customer, product in answered.iterator()}
    if known:
        pairs = zip(customers.tolist(), products.tolist(), strict=True)
        open_ones &= np.fromiter((pair not in known for pair in pairs), dtype=np.bool_)
    kept = np.flatnonzero(open_ones)
    who = customers[kept]
    place = np.arange(len(kept)) - np.searchsorted(who, who, side="left")
    kept = kept[place < OFFERS]
    # Those worth most first: where the expected money is the same, they are listed first.
    kept = kept[np.argsort(bought.rank[best.customers[kept]], kind="stable")]
    because = best.because[kept]
    return pa.table(
        {
            "offer_run_id": np.full(len(kept), offer_run.pk),
            "customer_id": customers[kept],
            "product_id": products[kept],
            "because_id": pa.array(bought.products[np.maximum(because, 0)], mask=because < 0),
            "probability": best.probability[kept].round(6),
            "contribution": best.contribution[kept].round(2),
            "expected": best.expected[kept].round(2),
            "lift": best.lift[kept].round(4),
            "together": best.together[kept],
        }
    )


def _usual_share(lines: Purchased, last: int) -> float | None:
    """Of what customers brought within the last window: the share of products new to them. That much of their
    usual business new products get without an offer. None where nobody had bought before."""
    pair = lines.customers.astype(np.int64) * lines.item_count + lines.items
    order = np.lexsort((lines.days, pair))
    starts = np.diff(pair[order], prepend=-1) > 0
    first = np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))
    began = np.empty(len(order), np.int64)
    began[order] = lines.days[order][first]
    known = np.full(lines.customer_count, last + 1, np.int64)
    np.minimum.at(known, lines.customers, lines.days)
    within = (lines.days > last - WINDOW_DAYS) & (known[lines.customers] <= last - WINDOW_DAYS)
    whole = float(lines.amounts[within].sum())
    if whole <= 0:
        return None
    fresh = within & (began > last - WINDOW_DAYS)
    return min(max(float(lines.amounts[fresh].sum()) / whole, 0.0), 1.0)


def _by_product(offers: pa.Table) -> list[list[float]]:
    """Product, money to expect, how many offers: so that no page adds up all of them."""
    grouped = offers.group_by("product_id").aggregate([("expected", "sum"), ("expected", "count")])
    rows = zip(*(grouped[name].to_pylist() for name in OFFERED), strict=True)
    return [[product, round(money, 2), count] for product, money, count in rows]


def _forget_others(offer_run: OfferRun) -> None:
    """What earlier searches found makes room; that they were made stays."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM insight_offer WHERE offer_run_id <> %s", [offer_run.pk])
        cursor.execute("DELETE FROM insight_productrule WHERE offer_run_id <> %s", [offer_run.pk])
        cursor.execute("DELETE FROM insight_lookalike WHERE offer_run_id <> %s", [offer_run.pk])
