"""The demo company holds the contest of models apart by province: harbours buy otherwise."""

from __future__ import annotations

from datetime import date

from kezhi.accounts.models import User
from kezhi.insight.models import ValueSettings
from kezhi.insight.ruling import current_settings, publish_value_settings

LEAST = 60
REASON = "各省客户的采购节奏不同，试着分省比较模型；每省重复购买的客户不到 200 个，先看几个月。"


def hold_apart(owner: User, *, on: date) -> ValueSettings:
    """A version of the rules before anything is measured."""
    rules = {**current_settings().rules, "segment_by": "region", "segment_least": LEAST}
    return publish_value_settings(rules, actor=owner, on=on, reason=REASON)
