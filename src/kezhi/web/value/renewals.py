"""Renewals of contracts: who renews by contract year, what hangs on those that are due, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from kezhi.core.ids import record_id
from kezhi.customers.models import Customer, FollowUp
from kezhi.customers.models.standing import Tier
from kezhi.insight import renewing
from kezhi.insight.renewing import SOON, YEAR, Due, Length, Renewing, Step, Sums
from kezhi.ledger.models import Contract
from kezhi.records import registry
from kezhi.service.complaints.troubling import words_of
from kezhi.web import numbers
from kezhi.web.customers.whole_form import whole_form
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest, must_may, must_see
from kezhi.web.value.dashboard import scope_words

PAGE = 25
SHOWN = ("", "year", "overdue", "open")
MODELS = {"sbg": "sBG", "bdw": "BdW"}


@dataclass(frozen=True, slots=True)
class Row:
    """A contract that is due, as the page shows it; `subject` is the follow-up that its button plans."""

    due: Due
    contract: Contract
    tier: str
    owner: str
    at_risk: float | None
    why: tuple[str, ...]
    subject: str
    planned: FollowUp | None
    trouble: str


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?show=year|overdue|open`: which of those due; `?after=` a contract: those that follow; `?months=`."""
    must_may(request, "read", "contract")
    must_see(request, "customer", "value")
    actor = request.actor
    found = renewing.renewing(actor, on=request.today)
    about: dict[str, Any] = {
        "found": found,
        "scope": scope_words(actor),
        "finding": "",
        "kind": registry["contract"],
        "may_add": actor.may("create", "contract"),
        "may_import": actor.may("import", "contract"),
    }
    if not found.lengths:
        return render(request, "value/renewals/index.html", about)
    asked = request.GET.get("show", "")
    shown = asked if asked in SHOWN else ""
    length = found.of(record_id(request.GET.get("months", "")) or 0)
    listed = _listed(request, found, shown)
    start = _start(listed, record_id(request.GET.get("after", "")))
    page = listed[start : start + PAGE]
    more = len(listed) > start + PAGE
    about |= {
        "finding": _finding(found.sums),
        "sums": found.sums,
        "rows": _rows(request, page, found, shown),
        "tabs": _tabs(shown, found.sums),
        "shown": shown,
        "address": _address(shown, page[0].contract_id if start and page else None),
        "first_page": _address(shown, None) if start else "",
        "next_page": _address(shown, page[-1].contract_id) if more else "",
        "may_plan": actor.may("create", "follow_up"),
        "plan_form": whole_form("follow_up"),
        "source": _("%(model)s from the contracts of the company") % {"model": _models(found)},
        "margin": found.margin,
        "rate": found.annual_rate,
        **_picture(found, length),
    }
    part = request.htmx and request.htmx.target == "due"
    return render(request, f"value/renewals/{'_due' if part else 'index'}.html", about)


@require_safe
def of_customer(request: PersonRequest, pk: int) -> HttpResponse:
    """What the running contracts of a customer are worth, with the formula and what went in."""
    must_may(request, "read", "contract")
    must_see(request, "customer", "value")
    customer: Customer = get_object_or_404(
        Customer.objects.visible_to(request.actor).select_related("standing"), pk=pk
    )
    found = renewing.of_customer(request.actor, pk, on=request.today)
    if not found.due:
        raise Http404
    contracts = Contract.objects.visible_to(request.actor).in_bulk(
        [each.contract_id for each in found.due]
    )
    rows = [
        (each, contracts[each.contract_id]) for each in found.due if each.contract_id in contracts
    ]
    about = {
        "customer": customer,
        "kind": registry["customer"],
        "contract_kind": registry["contract"],
        "found": found,
        "rows": rows,
        "sums": found.sums,
        "source": _("%(model)s from the contracts of the company") % {"model": _models(found)},
        "is_exempt": any(each.is_exempt for each, _contract in rows),
    }
    return render(request, "value/renewals/of_customer.html", about)


