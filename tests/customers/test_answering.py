"""Needs: there is always somebody who sees to them, until the customer has an answer."""

from datetime import timedelta

import pytest

from cast import TODAY
from kezhi.accounts.organising import change_person
from kezhi.audit.models import Entry
from kezhi.catalog.models import Product
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.answering import (
    answer_need,
    change_need,
    decline_need,
    pass_on_need,
    register_need,
    reopen_need,
    start_need,
)
from kezhi.customers.models import Need

pytestmark = pytest.mark.django_db


def a_need(customer, actor, **fields):
    return register_need(
        {"customer": customer, "what": "要小包装", **fields}, actor=actor, on=TODAY
    )


def test_a_need_has_a_handler_and_a_day_from_the_start(anhui_tea, li_wei):
    need = a_need(anhui_tea, li_wei, product=Product.objects.create(code="P1", name="普洱"))
    assert (need.handler, need.state) == (li_wei, "open")
    assert need.reply_due_on == TODAY + timedelta(days=3)
    assert need.handling_department_id == li_wei.department_id


def test_it_cannot_be_passed_on_into_nothing(anhui_tea, li_wei, chen_jing, owner):
    need = a_need(anhui_tea, li_wei)
    change_person(chen_jing, {"is_active": False}, actor=SYSTEM)
    chen_jing.refresh_from_db()
    for nobody in (None, chen_jing):
        with pytest.raises(Refused):
            pass_on_need(need, nobody, actor=li_wei, on=TODAY)
        with pytest.raises(Refused):
            change_need(need, {"handler": nobody}, actor=li_wei, on=TODAY)
    assert Need.objects.get().handler == li_wei


def test_who_has_to_answer_sees_it_across_departments_and_who_had_it_is_kept(
    anhui_tea, li_wei, chen_jing
):
    need = a_need(anhui_tea, li_wei)
    assert not Need.objects.visible_to(chen_jing).exists()
    pass_on_need(need, chen_jing, actor=li_wei, on=TODAY, reason="归华南")
    assert Need.objects.visible_to(chen_jing, "edit").get() == need
    passed = Entry.objects.get(deed="need.passed_on")
    assert passed.detail["handler_before"] == li_wei.pk
    assert passed.detail["handler_after_name"] == "陈静"
    assert answer_need(need, "下月起有", actor=chen_jing, on=TODAY).state == "answered"


def test_the_states_of_a_need(anhui_tea, li_wei):
    need = a_need(anhui_tea, li_wei)
    assert start_need(need, actor=li_wei, on=TODAY).state == "in_progress"
    with pytest.raises(Refused):
        answer_need(need, " ", actor=li_wei, on=TODAY)
    with pytest.raises(Refused):
        decline_need(need, actor=li_wei, on=TODAY, reason="")
    declined = decline_need(need, actor=li_wei, on=TODAY, reason="没有生产线")
    assert (declined.state, declined.replied_on) == ("declined", TODAY)
    with pytest.raises(Refused):
        answer_need(need, "有了", actor=li_wei, on=TODAY)
    assert reopen_need(need, actor=li_wei, on=TODAY).is_open
    assert answer_need(need, "有了", actor=li_wei, on=TODAY).reply == "有了"


def test_a_stranger_registers_nothing(anhui_tea, chen_jing):
    with pytest.raises(NotAllowed):
        a_need(anhui_tea, chen_jing)
    assert not Need.objects.exists()


def test_overdue_needs_are_the_open_ones_whose_day_is_over(anhui_tea, li_wei):
    late = a_need(anhui_tea, li_wei, reply_due_on=TODAY)
    answered = a_need(anhui_tea, li_wei, reply_due_on=TODAY)
    answer_need(answered, "好", actor=li_wei, on=TODAY)
    assert list(Need.objects.overdue(TODAY + timedelta(days=1))) == [late]
    assert not Need.objects.overdue(TODAY).exists()
