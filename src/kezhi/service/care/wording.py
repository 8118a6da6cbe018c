"""Care sells nothing: words of offers are found before a plan is kept."""

from __future__ import annotations

import re

OFFERS = re.compile(
    r"打折|折扣|[0-9一二三四五六七八九]\s*折|优惠|促销|特价|立减|满减|秒杀|抢购|限时|赠券|代金券|优惠券|返现|"
    r"降价|下单即|立即购买|马上订购|买一送一|"
    r"\bdiscounts?\b|\b\d{1,2}\s*% off\b|\bcoupons?\b|\bvouchers?\b|\bspecial offers?\b|\bbuy now\b|"
    r"\border now\b|\bpromo(?:tion|tions|tional)?\b|\bclearance\b|\bsale price\b|\bdeals? of\b",
    re.IGNORECASE,
)


def offers_in(*texts: str) -> list[str]:
    """The words that sell, each once, as they were written."""
    found = (match.group(0).strip() for text in texts for match in OFFERS.finditer(text))
    return list(dict.fromkeys(found))