# ---- which are due ----


def _listed(request: PersonRequest, found: Renewing, shown: str) -> list[Due]:
    """Those due, the most value at risk first; without a forecast the largest amount."""
    within = SOON if shown in ("", "overdue") else YEAR
    rows = [each for each in found.due if each.days <= within and not each.is_exempt]
    if shown == "overdue":
        rows = [each for each in rows if each.is_overdue]
    if shown == "open":
        planned = renewing.planned_with(request.actor, [each.customer_id for each in rows])
        rows = [each for each in rows if each.customer_id not in planned]
    at_risk = _at_risk(shown)
    return sorted(rows, key=lambda each: (-(at_risk(each) or 0.0), -each.amount, each.contract_id))


def _at_risk(shown: str) -> Callable[[Due], float | None]:
    return (lambda due: due.soon) if shown in ("", "overdue") else (lambda due: due.year)


def _start(listed: Sequence[Due], after: int | None) -> int:
    """Behind the contract `after`; at the beginning where it isn't on the list any more."""
    places = {each.contract_id: place for place, each in enumerate(listed, start=1)}
    return places.get(after or 0, 0)


def _rows(request: PersonRequest, page: Sequence[Due], found: Renewing, shown: str) -> list[Row]:
    """Three queries, however many rows."""
    actor = request.actor
    ids = [each.contract_id for each in page]
    rows = Contract.objects.visible_to(actor).select_related(
        "customer__owner", "customer__standing"
    )
    contracts = rows.in_bulk(ids)
    customers = list({each.customer_id for each in page})
    planned = FollowUp.objects.visible_to(actor).next_of(customers)
    trouble = words_of(customers)
    at_risk = _at_risk(shown)
    return [
        Row(
            due=each,
            contract=contract,
            tier=_tier(contract.customer),
            owner=contract.customer.owner.name if contract.customer.owner else "",
            at_risk=at_risk(each),
            why=tuple(_why(each, trouble.get(each.customer_id, ""))),
            subject=_subject(each, contract),
            planned=planned.get(each.customer_id),
            trouble=trouble.get(each.customer_id, ""),
        )
        for each in page
        if (contract := contracts.get(each.contract_id)) is not None
    ]


def _tier(customer: Customer) -> str:
    standing = getattr(customer, "standing", None)
    return standing.tier if standing is not None and standing.tier in Tier.values else ""


def _why(due: Due, trouble: str) -> Iterator[str]:
    if due.is_overdue:
        days = numbers.days(-due.days, plain=True)
        yield _("Ran until %(days)s ago; whether it goes on isn’t noted.") % {"days": days}
    else:
        yield _("Up for renewal in %(days)s.") % {"days": numbers.days(due.days, plain=True)}
    if due.p_renew is not None:
        told_by = {"number": due.renewals + 1, "share": numbers.percent(due.p_renew, plain=True)}
        yield _("Of contracts like it %(share)s pass renewal %(number)s.") % told_by
    if trouble:
        yield trouble


def _subject(due: Due, contract: Contract) -> str:
    asked = (
        _("Settle whether %(contract)s goes on")
        if due.is_overdue
        else _("Talk about renewing %(contract)s")
    )
    return asked % {"contract": contract.number}


def _address(shown: str, after: int | None) -> str:
    asked = {"show": shown, "after": str(after or "")}
    query = urlencode({name: given for name, given in asked.items() if given})
    return reverse("value-renewals") + (f"?{query}" if query else "")


def _tabs(shown: str, sums: Sums) -> list[dict[str, Any]]:
    labels = {
        "": (_("Due within 3 months"), sums.due_soon),
        "year": (_("Due within 12 months"), sums.due_year),
        "overdue": (_("Renewal overdue"), sums.overdue),
        "open": (_("Nothing planned"), None),
    }
    return [
        {
            "label": label,
            "href": _address(name, None),
            "count": numbers.number(count) if count is not None else None,
            "current": name == shown,
        }
        for name, (label, count) in labels.items()
    ]


