"""What the dashboard's figures say, in sentences built from their numbers.

Each function gives "" where the numbers say nothing; the page then falls back to a plain title.
"""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from markupsafe import Markup

from kezhi.customers.models.standing import Stage
from kezhi.insight import figures
from kezhi.web import numbers
from kezhi.web.findings import told


def headline(strip: figures.Strip, pareto: figures.Pareto) -> Markup | str:
    """How value is spread, and how much of it is in danger."""
    endangered = strip.value_at_risk.now
    if pareto.reaching_80 is None:
        return ""
    share = numbers.percent(pareto.reaching_80)
    if not endangered:
        return told(_("%(share)s of the customers bring 80%% of the contribution"), share=share)
    sentence = _(
        "%(share)s of the customers bring 80%% of the contribution; %(amount)s of value is at risk"
    )
    risk = told("%(amount)s", "risk", amount=numbers.money(endangered))
    return told(sentence, share=share, amount=risk)


def pyramid(picture: figures.Pyramid) -> Markup | str:
    """How few customers carry how much."""
    top = [step for step in picture.steps if step.tier in ("S", "A")]
    count = sum(step.customers for step in top)
    shares = [step.contribution_share for step in top if step.contribution_share is not None]
    if not count or not shares:
        return ""
    sentence = ngettext(
        "S and A is only %(count)s customer, with %(share)s of the contribution",
        "S and A are only %(count)s customers, with %(share)s of the contribution",
        count,
    )
    return told(sentence, count=numbers.number(count), share=numbers.percent(sum(shares)))


def pareto(curve: figures.Pareto) -> Markup | str:
    """What one more customer brings once the best are served."""
    if curve.elbow is None or curve.marginal is None:
        return ""
    count = numbers.number(curve.elbow_customers)
    if curve.marginal < 0:
        sentence = ngettext(
            "After the best %(count)s customer, each further one costs %(amount)s more than it brings",
            "After the best %(count)s customers, each further one costs %(amount)s more than it brings",
            curve.elbow_customers,
        )
        return told(sentence, count=count, amount=numbers.money(-curve.marginal))
    sentence = ngettext(
        "After the best %(count)s customer, each further one adds %(amount)s",
        "After the best %(count)s customers, each further one adds %(amount)s",
        curve.elbow_customers,
    )
    return told(sentence, count=count, amount=numbers.money(curve.marginal))


def concentration(curve: figures.Pareto) -> Markup | str:
    """How much hangs on a few names."""
    if not curve.largest or curve.top_ten_share is None:
        return ""
    largest = curve.largest[0]
    return told(
        _(
            "The ten largest bring %(ten)s of the contribution, %(name)s alone %(one)s. Gini %(gini)s."
        ),
        ten=numbers.percent(curve.top_ten_share),
        name=largest.name,
        one=numbers.percent(largest.share, 1),
        gini=numbers.probability(curve.gini),
    )


def matrix(picture: figures.Matrix) -> Markup | str:
    """Who brings much today without much to come, and how many of them are leaving."""
    cell = next((cell for cell in picture.cells if cell.quadrant == "keep"), None)
    if cell is None or not cell.customers:
        return ""
    shown = {"count": numbers.number(cell.customers), "risk": numbers.number(cell.at_risk)}
    return told(_little_ahead(cell, picture.up), **shown)


def _little_ahead(cell: figures.MatrixCell, up: str) -> str:
    if up == "growth_value" and not cell.at_risk:
        return ngettext(
            "%(count)s customer brings much today, but could add little",
            "%(count)s customers bring much today, but could add little",
            cell.customers,
        )
    if up == "growth_value":
        return ngettext(
            "%(count)s customer brings much today, but could add little; P(alive) is below 0.6 for %(risk)s",
            "%(count)s customers bring much today, but could add little; P(alive) is below 0.6 for %(risk)s "
            "of them",
            cell.customers,
        )
    if not cell.at_risk:
        return ngettext(
            "%(count)s customer brings much today, but little is expected to come",
            "%(count)s customers bring much today, but little is expected to come",
            cell.customers,
        )
    return ngettext(
        "%(count)s customer brings much today, but little is expected to come; P(alive) is below 0.6 for "
        "%(risk)s",
        "%(count)s customers bring much today, but little is expected to come; P(alive) is below 0.6 for "
        "%(risk)s of them",
        cell.customers,
    )


