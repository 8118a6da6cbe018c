"""The reports that the demo company keeps beside those of the product, and the one that goes out on Mondays."""

from __future__ import annotations

from datetime import datetime, time
from urllib.parse import urlencode

from kezhi.accounts.models import User
from kezhi.demo.talking import ZONE
from kezhi.workbench.models import Report, SavedView
from kezhi.workbench.reporting.keeping import save_dashboard, save_report
from kezhi.workbench.reporting.scheduling import schedule_report
from kezhi.workbench.reporting.spec import Spec

EVERYONE, PRIVATE = SavedView.Audience.EVERYONE.value, SavedView.Audience.PRIVATE.value
REPORTS: tuple[tuple[str, str, str, list[tuple[str, str]]], ...] = (
    (
        "lin",
        "各行业每季度销售额",
        EVERYONE,
        [
            ("of", "order"), ("measure", "sum.amount"), ("by", "ordered_on.quarter"),
            ("by", "customer:industry"), ("during", "ordered_on.2y"), ("picture", "stack"),
        ],
    ),
    (
        "lin",
        "产品类别 × 客户层级",
        EVERYONE,
        [
            ("of", "order_line"), ("measure", "sum.amount"), ("by", "product:category"),
            ("by", "customer:tier"), ("during", "ordered_on.12m"), ("picture", "heat"),
        ],
    ),
    (
        "zhou",
        "华东：谁在联系客户",
        PRIVATE,
        [
            ("of", "interaction"), ("measure", "count"), ("by", "author"), ("by", "at.month"),
            ("during", "at.12m"), ("picture", "line"), ("top", "5"),
        ],
    ),
    (
        "wang",
        "我的客户按城市",
        PRIVATE,
        [
            ("of", "customer"), ("measure", "sum.revenue_12m"), ("measure", "count"),
            ("by", "city"), ("picture", "bar"),
        ],
    ),
)  # fmt: skip


def keep_reports(*, at: datetime) -> None:
    """Four reports, the owner's dashboard for Mondays, and who gets it."""
    kept: dict[str, Report] = {}
    for login, name, audience, asks in REPORTS:
        owner = User.objects.get(login=login)
        spec = Spec.parse(urlencode(asks))
        kept[name] = save_report(spec, name, actor=owner, audience=audience, is_pinned=False)
    lin = User.objects.get(login="lin")
    own = [str(kept[name].pk) for name in ("各行业每季度销售额", "产品类别 × 客户层级")]
    board = save_dashboard(
        "周一经营会",
        actor=lin,
        audience=EVERYONE,
        is_pinned=True,
        parts=[
            {"report": "sales-this-month", "width": 3},
            {"report": own[0], "width": 2},
            {"report": "at-risk-by-person", "width": 1},
            {"report": own[1], "width": 3},
            {"report": "gone-quiet", "width": 1},
            {"report": "follow-ups-overdue", "width": 2},
        ],
    )
    people = User.objects.filter(login__in=("lin", "zhou")).values_list("pk", flat=True)
    schedule_report(
        board,
        list(people),
        actor=lin,
        at=at,
        rhythm="weekly",
        weekday=0,
        at_time=time(7, 30),
        zone=str(ZONE),
        file="pdf",
    )
