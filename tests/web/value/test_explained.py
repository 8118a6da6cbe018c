"""Any figure of a customer opens: formula, inputs, orders, interval, and what would change it."""

import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.customers.models import Customer
from kezhi.insight import explaining, figures
from kezhi.insight.models import Snapshot, ValueRun
from kezhi.insight.ruling import current_settings, publish_value_settings

pytestmark = pytest.mark.django_db


@pytest.fixture
def measured(trading, measure):
    return measure()


@pytest.fixture
def buyer(measured):
    rows = Snapshot.objects.filter(run=measured, repeats__gt=2, overdue_ratio__isnull=False)
    return rows.exclude(revenue_trend=None).order_by("-potential_value").first().customer


@pytest.fixture
def growing(buyer, measured):
    """The buyer, compared with customers alike."""
    effect = {"attribute": "industry", "level": "餐饮", "factor": 1.4, "customers": 212}
    step = {"customers": 90, "won": 9}
    growth = {"customers": 57, "frontier": {"effects": [effect]}, "winning": {"steps": [step] * 5}}
    ValueRun.objects.filter(pk=measured.pk).update(summary=measured.summary | {"growth": growth})
    Customer.objects.filter(pk=buyer.pk).update(industry="餐饮")
    Snapshot.objects.filter(run=measured, customer=buyer).update(
        growth_value=1800,
        growth_low=900,
        growth_high=2700,
        wallet=60_000,
        wallet_gap=9_000,
        win_probability=0.1,
        wallet_basis="peers",
    )
    return buyer


def opened(buyer, name):
    return f"/customers/{buyer.pk}/figures/{name}/"


def test_each_figure_tells_all_of_it(web, growing, owner):
    buyer = growing
    for name in explaining.FIGURES:
        text = web(owner, "en").get(opened(buyer, name)).content.decode()
        assert "/orders/?" in text
        for section in ("How it comes about", "The orders behind it", "Where it comes from"):
            assert section in text, name
        changes = "What would change it" in text
        assert changes == (name not in ("value_at_risk", "expected_next_on"))
        chinese = web(owner, "zh-hans").get(opened(buyer, name))
        assert "怎么来的" in chinese.content.decode()


def test_growth_tells_whom_it_compares_and_how_often_gaps_closed(web, growing, owner):
    text = web(owner, "en").get(opened(growing, "growth_value")).content.decode()
    assert "Industry: 餐饮" in text
    assert "from 212 customers" in text
    assert "Of 90 customers with such a gap a year ago, 9 spent as much" in text
    assert "80% interval of the mean" in text
    assert "yearly demand" in text
    both = web(owner, "en").get(opened(growing, "potential_value")).content.decode()
    assert "Continuation value plus growth potential" in both
    assert opened(growing, "growth_value") in both
    page = web(owner, "en").get(f"/customers/{growing.pk}/").content.decode()
    assert "continuation" in page
    assert opened(growing, "growth_value") in page


def test_what_went_in_makes_the_figure(buyer, measured):
    basis = figures.basis()
    snapshot = Snapshot.objects.get(run=measured, customer=buyer)
    costs = explaining.explain(SYSTEM, buyer.pk, "cost_to_serve", basis)
    assert sum(costs.costs.values()) + costs.priced == pytest.approx(float(snapshot.cost_to_serve))
    worth = explaining.worth_of_purchase(snapshot, costs.rules)
    assert worth < snapshot.expected_spend


def test_the_model_says_again_what_the_run_said(buyer, measured):
    snapshot = Snapshot.objects.get(run=measured, customer=buyer)
    found = explaining.explain(SYSTEM, buyer.pk, "potential_value", figures.basis())
    assert found.now.p_alive == pytest.approx(snapshot.p_alive, abs=1e-4)
    assert found.now.p_purchase_12m == pytest.approx(snapshot.p_purchase_12m, abs=1e-4)
    if found.now.continuation is not None:
        expected = float(snapshot.continuation_value)
        assert found.now.continuation == pytest.approx(expected, rel=1e-3, abs=0.02)
    assert found.silent.p_alive <= found.now.p_alive + 1e-9
    assert found.order_today.p_purchase_12m >= found.silent.p_purchase_12m


@pytest.mark.parametrize(
    "changed", [{"annual_rate": 0.0}, {"upkeep_per_month": 3.0}, {"model": "naive"}]
)
def test_where_the_model_does_not_allow_it_nothing_is_without_end(
    changed, trading, measure, owner, web
):
    rules = {**current_settings().rules, "model": "mbg-nbd", **changed}
    publish_value_settings(rules, actor=owner, on=TODAY, reason="试试")
    measure()
    snapshot = Snapshot.objects.filter(repeats__gt=0).first()
    found = explaining.explain(SYSTEM, snapshot.customer_id, "potential_value", figures.basis())
    assert found.without_end is None
    path = f"/customers/{snapshot.customer_id}/figures/potential_value/"
    text = web(owner, "en").get(path).content.decode()
    assert "How it comes about" in text
    assert "DERT" not in text


def test_the_model_allows_a_figure_without_end(trading, measure, owner, web):
    rules = {**current_settings().rules, "model": "mbg-nbd", "annual_rate": 0.15}
    publish_value_settings(rules, actor=owner, on=TODAY, reason="试试")
    measure()
    for snapshot in Snapshot.objects.filter(repeats__gt=0)[:5]:
        found = explaining.explain(SYSTEM, snapshot.customer_id, "potential_value", figures.basis())
        assert abs(found.without_end) > abs(found.now.continuation) > 0
    path = f"/customers/{snapshot.customer_id}/figures/potential_value/"
    assert "Continuation without end" in web(owner, "en").get(path).content.decode()
    assert "无期限的延续价值" in web(owner, "zh-hans").get(path).content.decode()


def test_the_customer_page_leads_to_its_figures(web, buyer, owner):
    text = web(owner).get(f"/customers/{buyer.pk}/").content.decode()
    for name in ("potential_value", "p_alive", "realised_value", "cost_to_serve"):
        assert opened(buyer, name) in text


def test_what_is_unknown_or_not_theirs_is_not_found(web, buyer, owner, li_wei, chen_jing):
    assert web(owner).get(opened(buyer, "weather")).status_code == 404
    stranger = chen_jing if buyer.owner_id == li_wei.pk else li_wei
    assert web(stranger).get(opened(buyer, "p_alive")).status_code == 404


def test_before_anything_was_measured_it_says_so(web, anhui_tea, owner):
    page = web(owner).get(opened(anhui_tea, "p_alive"))
    assert b"Not measured" in page.content
    assert Customer.objects.filter(pk=anhui_tea.pk).exists()
