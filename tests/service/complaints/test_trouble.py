"""Nobody sells into trouble: marketing is refused, plans need a reason, care goes on."""

import pytest

from cast import NOW, TODAY
from kezhi.audit.models import Entry
from kezhi.customers.following_up import NeedsReason, plan_follow_up
from kezhi.customers.models import FollowUp
from kezhi.customers.reaching import may_reach
from kezhi.service.complaints.troubling import troubles_of
from kezhi.service.models import Ticket
from kezhi.service.tickets.changing import set_state
from kezhi.service.tickets.opening import open_ticket


@pytest.mark.parametrize("sort", ["complaint", "fault"])
def test_an_open_complaint_or_fault_stops_marketing_but_no_service(anhui_tea, agent, sort):
    fields = {"type": sort, "subject": "封口不牢", "customer": anhui_tea}
    ticket = open_ticket(fields, actor=agent, at=NOW)
    answer = may_reach(anhui_tea, "marketing", "email", NOW)
    assert not answer
    assert "No marketing now" in answer.reason
    assert may_reach(anhui_tea, "", "email", NOW)
    assert "No marketing" not in may_reach(anhui_tea, "survey", "email", NOW).reason
    if sort == "fault":
        set_state(ticket, "solved", actor=agent, at=NOW)
    else:
        Ticket.objects.filter(pk=ticket.pk).update(type="inquiry")
        ticket.complaint.delete()
    assert "No marketing" not in may_reach(anhui_tea, "marketing", "email", NOW).reason


def test_a_plan_needs_a_reason_that_the_audit_keeps(anhui_tea, agent, li_wei):
    open_ticket(
        {"type": "complaint", "subject": "延误", "customer": anhui_tea}, actor=agent, at=NOW
    )
    plan = {"customer": anhui_tea, "subject": "推荐新品", "due_on": TODAY}
    with pytest.raises(NeedsReason, match="complaint is open"):
        plan_follow_up(plan, actor=li_wei, on=TODAY)
    with pytest.raises(NeedsReason):
        plan_follow_up({**plan, "despite": "  "}, actor=li_wei, on=TODAY)
    assert not FollowUp.objects.exists()
    plan_follow_up({**plan, "despite": "客户主动询价"}, actor=li_wei, on=TODAY)
    assert Entry.objects.get(deed="follow_up.planned").detail["despite"] == "客户主动询价"
    plan_follow_up(plan, actor=li_wei, on=TODAY, is_selling=False)
    assert FollowUp.objects.count() == 2


def test_trouble_of_many_takes_one_query(anhui_tea, agent, django_assert_num_queries):
    for sort in ("complaint", "fault", "fault", "inquiry"):
        open_ticket({"type": sort, "subject": sort, "customer": anhui_tea}, actor=agent, at=NOW)
    with django_assert_num_queries(1):
        found = troubles_of([anhui_tea.pk, 999, 1000])
    assert (found[anhui_tea.pk].complaints, found[anhui_tea.pk].faults) == (1, 2)
    assert set(found) == {anhui_tea.pk}
