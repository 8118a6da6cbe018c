"""Care: found when it is due, given once, never selling, and measured against customers left out by chance."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from cast import NOW, TODAY
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_customer
from kezhi.customers.marking import digest
from kezhi.customers.models import (
    Contact,
    Customer,
    DoNotContact,
    FollowUp,
    Interaction,
    Standing,
)
from kezhi.ledger.models import Order
from kezhi.messaging.models import MailAccount, Outgoing
from kezhi.service.care.effect import NAME, effect_of, read
from kezhi.service.care.festivals import festival_day
from kezhi.service.care.planning import change_plan, create_plan, delete_plan
from kezhi.service.care.tending import find_occasions, settle_due
from kezhi.service.models import CareTouch, Ticket
from kezhi.workbench import analysing

pytestmark = pytest.mark.django_db


@pytest.fixture
def a_plan(owner):
    def plan(occasion="delivery", *, on=TODAY - timedelta(days=30), **more):
        fields = {"name": f"{occasion}关怀", "occasion": occasion, "subject": "回访 {{customer.name}}",
                  "control_share": 0, "rest_days": 0, **more}  # fmt: skip
        return create_plan(fields, actor=owner, on=on)

    return plan


def ordered(customer, number, day, *, delivered=None, amount=100):
    return Order.objects.create(
        number=number, customer=customer, ordered_on=day, delivered_on=delivered, currency="CNY",
        amount=amount, owner_id=customer.owner_id,
    )  # fmt: skip


def tend(plan, on=TODAY):
    find_occasions(plan, actor=SYSTEM, on=on)
    settle_due(actor=SYSTEM, on=on, at=NOW)
    return list(CareTouch.objects.filter(plan=plan).order_by("pk"))


def test_after_a_delivery_the_owner_gets_one_task_however_often_it_is_tended(
    a_plan, anhui_tea, li_wei
):
    plan = a_plan(days=3)
    ordered(anhui_tea, "A1", TODAY - timedelta(days=9), delivered=TODAY - timedelta(days=4))
    ordered(anhui_tea, "A2", TODAY - timedelta(days=3), delivered=TODAY - timedelta(days=1))
    [touch] = tend(plan)
    assert touch.state == "given"
    assert touch.due_on == TODAY - timedelta(days=1)
    follow_up = FollowUp.objects.get()
    assert (follow_up.assignee, follow_up.subject) == (li_wei, "回访 安徽茶业有限公司")
    tend(plan)
    assert FollowUp.objects.count() == 1
    assert [each.occasion_key for each in tend(plan, TODAY + timedelta(days=2))] == [
        f"order:{Order.objects.get(number=number).pk}" for number in ("A1", "A2")
    ]


def test_what_came_before_the_plan_began_is_left_alone(a_plan, anhui_tea):
    ordered(anhui_tea, "A1", TODAY - timedelta(days=9), delivered=TODAY - timedelta(days=5))
    assert tend(a_plan(on=TODAY - timedelta(days=4))) == []


def test_nobody_gets_the_same_care_again_while_it_rests(a_plan, anhui_tea):
    plan = a_plan(rest_days=30)
    for days in (8, 5, 2):
        on = TODAY - timedelta(days=days)
        ordered(anhui_tea, f"A{days}", on, delivered=on)
        tend(plan, on)
    assert CareTouch.objects.count() == 1


def test_of_the_control_group_a_row_is_kept_and_nothing_done(a_plan, li_wei):
    plan = a_plan(control_share=50)
    for number in range(40):
        customer = create_customer({"name": f"客户{number}"}, actor=li_wei, on=TODAY)
        ordered(customer, f"N{number}", TODAY, delivered=TODAY)
    touches = tend(plan)
    control = {each.customer_id for each in touches if each.state == "control"}
    assert 8 <= len(control) <= 32
    assert FollowUp.objects.count() == 40 - len(control)
    assert not FollowUp.objects.filter(customer_id__in=control).exists()
    # Drawn for good: another occasion finds the same customers left out.
    later = TODAY + timedelta(days=1)
    for customer in Customer.objects.all():
        ordered(customer, f"L{customer.pk}", later, delivered=later)
    again = {each.customer_id for each in tend(plan, later) if each.state == "control"}
    assert again == control


@pytest.mark.parametrize(
    ("occasion", "fields"),
    [
        ("first_order", {}),
        ("anniversary", {}),
        ("festival", {"festival": "mid_autumn"}),
        ("silence", {"days": 60}),
        ("repair", {}),
        ("complaint", {}),
    ],
)
def test_each_occasion_is_found_on_its_day_and_not_the_day_before(
    a_plan, anhui_tea, li_wei, occasion, fields
):
    day = date(2026, 9, 25)
    standing = {"occasions": 3, "stage": "stable", "tier": "A"}
    if occasion == "first_order":
        standing["first_order_on"] = day
    elif occasion == "anniversary":
        standing["first_order_on"] = day.replace(year=2023)
    elif occasion == "silence":
        standing["last_order_on"] = day - timedelta(days=60)
    elif occasion in ("repair", "complaint"):
        kind = "fault" if occasion == "repair" else "complaint"
        Ticket.objects.create(
            number="T1", type=kind, state="solved", subject="机组故障", customer=anhui_tea,
            opened_at=NOW, solved_at=NOW.replace(month=9, day=25),
        )  # fmt: skip
    Standing.objects.filter(pk=anhui_tea.pk).update(**standing)
    plan = a_plan(occasion, on=date(2026, 9, 1), **fields)
    assert tend(plan, day - timedelta(days=1)) == []
    [touch] = tend(plan, day)
    assert (touch.happened_on, touch.state) == (day, "given")


@pytest.mark.parametrize("occasion", ["repair", "silence"])
def test_what_happens_after_midnight_belongs_to_the_day_of_the_company(a_plan, anhui_tea, occasion):
    day = date(2026, 9, 25)
    half_past_one = datetime(2026, 9, 24, 17, 30, tzinfo=UTC)  # in Shanghai, where it is the 25th
    standing = {"occasions": 3, "stage": "stable", "tier": "A"}
    if occasion == "repair":
        Ticket.objects.create(
            number="T1", type="fault", state="solved", subject="机组故障", customer=anhui_tea,
            opened_at=NOW, solved_at=half_past_one,
        )  # fmt: skip
    else:
        Interaction.objects.create(
            customer=anhui_tea, channel="call", at=half_past_one - timedelta(days=60), text="电话",
            **anhui_tea.place,
        )  # fmt: skip
        standing["last_order_on"] = day - timedelta(days=90)
    Standing.objects.filter(pk=anhui_tea.pk).update(**standing)
    plan = a_plan(occasion, on=date(2026, 9, 1), days=0 if occasion == "repair" else 60)
    assert tend(plan, day - timedelta(days=1)) == []
    assert [each.happened_on for each in tend(plan, day)] == [day]


def test_festivals_move_with_the_moon():
    assert festival_day("spring", 2026) == date(2026, 2, 17)
    assert festival_day("mid_autumn", 2025) == date(2025, 10, 6)
    assert festival_day("dragon_boat", 2026) == date(2026, 6, 19)
    assert festival_day("no_such", 2026) is None


def test_only_the_tiers_of_the_plan_are_cared_for(a_plan, anhui_tea):
    Standing.objects.filter(pk=anhui_tea.pk).update(tier="C")
    ordered(anhui_tea, "A1", TODAY, delivered=TODAY)
    assert tend(a_plan(tiers=["S", "A"])) == []
    assert len(tend(a_plan(name="全部客户", tiers=["C"]))) == 1


@pytest.mark.parametrize(
    "words",
    ["中秋快乐，全场8折", "下单即送优惠券", "20% off for you", "A special offer", "限时特价"],
)
def test_care_makes_no_offers(a_plan, words):
    with pytest.raises(Refused, match=r"offers|推销"):
        a_plan(way="letter", text=words)


def test_a_letter_goes_to_the_main_contact_once_and_not_to_who_refused(
    a_plan, anhui_tea, li_wei, owner
):
    account = MailAccount.objects.create(
        name="客服", address="service@kezhi.example", purpose="shared", smtp_host="localhost"
    )
    contact = Contact.objects.create(
        customer=anhui_tea, name="周敏", name_key="x", email="zhou@tea.example", is_primary=True
    )
    plan = a_plan(way="letter", text="{{contact.name}}，货收到了吗？")
    ordered(anhui_tea, "A1", TODAY, delivered=TODAY)
    assert [each.state for each in tend(plan)] == ["waiting"], "no mailbox was chosen yet"
    plan.account = account
    plan.save()
    [touch] = tend(plan)
    assert touch.state == "sent"
    letter = Outgoing.objects.get()
    assert (letter.to, letter.text.strip()) == ([contact.email], "周敏，货收到了吗？")
    DoNotContact.objects.create(digest=digest("e:zhou@tea.example"), since=NOW, source="form")
    later = TODAY + timedelta(days=1)
    ordered(anhui_tea, "A2", later, delivered=later)
    assert [each.state for each in tend(plan, later)] == ["sent", "left_out"]
    assert Outgoing.objects.count() == 1


def test_the_effect_is_those_who_bought_again_against_the_control_group(
    a_plan, li_wei, owner, monkeypatch
):
    plan = a_plan(control_share=10, window_days=30)
    start = TODAY - timedelta(days=60)
    for number in range(40):
        customer = create_customer({"name": f"客户{number}"}, actor=li_wei, on=TODAY)
        is_control = number < 20
        CareTouch.objects.create(
            plan=plan, customer=customer, occasion_key="k", happened_on=start, due_on=start,
            state="control" if is_control else "given",
        )  # fmt: skip
        if number % 4 == 0 or (not is_control and number % 4 != 3):
            ordered(customer, f"R{number}", start + timedelta(days=5), amount=100)
        ordered(customer, f"L{number}", start + timedelta(days=31), amount=9_999)
    too_early = effect_of(plan, TODAY - timedelta(days=30))
    assert (too_early.running, too_early.more_bought) == (40, None)
    assert too_early.told_on == start + timedelta(days=31)
    found = effect_of(plan, TODAY)
    assert read(plan, owner, NOW).effect == found
    monkeypatch.setattr(analysing, "MANY", 39)
    assert read(plan, owner, NOW).effect is None
    analysing.count_analysis(NAME, actor=owner, at=NOW)
    assert read(plan, owner, NOW).effect == found
    assert found.told_on == start + timedelta(days=31)
    assert (found.control.customers, found.treated.customers) == (20, 20)
    assert (found.control.bought.share, found.treated.bought.share) == (0.25, 0.75)
    assert found.more_bought.is_clear
    assert found.more_spent.difference == pytest.approx(50.0)


def test_a_plan_that_has_begun_keeps_its_occasion_and_is_not_deleted(a_plan, anhui_tea, owner):
    plan = a_plan()
    ordered(anhui_tea, "A1", TODAY, delivered=TODAY)
    tend(plan)
    with pytest.raises(Refused):
        change_plan(plan, {"occasion": "silence"}, actor=owner, on=TODAY)
    with pytest.raises(Refused):
        delete_plan(plan, actor=owner, on=TODAY)
    change_plan(plan, {"is_active": False}, actor=owner, on=TODAY)
    ordered(anhui_tea, "A2", TODAY, delivered=TODAY)
    assert CareTouch.objects.count() == 1


def test_a_salesperson_reads_plans_and_writes_none(a_plan, li_wei):
    plan = a_plan()
    with pytest.raises(NotAllowed):
        create_plan({"name": "x", "occasion": "delivery", "subject": "y"}, actor=li_wei, on=TODAY)
    with pytest.raises(NotAllowed):
        change_plan(plan, {"name": "z"}, actor=li_wei, on=TODAY)
    plan.refresh_from_db()
    assert plan.name == "delivery关怀"
    assert Decimal(plan.version) == 1
