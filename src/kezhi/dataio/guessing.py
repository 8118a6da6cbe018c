"""Which column of a file is which field: by its heading, in Chinese or English, and by its cells."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from django.utils.translation import override

from kezhi.core.normal_form import normal_form
from kezhi.dataio import parsing
from kezhi.dataio.fields import ImportField, Reading
from kezhi.records import Field, FieldKind

Confidence = Literal["sure", "likely", "unsure", "none"]

# Characters in which traditional headings differ, as far as headings use them.
TRADITIONAL = str.maketrans(
    "戶單號編碼名稱電話聯繫絡人稅統會信業務員負責銷售額數價錢幣種類產貨備註說明期間時開關總計區縣郵箱網址訂購買進來源層級別據實際應收賬帳條項國發票質點總",
    "户单号编码名称电话联系络人税统会信业务员负责销售额数价钱币种类产货备注说明期间时开关总计区县邮箱网址订购买进来源层级别据实际应收账账条项国发票质点总",
)
LONGEST_HEADING = 1000  # what comes after it decides nothing
UNIT = re.compile(r"[(\[](.*?)[)\]]|/(元|万元|万|千元)$|_(cny|rmb|usd)$")
FACTORS = {
    "万": Decimal(10**4), "万元": Decimal(10**4), "萬元": Decimal(10**4), "w": Decimal(10**4),
    "千": Decimal(1000), "千元": Decimal(1000), "k": Decimal(1000), "亿": Decimal(10**8),
    "亿元": Decimal(10**8),
    "百万": Decimal(10**6), "百万元": Decimal(10**6), "m": Decimal(10**6), "分": Decimal("0.01"),
    "'000": Decimal(1000), "thousand": Decimal(1000), "million": Decimal(10**6), "cents": Decimal("0.01"),
}  # fmt: skip

# The columns that `correcting` puts before those of the file.
ADDED_TO_BAD_ROWS = {("row", "reason"), ("行", "原因")}


@dataclass(frozen=True)
class Match:
    """What a column is taken for; `field` is empty when it is left out."""

    field: str = ""
    confidence: Confidence = "none"
    factor: Decimal = Decimal(1)
    reason: Literal["", "same_heading", "cells_differ"] = ""


def normal(heading: str) -> str:
    """A heading as it is compared: case, width, script, punctuation and units don't matter."""
    text = normal_form("NFKC", heading[:LONGEST_HEADING]).strip().lower().translate(TRADITIONAL)
    text = re.sub(r"[(\[].*?[)\]]", "", text)
    return re.sub(r"[\W_]+", "", text)


def factor_of(heading: str) -> Decimal:
    """1 for 销售额, 10,000 for 销售额(万元)."""
    text = normal_form("NFKC", heading[:LONGEST_HEADING]).strip().lower()
    match = UNIT.search(text)
    unit = next((g for g in match.groups() if g), "") if match else ""
    unit = re.sub(r"^(单位[:：]?|in |rmb |cny |¥)|( ?rmb| ?cny)$", "", unit).strip()
    return FACTORS.get(unit, Decimal(1))


class Headings:
    """The vocabulary of a kind: every name of every field in both languages."""

    def __init__(self, fields: Sequence[ImportField], others: Sequence[Field] = ()) -> None:
        """`others` are fields that no file fills: a column that is called so, as in an export, is left out."""
        self.fields = {field.name: field for field in fields}
        self._names: dict[str, str] = {}
        for field in fields:
            for name in (*field.names, field.name, *_labels(field)):
                self._names.setdefault(normal(name), field.name)
        self._others = {normal(label) for field in others for label in _labels(field)}

    def is_known(self, heading: str) -> bool:
        return normal(heading) in self._names

    def field_of(self, heading: str) -> str:
        return self._names.get(normal(heading), "")

    def near(self, heading: str) -> str:
        """The field whose name the heading ends or begins with, the longest name first.

        In the middle a name says little: 年销售额 is no 销售. Names of one letter don't count.
        """
        key = normal(heading)
        if key in self._others:
            return ""
        found = [
            (len(name), field)
            for name, field in self._names.items()
            if len(name) >= (2 if not name.isascii() else 4)
            and (key.endswith(name) or (key.startswith(name) and len(key) - len(name) <= len(name)))
        ]
        return max(found)[1] if found else ""


