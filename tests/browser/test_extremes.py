"""The longest names in any script, a tree of forty levels, very many own fields: all of it fits the page."""

from __future__ import annotations

import subprocess
import sys

import pytest

PASSWORD = "longjing-2026-spring"
LEVELS, FIELDS = 40, 120
LONG = "长" * 200
NAMES = (LONG, "W" * 200, "شركة الشحن الدولية المحدودة (دبي)", "🚢 海运 👨‍👩‍👧‍👦 Logistics")
COMPANY = f"""
import datetime, django
django.setup()
from kezhi.accounts.arranging import create_department
from kezhi.accounts.models import Company
from kezhi.accounts.organising import create_person
from kezhi.core.actor import SYSTEM
from kezhi.customers.creating import create_customer
from kezhi.workbench.customizing import definitions
from kezhi.workbench.customizing.laying_out import change_layout
from kezhi.workbench.models import CustomField
TODAY = datetime.date(2026, 11, 20)
Company.objects.get_or_create(
    pk=1, defaults={{"name": "远航供应链", "currency": "CNY", "time_zone": "Asia/Shanghai"}}
)
lin = create_person(
    {{"login": "lin", "name": "林晓雯", "roles": ["owner"], "password": "{PASSWORD}"}}, actor=SYSTEM
)
above = None
for level in range({LEVELS}):
    above = create_department(f"第 {{level + 1}} 级", above, actor=lin)
keys = [f"c_own_{{n}}" for n in range({FIELDS})]
CustomField.objects.bulk_create(
    CustomField(kind="customer", key=key, label_zh=f"字段 {{key}}", label_en=f"Field {{key}}",
                field_kind="text", purpose="x", data_class="business", position=n)
    for n, key in enumerate(keys)
)
definitions.change()
sections = [{{"zh": "自定义", "en": "Own", "fields": keys}}]
change_layout(
    "customer", {{"sections": sections, "columns": ["name", *keys[:20]]}}, actor=lin, on=TODAY
)
for name in {NAMES!r}:
    create_customer({{"name": name}}, actor=lin, on=TODAY)
"""
PAGES = ("/customers/?view=all&w=", "/customers/new/", "/settings/organisation/", "/settings/people/new/",
         "/settings/layouts/customer/", "/settings/fields/customer/", "/customers/columns/")  # fmt: skip


@pytest.fixture(scope="module")
def site(empty_site):
    subprocess.run([sys.executable, "-c", COMPANY], env=empty_site.environment, check=True)
    return empty_site


@pytest.mark.parametrize(("width", "language"), [(390, "en"), (1440, "zh-hans")])
def test_extremes_fit_the_page(site, visit, width, language):
    visitor = visit(site, width=width)
    visitor.sign_in("lin", PASSWORD)
    visitor.speak(language)
    page = visitor.open(PAGES[0])
    links = page.locator("a[data-open]")
    records = [links.nth(n).get_attribute("href") for n in range(links.count())]
    assert len(records) == len(NAMES)
    for path in (*PAGES, *records):
        visitor.open(path)
        visitor.must_be_titled()
        visitor.must_fit()
    visitor.must_have_no_complaints()


def test_a_long_name_leaves_room_for_the_other_columns(site, visit):
    visitor = visit(site)
    visitor.sign_in("lin", PASSWORD)
    page = visitor.open(PAGES[0])
    assert page.locator("thead th").count() > 20
    widths = page.locator("td.c-name").evaluate_all("all => all.map(e => e.offsetWidth)")
    assert max(widths) <= 400