# ---- what they say together ----


def _finding(sums: Sums) -> Any:
    if sums.foretold and sums.soon:
        sentence = ngettext(
            "%(amount)s of value hangs on %(count)s renewal due within 3 months",
            "%(amount)s of value hangs on %(count)s renewals due within 3 months",
            sums.due_soon,
        )
        amount = told("%(amount)s", "risk", amount=numbers.money(sums.soon))
        return told(sentence, amount=amount, count=numbers.number(sums.due_soon))
    if sums.due_year:
        sentence = ngettext(
            "%(count)s contract of %(amount)s is up for renewal within 12 months",
            "%(count)s contracts of %(amount)s are up for renewal within 12 months",
            sums.due_year,
        )
        due = numbers.money(sums.due_year_amount)
        return told(sentence, amount=due, count=numbers.number(sums.due_year))
    return ""


def _models(found: Renewing) -> str:
    names = {MODELS[each.chosen.model.name] for each in found.lengths if each.chosen}
    return ", ".join(sorted(names)) or _("No model")


def _picture(found: Renewing, length: Length | None) -> dict[str, Any]:
    if length is None:
        return {"steps": (), "length": None}
    rows = renewing.steps(found, length)
    return {
        "steps": rows,
        "length": length,
        "length_words": _months(length.months),
        "model": MODELS[length.chosen.model.name] if length.chosen else "",
        "lacking": _lacking(length),
        "steps_finding": _renewing(rows),
        "curve": _curve(rows) if len([each for each in rows if each.came]) > 1 else None,
        "level": renewing.LEVEL,
        "lengths": [
            {
                "label": _months(each.months),
                "href": f"?months={each.months}#years",
                "current": each is length,
            }
            for each in found.lengths[:6]
        ],
    }


def _months(months: int) -> str:
    return ngettext("%(count)s month", "%(count)s months", months) % {"count": months}


def _lacking(length: Length) -> str:
    """What a forecast would need."""
    return {
        "": "",
        "none_lost": _(
            "No contract of this length was lost yet. A forecast needs some that ended: enter or import those "
            "that customers didn’t renew, too."
        ),
        "too_early": _(
            "No contract of this length came to a second renewal yet. A forecast follows once some have: "
            "import earlier years, too."
        ),
    }[length.lacking]


def _renewing(rows: Sequence[Step]) -> Any:
    """The first renewal against the latest that enough came to: retention rises with the years."""
    known = [each for each in rows if each.came >= 5 and each.rate is not None]
    if not known:
        return ""
    first, last = known[0], known[-1]
    if first is last:
        return told(
            _("%(share)s pass renewal %(number)s"),
            share=numbers.percent(first.rate),
            number=first.renewal,
        )
    return told(
        _("%(first)s pass the first renewal, %(last)s renewal %(number)s"),
        first=numbers.percent(first.rate),
        last=numbers.percent(last.rate),
        number=last.renewal,
    )


def _curve(rows: Sequence[Step]) -> dict[str, Any]:
    """What was seen is solid, what the model expects dashed; the interval is that of what was seen, and
    beyond it that of the model."""

    def share(entry: float | None) -> float | None:
        return None if entry is None else round(entry, 3)

    seen = [each.rate is not None for each in rows]
    low = [
        each.low if is_seen else each.expected_low for each, is_seen in zip(rows, seen, strict=True)
    ]
    high = [
        each.high if is_seen else each.expected_high
        for each, is_seen in zip(rows, seen, strict=True)
    ]
    series = [
        (_("Renewed"), "fact", [each.rate for each in rows]),
        (_("Expected by the model"), "predicted", [each.expected for each in rows]),
        (_("Low end"), "compare", low),
        (_("High end"), "compare", high),
    ]
    return {
        "x": [str(each.renewal) for each in rows],
        "series": [
            {"name": name, "kind": kind, "data": [share(entry) for entry in data]}
            for name, kind, data in series
        ],
        "y_format": "percent",
    }
