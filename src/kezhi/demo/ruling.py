"""The demo company measures by its seasons, and holds the contest of models apart by province."""

from __future__ import annotations

from datetime import date

from kezhi.accounts.models import User
from kezhi.insight.models import ValueSettings
from kezhi.insight.ruling import current_settings, publish_value_settings

OWN = {"season": "month", "segment_by": "region", "segment_least": 60}
REASON = "春节前后订单少，按月份计时；各省采购节奏不同，先按每省 60 个重复购买客户分省比较模型。"


def rule_measuring(owner: User, *, today: date) -> ValueSettings:
    """A version of the rules before anything is measured."""
    rules = {**current_settings().rules, **OWN}
    return publish_value_settings(rules, actor=owner, on=today, reason=REASON)
