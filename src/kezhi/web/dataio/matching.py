"""What the page of step two shows: columns and fields, problems, words to confirm, rows of the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from kezhi.dataio import guessing, uploading
from kezhi.dataio.correcting import worded
from kezhi.dataio.fields import ImportField
from kezhi.dataio.models import BatchState, ImportBatch
from kezhi.dataio.problems import explain
from kezhi.dataio.registry import loader_of
from kezhi.records import FieldKind
from kezhi.web import numbers
from kezhi.web.dataio import words
from kezhi.web.dataio.causes import causes
from kezhi.web.requests import PersonRequest

SHOWN_ROWS = 50
NUMERIC = {FieldKind.MONEY, FieldKind.QUANTITY, FieldKind.INTEGER}
Fields = Mapping[str, ImportField]


def about(request: PersonRequest, batch: ImportBatch) -> dict[str, Any]:
    """Everything for the page; the problems only as long as they are those of the present mapping."""
    loader = loader_of(batch.kind)
    fields = {field.name: field for field in uploading.fields_of(batch)}
    is_checked = batch.state in {BatchState.CHECKED, BatchState.FAILED}
    found = causes(batch) if is_checked else []
    trouble = uploading.mapping_trouble(batch)
    columns = _columns(batch, fields, found)
    return {
        "is_checked": is_checked and trouble is None,
        "trouble": str(trouble) if trouble else "",
        "columns": columns,
        "matched": sum(1 for column in columns if column["field"]),
        "fields": [
            (name, f"{field.label} *" if field.is_required else str(field.label))
            for name, field in fields.items()
        ],
        "causes": found,
        "to_confirm": _to_confirm(batch, fields, found),
        "options": [
            (o.name, o.label, batch.options.get(o.name, o.default), o.choices)
            for o in loader.options
        ],
        **_preview(request, batch, fields, is_checked),
        "earlier": uploading.earlier_import(batch),
        "factors": words.choices(words.FACTOR_LABELS),
        "days": words.choices(words.DAY_LABELS),
        "encodings": words.choices(words.ENCODING_LABELS),
        "encoding_label": words.ENCODING_LABELS.get(batch.facts["encoding"], ""),
        "delimiters": words.choices(words.DELIMITER_LABELS),
        "delimiter": words.DELIMITERS.get(batch.facts["delimiter"], ""),
        "sheets": [(name, name) for name in batch.facts["sheets"]],
    }


def _columns(
    batch: ImportBatch, fields: Fields, found: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    sample = batch.preview.get("sample", [])
    columns = []
    for index, heading in enumerate(batch.facts["headings"]):
        entry = batch.mapping[index]
        seen = dict.fromkeys(row[index].strip() for row in sample if index < len(row))
        field = fields.get(entry["field"])
        own = [cause for cause in found if cause["column"] == index]
        factor = words.factor_key(entry["factor"])
        asks_days = any(cause["code"] == "day_or_month" for cause in own)
        columns.append(
            {
                "index": index,
                "heading": heading or _("Column %(number)s") % {"number": index + 1},
                "sample": " / ".join([text for text in seen if text][:2])[:60],
                "field": entry["field"],
                "has_unit": field is not None
                and field.kind == FieldKind.MONEY
                and (factor != "1" or guessing.factor_of(heading) != 1),
                "factor": factor,
                "has_days": asks_days or (field is not None and entry["day_first"] is not None),
                "days": words.days_key(entry["day_first"]),
                "status": _status(entry, own),
            }
        )
    return columns


def _status(entry: Mapping[str, Any], own: list[dict[str, Any]]) -> tuple[str, str]:
    """Tone and words of the tag beside a column."""
    if not entry["field"]:
        is_twin = entry["reason"] == "same_heading"
        return ("warn", _("Heading twice")) if is_twin else ("", _("Left out"))
    unknown = sum(cause["distinct"] for cause in own if cause["code"] == "unknown_choice")
    if unknown:
        return "warn", _("%(count)s to confirm") % {"count": unknown}
    bad = sum(cause["count"] for cause in own)
    if bad:
        return "risk", ngettext("%(count)s row", "%(count)s rows", bad) % {
            "count": numbers.number(bad, 0, plain=True)
        }
    if entry["reason"] == "cells_differ" or entry["confidence"] in {"likely", "unsure"}:
        return "warn", pgettext("import", "Look again")
    return "good", _("Matched")


def _to_confirm(
    batch: ImportBatch, fields: Fields, found: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Words in columns of choices that mean nothing yet, and those whose meaning was given."""
    groups = []
    for index, entry in enumerate(batch.mapping):
        field = fields.get(entry["field"])
        if field is None or not field.choices:
            continue
        said: dict[str, tuple[int | None, str]] = {
            text: (None, meaning) for text, meaning in entry["words"].items()
        }
        for cause in found:
            if cause["column"] == index and cause["code"] == "unknown_choice":
                said |= {text: (count, "") for text, count in cause["texts"]}
        if said:
            groups.append(
                {
                    "column": index,
                    "heading": batch.facts["headings"][index],
                    "words": [(t, *known) for t, known in said.items()][: uploading.MAX_WORDS],
                    "choices": list(field.choices),
                }
            )
    return groups


def _preview(
    request: PersonRequest, batch: ImportBatch, fields: Fields, is_checked: bool
) -> dict[str, Any]:
    """Some rows of the file in the matched columns, bad cells marked with what is wrong with them."""
    wanted = request.GET.get("show", "")
    show = wanted if wanted in {"bad", "all"} else "bad" if batch.bad else "all"
    matched = [i for i, entry in enumerate(batch.mapping) if entry["field"] in fields]
    rows = batch.preview.get("bad" if show == "bad" else "first", []) if is_checked else []
    rows = rows[:SHOWN_ROWS]
    wrong = _wrong(batch, [row[0] for row in rows])
    lines = []
    for number, *cells in rows:
        shown = [(cells[i] if i < len(cells) else "", wrong.get((number, i), "")) for i in matched]
        lines.append({"number": number, "cells": shown, "whole": wrong.get((number, -1), "")})
    heads = [fields[batch.mapping[i]["field"]] for i in matched]
    return {
        "show": show,
        "heads": [(field.label, field.kind in NUMERIC) for field in heads],
        "lines": lines,
        "has_whole": any(line["whole"] for line in lines),
        "of": batch.bad if show == "bad" else batch.total,
    }


def _wrong(batch: ImportBatch, rows: list[int]) -> dict[tuple[int, int], str]:
    """What is wrong with the cells of these rows; column -1 is the row as a whole."""
    wrong: dict[tuple[int, int], str] = {}
    for problem in batch.problems.filter(row__in=rows):
        params = worded(batch, problem.column, problem.code, problem.params)
        wrong[problem.row, problem.column] = explain(problem.code, params)[0]
    return wrong