def rfm(picture: figures.Rfm) -> Markup | str:
    """How many frequent buyers have gone quiet, and what hangs on them."""
    count = sum(cell.customers for cell in picture.quiet_regulars)
    amount = sum(cell.contribution_12m for cell in picture.quiet_regulars)
    if not count:
        return ""
    shown = {"count": numbers.number(count), "amount": numbers.money(amount)}
    if amount <= 0:
        sentence = ngettext(
            "%(count)s frequent buyer has gone quiet and brought nothing in 12 months",
            "%(count)s frequent buyers have gone quiet and brought nothing in 12 months",
            count,
        )
        return told(sentence, count=shown["count"])
    sentence = ngettext(
        "%(count)s frequent buyer has gone quiet; it brought %(amount)s in 12 months",
        "%(count)s frequent buyers have gone quiet; they brought %(amount)s in 12 months",
        count,
    )
    return told(sentence, **shown)


def rfm_best(picture: figures.Rfm) -> Markup | str:
    """How much hangs on those who buy often and lately."""
    count = sum(cell.customers for cell in picture.best)
    if not count or picture.contribution_12m <= 0:
        return ""
    sentence = ngettext(
        "%(count)s customer who buys often and bought lately brings %(share)s of the contribution",
        "%(count)s customers who buy often and bought lately bring %(share)s of the contribution",
        count,
    )
    amount = sum(cell.contribution_12m for cell in picture.best)
    share = numbers.percent(amount / picture.contribution_12m)
    return told(sentence, count=numbers.number(count), share=share)


def cohorts(table: figures.CohortTable, labels: list[str]) -> Markup | str:
    """Which intake is lost soonest, in the third period, where all can be compared."""
    third = [
        (row.retained[2], label)
        for row, label in zip(table.rows, labels, strict=True)
        if len(row.retained) > 2 and row.retained[2] is not None and row.customers >= 5
    ]
    if len(third) < 2:
        return ""
    share, label = min(third)
    return told(
        _("Of the customers won in %(period)s the fewest came back: %(share)s in the third month"),
        period=label,
        share=numbers.percent(share),
    )


def flow(picture: figures.Flow) -> Markup | str:
    """How many slid from a healthy stage into decline or were lost."""
    healthy = (Stage.BUILD_UP, Stage.STABLE)
    declined = sum(picture.between(stage, Stage.DECLINE) for stage in healthy)
    lost = sum(picture.between(stage, Stage.LOST) for stage in (*healthy, Stage.DECLINE))
    since = numbers.day(picture.starts_on, plain=True)
    if declined:
        sentence = ngettext(
            "Since %(since)s %(count)s healthy customer went into decline",
            "Since %(since)s %(count)s healthy customers went into decline",
            declined,
        )
        return told(sentence, since=since, count=numbers.number(declined))
    if lost:
        sentence = ngettext(
            "Since %(since)s %(count)s customer was lost",
            "Since %(since)s %(count)s customers were lost",
            lost,
        )
        return told(sentence, since=since, count=numbers.number(lost))
    return ""


def asset(points: tuple[figures.TrendPoint, ...]) -> Markup | str:
    """Which way the customer asset goes."""
    known = [(p.as_of, p.customer_asset) for p in points if p.customer_asset is not None]
    if len(known) < 2 or not known[0][1]:
        return ""
    (since, first), (_until, last) = known[0], known[-1]
    change = last / first - 1
    shown = {
        "change": numbers.percent(abs(change), 1),
        "since": numbers.day(since, plain=True),
    }
    if change >= 0:
        return told(_("The customer asset has grown by %(change)s since %(since)s"), **shown)
    return told(_("The customer asset has shrunk by %(change)s since %(since)s"), **shown)
