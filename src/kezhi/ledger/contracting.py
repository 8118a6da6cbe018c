"""Contracts: entered, renewed, ended; how often each has been renewed follows from its days."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from kezhi.accounts.models import Company
from kezhi.core.refusal import Refused
from kezhi.customers.keeping import deeds_for
from kezhi.ledger.models import Contract
from kezhi.value.durations import DAYS

MOST_MONTHS = 600
State = Contract.State


def periods_between(starts_on: date, ends_on: date, months: int) -> int:
    """How many periods lie between the two days, both included; a begun one counts when half of it is there.

    >>> periods_between(date(2024, 3, 1), date(2026, 2, 28), 12)
    2
    """
    days = (ends_on - starts_on).days + 1
    return max(1, round(days / (months * DAYS["month"])))


def check(contract: Contract) -> None:
    """Put in order what follows from the entries, and refuse what can't be."""
    _fill(contract)
    if contract.ends_on < contract.starts_on:
        raise Refused(_("The contract ends before it starts: change one of the two days."))
    if not contract.period_months:
        contract.period_months = _whole_length(contract)
    if not 1 <= contract.period_months <= MOST_MONTHS:
        raise Refused(_("A period has 1 to %(most)s months.") % {"most": MOST_MONTHS})
    if contract.amount < 0:
        raise Refused(_("The amount of a period can’t be negative."))
    same = Contract.objects.filter(number=contract.number).exclude(pk=contract.pk)
    if same.exists():
        raise Refused(
            _("There is a contract with the number %(number)s already.")
            % {"number": contract.number}
        )
    _check_end(contract)
    _count(contract)


def _fill(contract: Contract) -> None:
    """Cells and fields left empty, as the columns take them; the currency is the company's, as of orders."""
    contract.state = contract.state or State.RUNNING
    contract.cause = contract.cause or ""
    contract.remark = contract.remark or ""
    contract.renewed_before = contract.renewed_before or 0
    if not contract.currency:
        company = Company.current()
        contract.currency = company.currency if company else "CNY"


def _whole_length(contract: Contract) -> int:
    days = (contract.ends_on - contract.starts_on).days + 1
    return max(1, round(days / DAYS["month"]))


def _check_end(contract: Contract) -> None:
    """A running contract has no end yet; of the others the last agreed day stands for one that isn't known."""
    if contract.state == State.RUNNING:
        contract.ended_on, contract.cause = None, ""
        return
    if contract.state == State.RENEWED:
        contract.cause = ""
    contract.ended_on = contract.ended_on or contract.ends_on
    if contract.ended_on < contract.starts_on:
        raise Refused(_("The contract ended before it started: change one of the two days."))


def _count(contract: Contract) -> None:
    """How often the customer has renewed so far, counted over the contracts before this one, too."""
    before = contract.renews
    if before is not None:
        if before.customer_id != contract.customer_id:
            raise Refused(_("A contract renews one of the same customer."))
        if before.pk == contract.pk or before.starts_on >= contract.starts_on:
            raise Refused(_("A contract renews one that started earlier."))
        contract.renewed_before = before.renewals + 1
    own = periods_between(contract.starts_on, contract.ends_on, contract.period_months)
    contract.renewals = contract.renewed_before + own - 1


def follow_chains(customer_ids: list[int]) -> None:
    """What a contract renews isn't running any more, and renewals count on in those that come after it."""
    rows = Contract.objects.filter(customer_id__in=customer_ids, renews__isnull=False)
    known: dict[int, int] = {}
    for contract in rows.select_related("renews").order_by("starts_on", "pk"):
        before = contract.renews
        if before.state == State.RUNNING:
            Contract.objects.filter(pk=before.pk).update(
                state=State.RENEWED, ended_on=before.ends_on
            )
        wanted = known.get(before.pk, before.renewals) + 1
        own = contract.renewals - contract.renewed_before
        known[contract.pk] = wanted + own
        if wanted != contract.renewed_before:
            Contract.objects.filter(pk=contract.pk).update(
                renewed_before=wanted, renewals=wanted + own
            )


DEEDS = deeds_for("contract", Contract, check, follow_chains)
