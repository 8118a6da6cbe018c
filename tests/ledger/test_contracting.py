"""Contracts: what follows from their days, what a renewal and an end leave behind, whose they are."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_customer, reassign_customer
from kezhi.ledger.contracting import DEEDS, periods_between
from kezhi.ledger.models import Contract

pytestmark = pytest.mark.django_db


def agree(customer, actor, number="HT-1", **more):
    fields = {
        "customer": customer,
        "number": number,
        "title": "冷库保养",
        "starts_on": date(2024, 3, 1),
        "ends_on": date(2026, 2, 28),
        "period_months": 12,
        "amount": Decimal(36_000),
        **more,
    }
    return DEEDS.create(fields, actor=actor, on=TODAY)


@pytest.mark.parametrize(
    ("ends_on", "months", "periods"),
    [
        (date(2025, 2, 28), 12, 1),
        (date(2026, 2, 28), 12, 2),
        (date(2026, 5, 31), 12, 2),
        (date(2024, 3, 1), 12, 1),
        (date(2024, 8, 31), 1, 6),
    ],
)
def test_periods_are_counted_from_day_to_day(ends_on, months, periods):
    assert periods_between(date(2024, 3, 1), ends_on, months) == periods


def test_a_contract_takes_owner_currency_and_renewals_by_itself(anhui_tea, li_wei):
    contract = agree(anhui_tea, li_wei)
    assert (contract.owner_id, contract.currency, contract.state) == (li_wei.pk, "CNY", "running")
    assert contract.renewals == 1
    moved = DEEDS.edit(contract, {"ends_on": date(2027, 2, 28)}, actor=li_wei, on=TODAY)
    assert moved.renewals == 2


def test_a_period_that_nobody_states_is_the_whole_length(anhui_tea, li_wei):
    contract = agree(anhui_tea, li_wei, period_months=None)
    assert (contract.period_months, contract.renewals) == (24, 0)


def test_a_contract_that_renews_another_counts_on(anhui_tea, li_wei):
    first = agree(anhui_tea, li_wei, ends_on=date(2025, 2, 28))
    second = agree(
        anhui_tea,
        li_wei,
        "HT-2",
        renews=first,
        starts_on=date(2025, 3, 1),
        ends_on=date(2026, 2, 28),
    )
    first.refresh_from_db()
    assert (first.state, first.ended_on) == ("renewed", date(2025, 2, 28))
    assert (second.renewed_before, second.renewals) == (1, 1)
    # The first one ran a year longer than it was entered with: what follows counts on from there.
    DEEDS.edit(first, {"starts_on": date(2023, 3, 1)}, actor=li_wei, on=TODAY)
    second.refresh_from_db()
    assert (second.renewed_before, second.renewals) == (2, 2)


def test_a_lost_contract_keeps_day_and_cause_and_a_running_one_has_none(anhui_tea, li_wei):
    lost = agree(anhui_tea, li_wei, state="lost", cause="price")
    assert (lost.ended_on, lost.cause) == (date(2026, 2, 28), "price")
    back = DEEDS.edit(lost, {"state": "running"}, actor=li_wei, on=TODAY)
    assert (back.ended_on, back.cause) == (None, "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"ends_on": date(2024, 2, 1)},
        {"amount": Decimal(-1)},
        {"period_months": 601},
        {"state": "lost", "ended_on": date(2023, 1, 1)},
    ],
)
def test_what_cannot_be_is_refused(anhui_tea, li_wei, wrong):
    with pytest.raises(Refused):
        agree(anhui_tea, li_wei, **wrong)
    assert not Contract.objects.exists()


def test_a_number_is_there_once(anhui_tea, li_wei):
    contract = agree(anhui_tea, li_wei)
    with pytest.raises(Refused):
        agree(anhui_tea, li_wei)
    assert DEEDS.edit(contract, {"title": "新"}, actor=li_wei, on=TODAY).title == "新"


def test_a_contract_renews_an_earlier_one_of_the_same_customer(anhui_tea, li_wei):
    first = agree(anhui_tea, li_wei)
    other = create_customer({"name": "乙公司"}, actor=li_wei, on=TODAY)
    later = {"starts_on": date(2026, 3, 1), "ends_on": date(2027, 2, 28)}
    with pytest.raises(Refused):
        agree(other, li_wei, "HT-2", renews=first, **later)
    second = agree(anhui_tea, li_wei, "HT-2", renews=first, **later)
    with pytest.raises(Refused):
        DEEDS.edit(first, {"renews": second}, actor=li_wei, on=TODAY)


def test_nobody_adds_a_contract_to_a_customer_of_somebody_else(anhui_tea, chen_jing):
    with pytest.raises(NotAllowed):
        agree(anhui_tea, chen_jing)


def test_contracts_follow_their_customer_to_another_owner(anhui_tea, li_wei, chen_jing):
    contract = agree(anhui_tea, li_wei)
    reassign_customer(anhui_tea, chen_jing, actor=SYSTEM, on=TODAY + timedelta(days=1))
    contract.refresh_from_db()
    assert (contract.owner_id, contract.team_id) == (chen_jing.pk, chen_jing.team_id)
    assert list(Contract.objects.visible_to(chen_jing)) == [contract]
    assert not Contract.objects.visible_to(li_wei).exists()
