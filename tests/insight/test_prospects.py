"""Growth potential in a run: measured where customers can be compared, kept and told apart."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM

pytestmark = pytest.mark.django_db


def test_growth_is_measured_kept_and_part_of_potential_value(told_apart, measure):
    from kezhi.customers.models import Standing
    from kezhi.insight.models import Snapshot

    customer = told_apart[10]
    customer.yearly_demand = Decimal(900_000)
    customer.save()
    run = measure()
    told = run.summary["growth"]
    assert told["winning"]["customers"] >= 20
    assert {each["level"] for each in told["frontier"]["effects"]} == {"餐饮", "零售"}
    axes = run.summary["matrix"]["across"], run.summary["matrix"]["up"]
    assert axes == ("current_value", "growth_value")
    own = Snapshot.objects.get(run=run, customer=customer)
    assert own.wallet_basis == "stated"
    assert own.wallet == 900_000
    assert own.growth_low <= own.growth_value <= own.growth_high
    assert own.potential_value == pytest.approx(
        own.continuation_value + own.growth_value, abs=Decimal("0.011")
    )
    standing = Standing.objects.get(pk=customer.pk)
    assert standing.growth_value == own.growth_value
    assert standing.potential_high == own.outcome_high + own.growth_high
    never = Snapshot.objects.get(run=run, customer=told_apart[0])
    assert never.growth_value is None
    assert never.wallet_basis == ""
    assert "growth_few" in [warning["key"] for warning in run.warnings]


def test_what_tells_customers_apart_belongs_to_the_version_of_the_data(told_apart, measure):
    from kezhi.customers.models import Customer

    first = measure()
    Customer.objects.filter(pk=told_apart[5].pk).update(yearly_demand=1000)
    second = measure()
    assert first.data_version != second.data_version


def test_without_attributes_nothing_is_claimed(of_three_years, measure):
    run = measure()
    assert run.summary["growth"]["lacking"] == "attributes"
    assert run.summary["totals"]["growth_value"] == 0
    axes = run.summary["matrix"]["across"], run.summary["matrix"]["up"]
    assert axes == ("contribution_12m", "potential_value")


def test_open_needs_and_offers_are_read_for_today_only(told_apart, measure, li_wei):
    from kezhi.catalog.models import Product
    from kezhi.customers.models import Need
    from kezhi.insight.models import Offer, OfferRun
    from kezhi.insight.prospects import as_in_the_past, read_prospects

    customer = told_apart[7]
    product = Product.objects.create(code="P", name="茶", name_key="cha", list_price=50)
    Need.objects.create(
        customer=customer,
        what="Tea for the summer",
        product=product,
        quantity=40,
        handler=li_wei,
        raised_on=TODAY,
        reply_due_on=TODAY + timedelta(days=9),
        **customer.place,
    )
    run = measure()
    search = OfferRun.objects.create(
        run=run, state=OfferRun.State.DONE, figures={"usual_share": 0.1, "window_days": 180}
    )
    Offer.objects.create(
        offer_run=search, customer=customer, product=product, probability=0.5, contribution=80,
        expected=40, lift=2, together=9,
    )  # fmt: skip
    table, version = read_prospects(TODAY)
    row = table["customer"].to_pylist().index(customer.pk)
    assert (table["asked"][row].as_py(), table["offered"][row].as_py()) == (2000, 40)
    assert table.schema.metadata[b"usual_share"] == b"0.1"
    assert set(as_in_the_past(table).column_names) == {
        "customer", "industry", "region", "form", "stated"
    }  # fmt: skip
    search.delete()
    assert read_prospects(TODAY)[1] == version


def test_the_share_that_new_products_get_anyway():
    from kezhi.insight.offering import _usual_share
    from kezhi.value.offers.affinity import Purchased

    lines = Purchased(
        np.array([0, 0, 0, 1], np.int32),
        np.array([0, 0, 1, 1], np.int32),
        np.array([0, 350, 360, 365], np.int32),
        np.array([10.0, 30.0, 10.0, 99.0]),
        2,
        2,
    )
    assert _usual_share(lines, 365) == 0.25
    assert _usual_share(lines, 170) is None


def test_a_former_model_without_growth_leaves_it_to_the_model(told_apart, measure):
    from kezhi.insight import figures
    from kezhi.insight.figures.basis import basis_between
    from kezhi.insight.models import ValueRun

    before = measure(TODAY - timedelta(days=90))
    ValueRun.objects.filter(pk=before.pk).update(summary=before.summary | {"growth": None})
    run = measure()
    before.refresh_from_db()
    bridge = figures.asset_bridge(SYSTEM, basis_between(run, before))
    steps = {step.part: step.change for step in bridge.steps}
    assert steps["model"] > 0
