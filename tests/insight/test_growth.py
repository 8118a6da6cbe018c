"""The growth matrix over the company's orders: period by period, for the customers somebody sees."""

from datetime import timedelta
from importlib import import_module

import pytest

from cast import TODAY
from kezhi.catalog.models import Product
from kezhi.insight import figures
from kezhi.insight.models import KeptFigure
from kezhi.ledger.models import OrderLine
from kezhi.value.growth_matrix import CELLS

pytestmark = pytest.mark.django_db
growing = import_module("kezhi.insight.figures.growth")


@pytest.fixture
def measured(trading, measure):
    """Everybody buys the old product, and half a year ago the later half of the lines became the new one."""
    old, new = (Product.objects.create(code=code, name=code) for code in ("旧品", "新品"))
    OrderLine.objects.update(product=old)
    since = TODAY - timedelta(days=180)
    OrderLine.objects.filter(ordered_on__gte=since, customer_id__gt=0).update(product=new)
    measure()
    return old, new


def test_every_line_stands_in_one_cell_of_a_period(measured, owner):
    growth = figures.growth(owner, figures.basis())
    assert len(growth.quarters) == growing.QUARTERS
    for period in (*growth.quarters, *growth.years):
        lines = OrderLine.objects.filter(
            ordered_on__gte=period.starts_on, ordered_on__lte=period.ends_on
        )
        assert period.revenue == pytest.approx(float(sum(line.amount for line in lines)))
    year = growth.years[0]
    quarters = sum(period.revenue for period in growth.quarters[:4])
    assert year.revenue == pytest.approx(quarters)


def test_what_was_first_sold_lately_is_new(measured, owner):
    old, new = measured
    year = figures.growth(owner, figures.basis()).years[0]
    for name in CELLS:
        products = {each.pk for each in year.cell(name).leading_products}
        assert products <= {new.pk if name in ("expansion", "diversification") else old.pk}
    assert year.cell("expansion").revenue > 0


def test_new_to_the_customer_is_another_question(measured, owner):
    basis = figures.basis()
    by_launch, by_customer = (figures.growth(owner, basis, by) for by in ("launch", "customer"))
    assert by_customer.years[0].revenue == pytest.approx(by_launch.years[0].revenue)
    bought = by_customer.years[0].cell("expansion")
    assert 0 < bought.revenue < by_launch.years[0].cell("expansion").revenue


def test_whole_and_part_agree_on_what_is_new(measured, owner, chen_jing, li_wei):
    basis = figures.basis()
    whole = figures.growth(owner, basis).years[0]
    parts = [figures.growth(person, basis).years[0] for person in (chen_jing, li_wei)]
    for name in CELLS:
        assert sum(part.cell(name).revenue for part in parts) == pytest.approx(
            whole.cell(name).revenue
        )
        assert sum(part.cell(name).customers for part in parts) == whole.cell(name).customers


def test_the_whole_is_kept_with_the_run_and_too_much_of_a_part_is_left(
    measured, owner, chen_jing, monkeypatch, django_assert_num_queries
):
    basis = figures.basis()
    figures.growth(owner, basis)
    assert KeptFigure.objects.filter(key="growth|launch").exists()
    with django_assert_num_queries(1):
        figures.growth(owner, basis)
    monkeypatch.setattr(growing, "MOST_LINES", 3)
    assert figures.growth(chen_jing, basis) is None


def test_without_orders_of_products_everything_is_nothing(trading, measure, owner):
    measure()
    growth = figures.growth(owner, figures.basis())
    assert [period.revenue for period in growth.years] == [0, 0]
