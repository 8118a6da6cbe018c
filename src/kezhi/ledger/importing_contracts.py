"""Contracts from a file: matched by their number, brought in row by row by their deeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kezhi.dataio.fields import ImportField, declared_fields
from kezhi.dataio.loading import DeclaredLoader

STATE_WORDS = {
    "执行": "running",
    "执行中": "running",
    "履行中": "running",
    "生效": "running",
    "生效中": "running",
    "正常": "running",
    "进行中": "running",
    "待续约": "running",
    "active": "running",
    "in force": "running",
    "已续约": "renewed",
    "已续签": "renewed",
    "续签": "renewed",
    "已完成": "ended",
    "已结束": "ended",
    "已到期": "ended",
    "已终止": "ended",
    "完结": "ended",
    "completed": "ended",
    "expired": "ended",
    "已流失": "lost",
    "流失": "lost",
    "未续约": "lost",
    "不续约": "lost",
    "已解约": "lost",
    "解约": "lost",
    "cancelled": "lost",
    "churned": "lost",
}
CAUSE_WORDS = {
    "价格高": "price",
    "价格原因": "price",
    "服务不满意": "service",
    "服务原因": "service",
    "质量问题": "quality",
    "竞争对手": "competitor",
    "转向竞争对手": "competitor",
    "搬迁": "relocated",
    "需求取消": "need_gone",
    "无需求": "need_gone",
    "其他": "other",
    "倒闭": "insolvent",
    "破产": "insolvent",
}
CHANGES: dict[str, dict[str, Any]] = {
    "state": {"words": STATE_WORDS},
    "cause": {"words": CAUSE_WORDS},
    "amount": {"at_least_zero": True},
    "period_months": {"at_least_zero": True, "largest": 600},
    "renewed_before": {"at_least_zero": True, "largest": 1000},
}
EXAMPLES = {
    "number": ("CT-2025-001", "HT-2025-001"),
    "title": ("Cold store, yearly service", "冷库年度保养"),
    "customer": ("C-00042", "C-00042"),
    "starts_on": ("2024-03-01", "2024-03-01"),
    "ends_on": ("2026-02-28", "2026-02-28"),
    "period_months": ("12", "12"),
    "amount": ("36000.00", "36000.00"),
    "state": ("Running", "执行中"),
}


@dataclass(frozen=True)
class ContractLoader(DeclaredLoader):
    """What the words of other systems for states and causes mean, beside the kind's own."""

    kind: str = "contract"

    def fields(self) -> Sequence[ImportField]:
        return declared_fields(self.kind, EXAMPLES, CHANGES, with_custom=True)
