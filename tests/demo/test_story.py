"""The whole demo company, as a new user meets it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone

from databases import point
from kezhi.accounts.models import Company
from kezhi.customers.models import FollowUp, Standing
from kezhi.insight.indexing.comparing import known_measures
from kezhi.insight.models import TierMove, ValueRun
from kezhi.workbench.models import SavedView


@pytest.fixture
def whole_company(
    django_db_setup, demo_copy, django_db_blocker, tmp_path, worker_id
) -> Iterator[None]:
    own = connections["default"].settings_dict["NAME"]
    point(settings, connections, demo_copy(f"kezhi_story_{worker_id}", tmp_path / "data"))
    with django_db_blocker.unblock():
        yield
    point(settings, connections, own)


@pytest.mark.slow
@pytest.mark.usefixtures("whole_company")
def test_the_whole_company_tells_its_story():
    today = Company.current().today(timezone.now())
    top = Standing.objects.filter(tier__in=["S", "A"])
    assert 40 <= top.count() <= 70
    assert top.filter(overdue_ratio__gt=3).count() >= 10
    assert top.filter(p_alive__lt=0.75).count() >= 10
    assert Standing.objects.filter(realised_value__lt=0).count() >= 50
    assert ValueRun.objects.published().count() == 15
    assert "satisfaction" in known_measures(ValueRun.objects.latest_published())
    assert TierMove.objects.exclude(before="").values("moved_on").distinct().count() >= 12
    assert FollowUp.objects.due(today).exists()
    assert SavedView.objects.filter(is_pinned=True).count() >= 5