def _labels(field: ImportField | Field) -> list[str]:
    labels = []
    for language in ("en", "zh-hans"):
        with override(language):
            labels.append(str(field.label))
    return labels


def guess(
    headings: Sequence[str], sample: Sequence[Sequence[str]], vocabulary: Headings
) -> list[Match]:
    """One match per column. A field is given to one column only: the surest, else the first."""
    exact = [vocabulary.field_of(_without_number(h)) if h else "" for h in headings]
    matches: list[Match] = []
    taken: set[str] = set()
    for index, heading in enumerate(headings):
        name = exact[index]
        if not name:
            matches.append(Match())
        elif exact.count(name) > 1 and _twins(headings, exact, name):
            matches.append(Match(reason="same_heading"))
        elif name in taken:
            matches.append(Match(confidence="unsure"))
        else:
            taken.add(name)
            matches.append(_checked(index, name, "sure", heading, sample, vocabulary))
    for index, heading in enumerate(headings):
        name = vocabulary.near(heading) if heading and not exact[index] else ""
        if name and name not in taken and _fits(index, vocabulary.fields[name], sample):
            taken.add(name)
            matches[index] = _checked(index, name, "likely", heading, sample, vocabulary)
    return matches


def _without_number(heading: str) -> str:
    return re.sub(r" \(\d+\)$", "", heading)


def _twins(headings: Sequence[str], exact: Sequence[str], name: str) -> bool:
    # 金额 twice: nobody can tell which is meant. 金额 and 销售额: the first one is taken.
    bare = [normal(_without_number(h)) for h, e in zip(headings, exact, strict=True) if e == name]
    return len(set(bare)) < len(bare)


def _checked(
    index: int,
    name: str,
    confidence: Confidence,
    heading: str,
    sample: Sequence[Sequence[str]],
    vocabulary: Headings,
) -> Match:
    field = vocabulary.fields[name]
    factor = factor_of(heading) if field.kind == FieldKind.MONEY else Decimal(1)
    if not _fits(index, field, sample):
        return Match(name, "unsure", factor, "cells_differ")
    return Match(name, confidence, factor)


def _fits(index: int, field: ImportField, sample: Sequence[Sequence[str]]) -> bool:
    """Whether at least half of the sampled cells can be understood as the field's kind."""
    cells = [row[index] for row in sample[:100] if index < len(row) and row[index].strip()]
    if not cells or field.kind in {FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.CODE}:
        return True
    reading = Reading(day_first=True)
    understood = 0
    for cell in cells:
        try:
            parsing.parse(cell, field, reading)
            understood += 1
        except parsing.Bad as bad:
            understood += bad.code in {
                "other_currency",
                "no_such_date",
                "unknown_choice",
                "phone_length",
            }
    return understood * 2 >= len(cells)


def signature(headings: Sequence[str]) -> str:
    """Files of the same make have the same headings; the order counts.

    A file of bad rows that comes back corrected counts as the file that it was taken from.
    """
    names = [normal(h) for h in headings]
    if tuple(names[:2]) in ADDED_TO_BAD_ROWS:
        names = names[2:]
    return hashlib.sha256("\x1f".join(names).encode()).hexdigest()


def apply_remembered(
    matches: Sequence[Match], headings: Sequence[str], remembered: Mapping[str, str]
) -> list[Match]:
    """The user's own choice for these headings, last time, comes before any guess."""
    result = []
    for match, heading in zip(matches, headings, strict=True):
        if heading in remembered:
            name = remembered[heading]
            kept = match if match.field == name else Match(name, factor=factor_of(heading))
            result.append(Match(name, "sure" if name else "none", kept.factor))
        else:
            result.append(match)
    return result
