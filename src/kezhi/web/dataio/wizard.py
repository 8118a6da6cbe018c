"""Steps two to four: match and check, import, result. One address, shown by the state of the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from kezhi.accounts.models import User
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.dataio import importing, uploading
from kezhi.dataio.correcting import worded
from kezhi.dataio.models import BatchState, ImportBatch
from kezhi.dataio.problems import explain
from kezhi.dataio.registry import loader_of
from kezhi.records import FieldKind, registry
from kezhi.web.dataio import words
from kezhi.web.dataio.checking import check_now_or_later
from kezhi.web.dataio.uploads import chosen
from kezhi.web.requests import PersonRequest

CONFIRMED_WORDS = 20


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """The page of an import; while work is under way, htmx asks for its card alone."""
    batch = _batch(request, pk)
    if request.htmx and (request.htmx.target or "").startswith("job-"):
        if not batch.is_under_way:
            return HttpResponseClientRefresh()
        return render(request, "dataio/_progress.html", _about(batch))
    return _page(request, batch)


@require_POST
def match(request: PersonRequest, pk: int) -> HttpResponse:
    """What each column means, the options, and the fixes of the problem list; then the check again."""
    batch = _batch(request, pk)
    mapping = [_column(request, index, entry) for index, entry in enumerate(batch.mapping)]
    _apply_fix(request.POST.get("fix", ""), mapping)
    options = {name: name in request.POST for name in batch.options}

    def deed() -> None:
        uploading.match_columns(batch, mapping, options, actor=request.actor)
        check_now_or_later(batch, request)

    return _do(request, batch, deed)


def _column(request: PersonRequest, index: int, entry: dict[str, Any]) -> dict[str, Any]:
    data = request.POST
    column = {
        "field": data.get(f"field-{index}", entry["field"]),
        "factor": words.factor_key(data.get(f"factor-{index}", entry["factor"]) or "1"),
        "day_first": entry["day_first"],
        "words": dict(entry["words"]),
    }
    for number in range(CONFIRMED_WORDS):
        said = data.get(f"said-{index}-{number}")
        if said:
            column["words"][said] = data.get(f"means-{index}-{number}", "")
    return column


def _apply_fix(fix: str, mapping: list[dict[str, Any]]) -> None:
    """A button beside a problem: `3:day_first`, `3:month_first`, `3:leave_out`."""
    index, _mark, what = fix.partition(":")
    if not index.isdecimal() or int(index) >= len(mapping):
        return
    column = mapping[int(index)]
    if what in {"day_first", "month_first"}:
        column["day_first"] = what == "day_first"
    elif what == "leave_out":
        column["field"] = ""


@require_POST
def reread(request: PersonRequest, pk: int) -> HttpResponse:
    """Another encoding, delimiter, sheet or heading row."""
    batch = _batch(request, pk)

    def deed() -> None:
        uploading.reread(batch, chosen(request), actor=request.actor, on=request.today)
        check_now_or_later(batch, request)

    return _do(request, batch, deed)


@require_POST
def start(request: PersonRequest, pk: int) -> HttpResponse:
    batch = _batch(request, pk)
    return _do(request, batch, lambda: importing.queue_import(batch, actor=request.actor))


@require_POST
def cancel(request: PersonRequest, pk: int) -> HttpResponse:
    batch = _batch(request, pk)
    return _do(request, batch, lambda: importing.cancel_import(batch, actor=request.actor))


@require_POST
def undo(request: PersonRequest, pk: int) -> HttpResponse:
    batch = _batch(request, pk)

    def deed() -> None:
        importing.undo_import(batch, actor=request.actor, at=timezone.now())
        messages.success(request, _("The import is undone."))

    return _do(request, batch, deed)


def _do(request: PersonRequest, batch: ImportBatch, deed: Callable[[], object]) -> HttpResponse:
    try:
        deed()
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _page(request, _batch(request, batch.pk), str(refusal), status=409)
    return HttpResponseRedirect(reverse("import", args=[batch.pk]))


def _batch(request: PersonRequest, pk: int) -> ImportBatch:
    batches = ImportBatch.objects.visible_to(request.actor).select_related("job_run")
    batch: ImportBatch = get_object_or_404(batches, pk=pk)
    if not request.actor.may("import", batch.kind):
        raise PermissionDenied
    return batch


def _about(batch: ImportBatch) -> dict[str, Any]:
    return {"batch": batch, "kind": registry[batch.kind], "job": batch.job_run}


def _page(
    request: PersonRequest, batch: ImportBatch, refusal: str = "", status: int = 200
) -> HttpResponse:
    about = {**_about(batch), "refusal": refusal}
    if batch.is_under_way:
        return render(request, "dataio/under_way.html", about, status=status)
    if batch.is_open:
        about.update(_matching(request, batch))
        return render(request, "dataio/match.html", about, status=status)
    about.update(_result(batch))
    return render(request, "dataio/result.html", about, status=status)


# ---- step two ----


def _matching(request: PersonRequest, batch: ImportBatch) -> dict[str, Any]:
    loader = loader_of(batch.kind)
    fields = {field.name: field for field in loader.fields()}
    causes = [_cause(batch, cause) for cause in batch.causes]
    is_checked = batch.state == BatchState.CHECKED
    return {
        "is_checked": is_checked,
        "columns": _columns(batch, fields, causes if is_checked else []),
        "fields": [
            (name, f"{field.label} *" if field.is_required else str(field.label))
            for name, field in fields.items()
        ],
        "causes": causes if is_checked else [],
        "to_confirm": _to_confirm(batch, fields) if is_checked else [],
        "options": [(o.name, o.label, batch.options.get(o.name)) for o in loader.options],
        "preview": _preview(request, batch, fields),
        "show": _shown(request, batch),
        "earlier": uploading.earlier_import(batch),
        "factors": list(words.FACTOR_LABELS.items()),
        "encodings": list(words.ENCODING_LABELS.items()),
        "encoding_label": words.ENCODING_LABELS.get(batch.facts["encoding"], ""),
        "delimiters": list(words.DELIMITER_LABELS.items()),
        "sheets": [(name, name) for name in batch.facts["sheets"]],
        "delimiter": words.DELIMITERS.get(batch.facts["delimiter"], ""),
    }


def _columns(
    batch: ImportBatch, fields: dict[str, Any], causes: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    sample = batch.preview.get("sample", [])
    columns = []
    for index, heading in enumerate(batch.facts["headings"]):
        entry = batch.mapping[index]
        seen = dict.fromkeys(row[index].strip() for row in sample if index < len(row))
        field = fields.get(entry["field"])
        columns.append(
            {
                "index": index,
                "heading": heading or _("Column %(number)s") % {"number": index + 1},
                "sample": " / ".join([text for text in seen if text][:2])[:60],
                "field": entry["field"],
                "is_money": field is not None and field.kind == FieldKind.MONEY,
                "factor": words.factor_key(entry["factor"]),
                "status": _status(entry, [c for c in causes if c["column"] == index]),
            }
        )
    return columns


def _status(entry: dict[str, Any], causes: list[dict[str, Any]]) -> tuple[str, str]:
    """Tone and words of the tag beside a column."""
    if entry["reason"] == "same_heading" and not entry["field"]:
        return "warn", _("heading twice")
    if not entry["field"]:
        return "", _("left out")
    choices = sum(c["distinct"] for c in causes if c["code"] == "unknown_choice")
    if choices:
        return "warn", _("%(count)s to confirm") % {"count": choices}
    bad = sum(c["count"] for c in causes)
    if bad:
        return "risk", _("%(count)s with errors") % {"count": bad}
    if entry["reason"] == "cells_differ" or entry["confidence"] == "likely":
        return "warn", _("look again")
    return "good", _("matched")


def _cause(batch: ImportBatch, cause: dict[str, Any]) -> dict[str, Any]:
    column, code = cause["column"], cause["code"]
    message, remedy = explain(code, worded(batch, column, code, cause["params"]))
    headings = batch.facts["headings"]
    fixes = []
    if code == "day_or_month":
        fixes = [
            (f"{column}:day_first", _("Day first")),
            (f"{column}:month_first", _("Month first")),
        ]
    elif column >= 0 and code not in {"required", "unknown_choice"}:
        fixes = [(f"{column}:leave_out", _("Leave the column out"))]
    return {
        **cause,
        "heading": headings[column] if 0 <= column < len(headings) else "",
        "message": message,
        "remedy": remedy,
        "distinct": len(cause["texts"]),
        "fixes": fixes,
    }


def _to_confirm(batch: ImportBatch, fields: dict[str, Any]) -> list[dict[str, Any]]:
    """Words in a column of choices that mean nothing yet, with what they could mean."""
    found = []
    for cause in batch.causes:
        field = (
            fields.get(batch.mapping[cause["column"]]["field"]) if cause["column"] >= 0 else None
        )
        if cause["code"] == "unknown_choice" and field is not None:
            found.append(
                {
                    "column": cause["column"],
                    "heading": batch.facts["headings"][cause["column"]],
                    "words": cause["texts"][:CONFIRMED_WORDS],
                    "choices": list(field.choices),
                }
            )
    return found


def _shown(request: PersonRequest, batch: ImportBatch) -> str:
    wanted = request.GET.get("show", "")
    if wanted in {"bad", "all"}:
        return wanted
    return "bad" if batch.bad else "all"


def _preview(request: PersonRequest, batch: ImportBatch, fields: dict[str, Any]) -> dict[str, Any]:
    """Some rows of the file in the matched columns, bad cells marked with what is wrong with them."""
    matched = [i for i, entry in enumerate(batch.mapping) if entry["field"]]
    wrong: dict[tuple[int, int], str] = {}
    if batch.state == BatchState.CHECKED:
        for problem in batch.problems.all()[:2000]:
            params = worded(batch, problem.column, problem.code, problem.params)
            wrong[problem.row, problem.column] = " ".join(explain(problem.code, params))
    rows = batch.preview.get("bad" if _shown(request, batch) == "bad" else "first", [])
    lines = []
    for number, *cells in rows[:50]:
        shown = [(cells[i] if i < len(cells) else "", wrong.get((number, i), "")) for i in matched]
        lines.append({"number": number, "cells": shown, "whole": wrong.get((number, -1), "")})
    numeric = {FieldKind.MONEY, FieldKind.QUANTITY, FieldKind.INTEGER}
    heads = [
        (fields[batch.mapping[i]["field"]].label, fields[batch.mapping[i]["field"]].kind in numeric)
        for i in matched
        if batch.mapping[i]["field"] in fields
    ]
    return {"heads": heads, "rows": lines}


# ---- result ----


def _result(batch: ImportBatch) -> dict[str, Any]:
    person = User.objects.filter(pk=batch.actor_id).first()
    return {
        "person": person,
        "link": loader_of(batch.kind).link(batch),
        "causes": [_cause(batch, cause) for cause in batch.causes],
        "may_download": batch.problems_path.is_file() and batch.path.is_file(),
    }
