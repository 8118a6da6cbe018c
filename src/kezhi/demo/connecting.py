"""The demo company's programs hold tokens, in use, renewed and ended; nobody knows their texts."""

from __future__ import annotations

from datetime import datetime, timedelta

from kezhi.accounts.integrating import (
    create_integration,
    issue_token,
    revoke_integration,
    rotate_token,
)
from kezhi.accounts.models import Integration, Token, User

SHOP = {
    "name": "商城会员中心",
    "purpose": "查询会员的分级与政策",
    "grants": {"customer": ["read"]},
    "field_rules": {"reach": "hidden", "remarks": "hidden"},
    "networks": ["203.0.113.0/24"],
}
TRIAL = {
    "name": "报价插件（试用）",
    "purpose": "试用结束，已收回",
    "grants": {"customer": ["read"], "product": ["read"]},
}


def hand_out_tokens(owner: User, *, at: datetime) -> None:
    on = at.date()
    for erp in Integration.objects.filter(name="ERP"):
        first = issue_token(erp, actor=owner, at=at - timedelta(days=96), on=on)
        rotate_token(erp, first.token, actor=owner, at=at, on=on, overlap=timedelta(days=7))
    shop = create_integration({**SHOP, "expires_on": on + timedelta(days=300)}, actor=owner, on=on)
    issue_token(shop, actor=owner, at=at - timedelta(days=40), on=on)
    trial = create_integration(TRIAL, actor=owner, on=on)
    issue_token(trial, actor=owner, at=at - timedelta(days=60), on=on)
    revoke_integration(trial, actor=owner, at=at)
    used = Token.objects.filter(revoked_at=None)
    used.update(last_used_at=at - timedelta(minutes=7), last_used_from="203.0.113.24")
