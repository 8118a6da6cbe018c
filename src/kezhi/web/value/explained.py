"""A number about a customer, opened: how it comes about, what went in, the orders, how sure, what moves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kezhi.customers.models import Customer
from kezhi.insight import contests, explaining, figures, naming, paying
from kezhi.insight.explaining import Explained, Foretold
from kezhi.records import Condition, registry
from kezhi.value.kept_models import season_of
from kezhi.web import numbers
from kezhi.web.requests import PersonRequest, must_see
from kezhi.web.value import explained_growth
from kezhi.web.value.costs import component_label
from kezhi.web.value.source import is_stale

PREDICTED = {
    "current_value", "potential_value", "growth_value", "value_at_risk", "p_alive", "p_purchase_12m",
    "expected_next_on",
}  # fmt: skip
MONEY = {
    "realised_value", "revenue_12m", "contribution_12m", "cost_to_serve", "current_value", "potential_value",
    "growth_value", "value_at_risk",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """Something that went in: its name, the figure, and where that one is explained."""

    label: str
    shown: Any
    href: str = ""
    is_predicted: bool = False


@require_safe
def show(request: PersonRequest, pk: int, name: str) -> HttpResponse:
    """One figure of one customer by the last run."""
    must_see(request, "customer", "value")
    customer: Customer = get_object_or_404(
        Customer.objects.visible_to(request.actor).select_related("standing"), pk=pk
    )
    if name not in explaining.FIGURES:
        raise Http404
    basis = figures.basis()
    found = explaining.explain(request.actor, pk, name, basis) if basis else None
    about: dict[str, Any] = {
        "customer": customer,
        "kind": registry["customer"],
        "label": label_of(name),
        "found": found,
    }
    if found is None:
        return render(request, "value/explained.html", about)
    about |= {
        "shown": _shown(name, found.entry),
        "is_predicted": name in PREDICTED,
        "formula": _formula(found),
        "lines": list(_lines(found, customer)),
        "without_end": _without_end(found),
        "intervals": list(_intervals(found)),
        "orders_url": _orders(found, pk),
        "changes": list(_changes(found, customer)),
        "model": _model(found),
        "uses_model": name in PREDICTED,
        "counts_seasons": season_of(contests.kept_model(found.run)) is not None,
        "is_stale": is_stale(found.run),
        "others": [(label_of(each), address(pk, each)) for each in explaining.FIGURES],
    }
    return render(request, "value/explained.html", about)


def _without_end(found: Explained) -> tuple[str, Any] | None:
    """What stands beside the figure of the horizon, and the figure."""
    if found.without_end is None:
        return None
    rate = numbers.percent(found.rules.annual_rate, 1, plain=True)
    told = _(
        "Continuation without end: all purchases still to come, discounted continuously at %(rate)s a year "
        "(DERT), × what a purchase brings"
    )
    return told % {"rate": rate}, numbers.money(found.without_end)


def _model(found: Explained) -> str:
    """What foretold this customer: the model of all, or that of a segment."""
    run, segment = found.run, found.snapshot.segment
    label = str(naming.model_label(contests.kept_model(run, segment).get("chosen", "")))
    if segment not in contests.apart(run):
        return label
    by = run.value_settings.rules.get("segment_by", "")
    shown = {"model": label, "segment": contests.segment_label(by, segment)}
    return _("%(model)s, estimated for “%(segment)s”") % shown


def address(pk: int, name: str) -> str:
    """Where a figure of a customer is explained."""
    return reverse("customer-figure", args=[pk, name])


def label_of(name: str) -> str:
    """What the figure is called."""
    own = {
        "cost_to_serve": _("Cost to serve"),
        "expected_next_on": _("Next purchase expected by"),
        "revenue_trend": naming.MEASURES["trend_of_spend"],
    }
    return str(own.get(name) or naming.MEASURES[name])


def _shown(name: str, entry: Any) -> Any:
    if name in MONEY:
        return numbers.money(entry)
    if name == "expected_next_on":
        return numbers.day(entry, "full")
    if name == "overdue_ratio":
        return numbers.number(entry, 1)
    if name == "revenue_trend":
        return numbers.delta(entry, "number", 2)
    return numbers.probability(entry)


def _formula(found: Explained) -> str:
    months = numbers.number(found.rules.horizon_months, 0, plain=True)
    rate = numbers.percent(found.rules.annual_rate, 1, plain=True)
    if found.name == "growth_value":
        return explained_growth.formula(found)
    words = {
        "realised_value": _("Revenue so far, less the cost of the goods, less the cost to serve."),
        "revenue_12m": _("All orders of the last 12 months less returns, without tax."),
        "contribution_12m": _(
            "Revenue of the last 12 months, less the cost of the goods and the cost to serve in them."
        ),
        "cost_to_serve": _(
            "Everything that serving the customer cost so far beyond the goods: entries, activities at their "
            "rates, shares of totals, and what late payment cost."
        ),
        "current_value": _("Contribution of the last 12 months plus continuation value."),
        "potential_value": _(
            "Purchases expected in %(months)s months, each discounted at %(rate)s a year, × (expected spend × "
            "margin × the share not returned − cost of serving a purchase)."
        ),
        "value_at_risk": _(
            "Continuation value × the probability that no purchase comes within 12 months."
        ),
        "p_alive": _(
            "How well the silence since the last order goes with a customer who is still there, given how "
            "often they bought before."
        ),
        "p_purchase_12m": _(
            "The probability that they are still a customer and buy at least once within 12 months."
        ),
        "expected_next_on": _(
            "The day by which the next purchase has come, more likely than not, counting that they may have "
            "left."
        ),
        "overdue_ratio": _("Days since the last order ÷ the usual days between two orders."),
        "revenue_trend": _(
            "(Spend of the last 12 months − spend of the 12 months before) ÷ both together; from −1, stopped, "
            "to 1, began. Customers of less than two years are measured over two halves of their time."
        ),
    }
    told = words[found.name] % {"months": months, "rate": rate}
    if found.name == "potential_value" and found.snapshot.growth_value is not None:
        return _("Continuation value plus growth potential. Continuation: %(formula)s") % {
            "formula": told
        }
    return told


def _lines(found: Explained, customer: Customer) -> Iterator[Line]:
    snapshot, pk = found.snapshot, customer.pk

    def figure(name: str) -> Line:
        return Line(
            label_of(name),
            _shown(name, getattr(snapshot, name)),
            address(pk, name) if getattr(snapshot, name) is not None else "",
            name in PREDICTED,
        )

    def money(label: str, amount: Any, predicted: bool = False) -> Line:
        return Line(label, numbers.money(amount), is_predicted=predicted)

    name = found.name
    if name == "realised_value":
        yield money(_("Revenue so far"), snapshot.revenue)
        yield money(_("Cost of the goods"), snapshot.cost_of_goods)
        yield figure("cost_to_serve")
    elif name == "cost_to_serve":
        for activity, amount in found.costs.items():
            yield money(component_label(activity), amount)
        if found.late_payment:
            href = reverse("customer-payment", args=[pk])
            label = component_label(paying.LATE_PAYMENT)
            yield Line(label, numbers.money(found.late_payment), href)
        if abs(found.priced) >= 0.005:
            yield money(_("By rates of activities and shares of totals"), found.priced)
    elif name == "contribution_12m":
        yield figure("revenue_12m")
        if found.year is not None:
            for part, amount in sorted(found.year.costs.items(), key=lambda pair: -pair[1]):
                yield money(component_label(part), amount)
        elif snapshot.revenue_12m is not None and snapshot.contribution_12m is not None:
            spent = snapshot.revenue_12m - snapshot.contribution_12m
            yield money(_("Goods and serving, 12 months"), spent)
    elif name == "current_value":
        yield figure("contribution_12m")
        yield Line(
            str(naming.MEASURES["continuation_value"]),
            numbers.money(snapshot.continuation_value),
            address(pk, "potential_value"),
            True,
        )
    elif name == "potential_value":
        yield from _of_potential(found, figure)
    elif name == "growth_value":
        own = figure("revenue_12m")
        revenue = (own.label, own.shown, own.href, own.is_predicted)
        for told in explained_growth.lines(found, customer, revenue):
            yield Line(*told)
    elif name == "value_at_risk":
        yield Line(
            str(naming.MEASURES["continuation_value"]),
            numbers.money(snapshot.continuation_value),
            address(pk, "potential_value"),
            True,
        )
        yield figure("p_purchase_12m")
    elif name in ("p_alive", "p_purchase_12m", "expected_next_on"):
        yield from _of_history(found)
        if name != "p_alive":
            yield figure("p_alive")
    elif name == "overdue_ratio":
        yield Line(str(naming.MEASURES["days_since_last"]), _since(found))
        usual = numbers.number(snapshot.mean_interval_days, 0)
        yield Line(str(naming.MEASURES["mean_interval_days"]), usual)
    elif name == "revenue_trend":
        yield figure("revenue_12m")


def _of_potential(found: Explained, figure: Any) -> Iterator[Line]:
    snapshot = found.snapshot
    purchases = numbers.number(snapshot.expected_purchases, 2)
    yield Line(str(naming.MEASURES["expected_purchases"]), purchases, is_predicted=True)
    yield Line(_("Expected spend of a purchase"), numbers.money(snapshot.expected_spend), "", True)
    yield Line(_("Own gross margin"), numbers.percent(snapshot.margin_rate, 1))
    yield Line(str(naming.MEASURES["return_rate"]), numbers.percent(snapshot.return_rate, 1))
    cost = found.rules.cost_per_occasion
    if cost is None:
        cost = float(snapshot.cost_to_serve or 0) / max(snapshot.occasions, 1)
    yield Line(_("Cost of serving a purchase"), numbers.money(cost))
    worth = explaining.worth_of_purchase(snapshot, found.rules)
    yield Line(_("What a purchase brings"), numbers.money(worth), "", True)
    if found.rules.upkeep_per_month:
        yield Line(_("Upkeep a month"), numbers.money(found.rules.upkeep_per_month))
    if snapshot.growth_value is not None:
        continuation = numbers.money(snapshot.continuation_value)
        yield Line(str(naming.MEASURES["continuation_value"]), continuation, "", True)
        yield figure("growth_value")
    yield figure("p_alive")


def _of_history(found: Explained) -> Iterator[Line]:
    snapshot = found.snapshot
    yield Line(str(naming.MEASURES["repeats"]), numbers.number(snapshot.repeats))
    yield Line(_("First order"), numbers.day(snapshot.first_on, "full"))
    yield Line(_("Last order"), numbers.day(snapshot.last_on, "full"))
    yield Line(str(naming.MEASURES["days_since_last"]), _since(found))


def _since(found: Explained) -> Any:
    last = found.snapshot.last_on
    return numbers.number((found.run.as_of - last).days) if last else numbers.none()


def _intervals(found: Explained) -> Iterator[Line]:
    """Each named as what it is: how sure the mean is, or what chance adds."""
    snapshot, level = found.snapshot, numbers.percent(found.rules.interval_level, plain=True)

    def between(low: Any, high: Any) -> str:
        ends = {"low": numbers.money(low, plain=True), "high": numbers.money(high, plain=True)}
        return _("%(low)s–%(high)s") % ends

    whole = explaining.potential_interval(snapshot)
    if found.name == "growth_value":
        for told in explained_growth.intervals(found):
            yield Line(*told)
    if found.name == "potential_value" and whole is not None:
        yield Line(
            _("%(level)s interval of the mean: how sure the expected value is") % {"level": level},
            between(whole[0], whole[1]),
        )
        yield Line(
            _("%(level)s interval of the outcome: what may really come, chance included")
            % {"level": level},
            between(whole[2], whole[3]),
        )
    if found.name in ("expected_next_on", "overdue_ratio") and found.rhythm is not None:
        rhythm = found.rhythm
        ends = {
            "low": numbers.day(rhythm.low_on, "full", plain=True),
            "high": numbers.day(rhythm.high_on, "full", plain=True),
        }
        yield Line(
            _("By their own rhythm of %(days)s, if they buy again: more likely than not by")
            % {"days": numbers.days(rhythm.usual_days, plain=True)},
            numbers.day(rhythm.expected_on, "full"),
        )
        yield Line(
            _("%(level)s interval of that day")
            % {"level": numbers.percent(rhythm.level, plain=True)},
            _("%(low)s–%(high)s") % ends,
        )


def _orders(found: Explained, pk: int) -> str:
    conditions = [Condition("customer", "eq", str(pk))]
    if found.orders_from is not None:
        conditions.append(Condition("ordered_on", "gte", found.orders_from.isoformat()))
    conditions.append(Condition("ordered_on", "lte", found.orders_until.isoformat()))
    return registry["order"].list_url(*conditions, sort="-ordered_on")


def _changes(found: Explained, customer: Customer) -> Iterator[str]:
    """What would move the figure, with the numbers of the model where it foretells."""
    name, now = found.name, found.now
    if name == "growth_value":
        yield from explained_growth.changes(found, customer)
    days = numbers.number(explaining.SILENCE, plain=True)
    for then, told in (
        (found.order_today, _("An order today: %(before)s would become %(after)s.")),
        (
            found.silent,
            _("%(days)s more days without an order: %(before)s would become %(after)s."),
        ),
    ):
        pair = _pair(name, now, then, float(found.snapshot.growth_value or 0))
        if pair:
            yield told % {"before": pair[0], "after": pair[1], "days": days}
    snapshot = found.snapshot
    if name in ("realised_value", "contribution_12m", "current_value"):
        worth = explaining.worth_of_purchase(snapshot, found.rules)
        sentence = (
            _("Each further purchase like the usual one adds about %(amount)s.")
            if worth >= 0
            else _(
                "Each further purchase like the usual one costs about %(amount)s more than it brings."
            )
        )
        yield sentence % {"amount": numbers.money(abs(worth), plain=True)}
    if name in ("realised_value", "contribution_12m", "cost_to_serve"):
        yield _(
            "Every visit, hour of service, delivery or discount that is entered moves it by its cost with the "
            "next run."
        )
    if name == "revenue_12m":
        yield _(
            "Each order adds its amount; what was bought more than 12 months ago falls out day by day."
        )
    if name == "potential_value":
        point = snapshot.expected_spend or 0.0
        purchases = snapshot.expected_purchases or 0.0
        more = point * purchases * 0.01 * (1 - (snapshot.return_rate or 0.0))
        yield _("One point more of margin: about %(amount)s more, before discounting.") % {
            "amount": numbers.money(more, plain=True)
        }
    if name == "overdue_ratio":
        yield _("An order today makes it 0; every day without one adds to it.")
    if name == "revenue_trend":
        yield _("Buying more than in the 12 months before raises it, buying less lowers it.")


def _pair(
    name: str, now: Foretold | None, then: Foretold | None, growth: float
) -> tuple[str, str] | None:
    """Before and after in words; None where the model doesn't say."""
    if now is None or then is None:
        return None
    if name == "p_alive":
        return _told(now.p_alive), _told(then.p_alive)
    if name == "p_purchase_12m":
        return _told(now.p_purchase_12m), _told(then.p_purchase_12m)
    if name == "potential_value" and now.continuation is not None and then.continuation is not None:
        # What an order does to growth shows with the next run.
        before, after = (
            numbers.money(amount + growth, plain=True)
            for amount in (now.continuation, then.continuation)
        )
        return before, after
    return None


def _told(probability: float) -> str:
    return numbers.probability(probability, plain=True)
