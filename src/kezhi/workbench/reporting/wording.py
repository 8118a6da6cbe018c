"""Figures of a report as plain text, for mail and paper; pages write them with their own filters."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kezhi.accounts.models import Company
from kezhi.records import FieldKind
from kezhi.workbench.reporting.finding import Finding, finding
from kezhi.workbench.reporting.measures import Measure
from kezhi.workbench.reporting.report import Answer

K = FieldKind
NOTHING = "—"


def figure(measure: Measure | None, entry: Any) -> str:
    """Exact, with thousands apart; a share in per cent."""
    if entry is None:
        return NOTHING
    kind = measure.kind if measure is not None else K.SHARE
    if kind in (K.SHARE, K.PROBABILITY):
        return percent(entry)
    if kind is K.MONEY:
        return f"{entry:,.2f}"
    if kind is K.INTEGER:
        return f"{entry:,.0f}"
    return f"{entry:,.2f}".rstrip("0").rstrip(".")


def percent(entry: Any) -> str:
    return f"{Decimal(entry) * 100:,.1f}%"


def said(answer: Answer) -> Finding:
    return finding(answer, figure, percent)


def about(answer: Answer) -> list[str]:
    """What a reader must know to read the figures: period, filters, currency, what is left out."""
    lines = []
    if answer.period is not None:
        span = {
            "field": answer.period.label,
            "first": answer.period.first.isoformat(),
            "last": answer.period.last.isoformat(),
        }
        lines.append(_("%(field)s from %(first)s to %(last)s") % span)
    if answer.criteria:
        shown = [f"{each.label} {each.sign} {each.shown}".strip() for each in answer.criteria]
        lines.append(_("Only: %(conditions)s") % {"conditions": "; ".join(shown)})
    if any(each.kind is K.MONEY for each in answer.measures):
        company = Company.current()
        code = company.currency if company else "CNY"
        lines.append(_("Money in %(currency)s") % {"currency": code})
    lines += notes(answer)
    return lines


def notes(answer: Answer) -> list[str]:
    """What the totals hold and the groups don't."""
    lines = []
    if answer.is_capped:
        lines.append(_("Only the first groups stand alone; the rest is put together."))
    if answer.counts_several:
        lines.append(
            _("A record with several of these counts in each group, and once in the total.")
        )
    if any(measure.is_predicted for measure in answer.measures):
        lines.append(_("Predicted figures are estimates of the last value run."))
    return lines


def file_name(title: str, form: str) -> str:
    clean = "".join(c if c.isalnum() or c in " -_（）()" else "-" for c in title).strip()[:80]
    return f"{clean or pgettext('sheet of a workbook', 'Report')}.{form}"
