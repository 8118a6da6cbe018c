"""Who objects isn't judged, at once and in every run; what they bought counts for the company still."""

from datetime import timedelta

import pytest
from django.db.models import Sum

from cast import NOW, TODAY
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_customer
from kezhi.customers.merging import merge_customers
from kezhi.customers.models import Standing
from kezhi.insight.exempting import LISTS, end_exemption, exempt_customer, exemption_of
from kezhi.insight.models import LostCustomer, Offer, Snapshot
from kezhi.records.treatment import treatments
from kezhi.rights.explaining import judgement_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def buyer(trading, measure, li_wei):
    measure(TODAY - timedelta(days=3))
    rows = Standing.objects.filter(owner_id=li_wei.pk, occasions__gt=3, score__isnull=False)
    return rows.order_by("pk").first().customer


def judged(customer):
    standing = Standing.objects.get(pk=customer.pk)
    names = ("score", "potential_value", "p_alive", "value_at_risk", "recency_score")
    return [getattr(standing, name) for name in names] + [standing.tier, standing.stage]


def test_an_objection_counts_at_once_and_in_every_run_and_the_totals_stay(
    buyer, li_wei, measure, chen_jing
):
    assert all(entry not in (None, "") for entry in judged(buyer)[:3])
    assert judgement_of(buyer).factors
    revenue = Standing.objects.aggregate(total=Sum("realised_value"))["total"]
    with pytest.raises(NotAllowed):
        exempt_customer(buyer, actor=chen_jing, on=TODAY, reason="x")
    with pytest.raises(Refused):
        exempt_customer(buyer, actor=li_wei, on=TODAY, reason=" ")
    exempt_customer(buyer, actor=li_wei, on=TODAY, reason="来信反对")
    assert not any(judged(buyer))
    assert not Snapshot.objects.filter(customer=buyer, p_alive__isnull=False).exists()
    run = measure()
    assert not any(judged(buyer))
    snapshot = Snapshot.objects.get(run=run, customer=buyer)
    assert (snapshot.score, snapshot.tier, snapshot.leaves) == (None, "", [])
    assert snapshot.realised_value == Standing.objects.get(pk=buyer.pk).realised_value
    assert snapshot.occasions > 3
    assert Standing.objects.aggregate(total=Sum("realised_value"))["total"] == revenue
    assert not LostCustomer.objects.filter(customer=buyer).exists()
    assert not Offer.objects.filter(customer=buyer).exists()
    assert not judgement_of(buyer).is_judged
    end_exemption(buyer, actor=li_wei, on=TODAY, reason="本人要求")
    measure()
    assert all(entry not in (None, "") for entry in judged(buyer)[:3])


def test_what_one_of_two_records_objected_to_the_survivor_did_too(buyer, owner):
    other = create_customer({"name": "另一条记录"}, actor=owner, on=TODAY)
    exempt_customer(other, actor=owner, on=TODAY, reason="来信反对")
    merge_customers(buyer, other, actor=owner, at=NOW)
    assert exemption_of(buyer) is not None
    assert not any(judged(buyer))


def test_every_list_of_judged_customers_is_known_here():
    """A later table that keeps a customer because of a judgement is taken off, too."""
    kept = {"insight_snapshot", "insight_tiermove", "insight_stagemove", "insight_loss"}
    kept |= {"insight_offeranswer", "insight_tieroverride"}
    tables = {
        name
        for name, each in treatments().items()
        if name.startswith("insight_") and each.erasure == "with customer"
    }
    assert tables - kept == set(LISTS)
