"""Why rows can't be imported, grouped by cause, with the ways out that one button can take."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.dataio.correcting import worded
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.problems import explain
from kezhi.dataio.registry import loader_of

# What many rows have in common, where the words for one row name its own text.
IN_COMMON: dict[str, str | Promise] = {
    "too_few_cells": gettext_lazy("Cells are missing"),
    "too_many_cells": gettext_lazy("Too many cells"),
    "same_row_again": gettext_lazy("The same record again, with other content"),
    "like_customer": gettext_lazy("They look like customers that are there"),
    "like_row": gettext_lazy("They look like other rows of this file"),
    "too_long": gettext_lazy("The text is too long"),
    "digits_lost": gettext_lazy("The spreadsheet lost digits"),
    "other_currency": gettext_lazy("Amounts in another currency"),
    "unknown_choice": gettext_lazy("Words that aren't known here"),
    "phone_length": gettext_lazy("The number of digits is wrong"),
    "credit_code_length": gettext_lazy("The number of characters is wrong"),
    "unknown_person": gettext_lazy("Colleagues who aren't known"),
    "several_persons": gettext_lazy("Several colleagues have this name"),
    "unknown_reference": gettext_lazy("Records that don't exist yet"),
    "missing_reference": gettext_lazy("Records that don't exist"),
    "several_references": gettext_lazy("Several records fit"),
    "not_editable": gettext_lazy("Records that you can't change"),
    "taken": gettext_lazy("Another record has this code already"),
    "several_contacts": gettext_lazy("Several contacts have this name"),
    "two_primary": gettext_lazy("Several main contacts of one customer"),
    "two_for_one_order": gettext_lazy("One order with different entries"),
    "before_the_order": gettext_lazy("The date lies before the order date"),
}


def causes(batch: ImportBatch) -> list[dict[str, Any]]:
    """The most frequent first: heading, message, remedy, count, rows, texts, fixes."""
    return [_shown(batch, cause) for cause in batch.causes]


def _shown(batch: ImportBatch, cause: dict[str, Any]) -> dict[str, Any]:
    column, code = cause["column"], cause["code"]
    message, remedy = explain(code, worded(batch, column, code, cause["params"]))
    if cause["count"] > 1:
        message = str(IN_COMMON.get(code, message))
    headings = batch.facts["headings"]
    return {
        **cause,
        "heading": headings[column] if 0 <= column < len(headings) else "",
        "message": message,
        "remedy": remedy,
        "distinct": len(cause["texts"]),
        "fixes": _fixes(batch, column, code),
    }


def _fixes(batch: ImportBatch, column: int, code: str) -> list[tuple[str, str]]:
    if code == "day_or_month":
        return [(f"{column}:day", _("Day first")), (f"{column}:month", _("Month first"))]
    if code == "unknown_reference" and batch.options.get("create_missing") is False:
        return [(":create_missing", _("Create them"))]
    if column < 0 or code in {"required", "unknown_choice"}:
        return []
    loader = loader_of(batch.kind)
    name = batch.mapping[column]["field"] if column < len(batch.mapping) else ""
    field = next((each for each in loader.fields() if each.name == name), None)
    if field is None or field.is_required or any(name in group for group in loader.one_of):
        return []
    return [(f"{column}:leave_out", _("Leave the column out"))]
