"""Small forms on the generic pages of records: what was typed stays where the deed is refused."""

import re
from datetime import timedelta

import pytest

from cast import TODAY
from kezhi.service.models import SuccessMeasure
from kezhi.service.success import planning

pytestmark = pytest.mark.django_db


def test_the_forms_of_a_success_plan_keep_what_was_typed(client, anhui_tea, li_wei):
    fields = {
        "customer": anhui_tea,
        "goal": "破损率降到 0.5 %",
        "reach_by": TODAY + timedelta(days=100),
    }
    plan = planning.create_plan(fields, actor=li_wei, on=TODAY)
    client.force_login(li_wei)
    at = f"/success-plans/{plan.pk}/"
    measure = {"name": "破损率", "unit": "%", "start": "百分之二", "target": "0.5"}
    refused = client.post(f"{at}measures/", measure)
    assert refused.status_code == 409
    for entry in measure.values():
        assert f'value="{entry}"' in refused.content.decode()
    for name in ("破损率", "退货率"):
        client.post(f"{at}measures/", {**measure, "name": name, "start": "2"})
    page = client.get(at).content.decode()
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    read = SuccessMeasure.objects.order_by("pk").last()
    reading = {"figure": "很好", "on": TODAY.isoformat(), "remark": "客户自己测的"}
    refused = client.post(f"{at}measures/{read.pk}/reading/", reading)
    assert refused.content.decode().count('value="客户自己测的"') == 1
