"""The complaints of the demo company: all four categories, at every stage, with what was given booked."""

from decimal import Decimal

import pytest

from cast import PASSWORD, TODAY
from kezhi.accounts.organising import create_person
from kezhi.core.actor import SYSTEM
from kezhi.customers.models import Standing
from kezhi.demo.complaining import COUNT, complain
from kezhi.ledger.models import CostEntry
from kezhi.service.models import Compensation, Complaint

pytestmark = pytest.mark.django_db


def test_they_are_of_all_categories_at_every_stage_and_booked(owner, organisation, anhui_tea):
    agent = {"login": "he", "name": "何静", "roles": ["service_agent"], "password": PASSWORD}
    create_person({**agent, "department": organisation.head}, actor=SYSTEM)
    Standing.objects.filter(pk=anhui_tea.pk).update(
        occasions=5, revenue_12m=Decimal(90_000), value_at_risk=Decimal(50_000)
    )
    complain(owner, today=TODAY)
    assert Complaint.objects.count() == COUNT
    assert set(Complaint.objects.values_list("category", flat=True)) >= {
        *("quality", "contract", "transport", "service")
    }
    assert Complaint.objects.filter(step="done").count() > COUNT / 2
    assert 3 <= Complaint.objects.open().count() <= 20
    done = Compensation.objects.filter(state="done", amount__gt=0)
    booked = CostEntry.objects.filter(activity="redress").values_list("amount", flat=True)
    assert sorted(done.values_list("amount", flat=True)) == sorted(booked)
