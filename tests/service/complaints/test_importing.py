"""Complaints that another system settled come from a file: once, completed, with what they cost."""

from datetime import date
from decimal import Decimal

import pytest

from cast import NOW
from dataio.conftest import bring_in, checked, take_in, uploads  # noqa: F401
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import Refused
from kezhi.dataio.importing import undo_import
from kezhi.ledger.models import CostEntry
from kezhi.messaging.models import Notice
from kezhi.service.complaints.recording import edit_complaint
from kezhi.service.models import Clock, Complaint, Ticket

pytestmark = pytest.mark.django_db
FILE = """number,customer,subject,category,received,settled,result,verdict,loss,compensation,summary
TS-17,C-AHTEA,Three boxes wet,transport,2025-03-01,2025-03-09,accepted,justified,1200,800,Wrap them
TS-18,C-AHTEA,Wrong invoice,service,2025-03-02,2025-03-02,not reached,,,,
T-00007,C-AHTEA,Ours,service,2025-03-02,2025-03-02,accepted,,,,
TS-19,C-AHTEA,Backwards,service,2025-03-02,2025-03-01,accepted,,,,
TS-20,C-AHTEA,Not settled,service,2025-03-02,,,,,,
"""


def test_they_come_once_and_completed_with_what_they_cost(bring_in, anhui_tea, li_wei):  # noqa: F811
    batch = bring_in("complaint", FILE)
    assert (batch.created, batch.bad) == (2, 3), batch.causes
    wet = Complaint.objects.get(ticket__number="TS-17")
    assert (wet.step, wet.answer, wet.verdict) == ("done", "accepted", "justified")
    assert (wet.opened_at.date(), wet.settled_at.date()) == (date(2025, 3, 1), date(2025, 3, 9))
    assert (wet.owner_id, wet.ticket.state, wet.ticket.at_stake) == (li_wei.pk, "closed", 0)
    given, cost = wet.compensations.get(), CostEntry.objects.get()
    assert (given.amount, given.done_on, given.cost) == (Decimal(800), date(2025, 3, 9), cost)
    assert (cost.amount, cost.incurred_on, cost.activity) == (
        *(Decimal(800), date(2025, 3, 9), "redress"),
    )
    assert not Clock.objects.exists()
    assert not Notice.objects.exists()
    again = bring_in("complaint", FILE)
    assert (again.created, again.unchanged) == (0, 2)
    undo_import(batch, actor=SYSTEM, at=NOW)
    assert not Ticket.objects.exists()
    assert not CostEntry.objects.exists()


def test_costs_that_come_by_themselves_are_booked_once(bring_in, anhui_tea):  # noqa: F811
    batch = bring_in("complaint", FILE, options={"books_compensation": False})
    assert Complaint.objects.get(ticket__number="TS-17").compensated == 800
    assert not CostEntry.objects.exists()
    edit_complaint(Complaint.objects.earliest("pk"), {"lane": "苏州到合肥"}, actor=SYSTEM)
    with pytest.raises(Refused):
        undo_import(batch, actor=SYSTEM, at=NOW)


def test_who_may_not_import_for_a_customer_brings_nothing_in(bring_in, anhui_tea, manager):  # noqa: F811
    anhui_tea.__class__.objects.update(department_id=None, team_id=None, owner_id=None)
    batch = bring_in("complaint", FILE, manager)
    assert (batch.created, Complaint.objects.count()) == (0, 0)
