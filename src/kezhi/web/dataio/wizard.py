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

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.dataio import importing, uploading
from kezhi.dataio.models import BatchState, ImportBatch
from kezhi.records import registry
from kezhi.web.dataio import matching, outcome, stepping, words
from kezhi.web.dataio.checking import check_now_or_later
from kezhi.web.dataio.uploads import chosen
from kezhi.web.requests import PersonRequest, must_may

READ_BY = ("sheet", "encoding", "delimiter")


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
    options: dict[str, bool | str] = {
        name: request.POST.get(name, said) if isinstance(said, str) else name in request.POST
        for name, said in batch.options.items()
    }
    options["skip_bad"] = "all_or_nothing" not in request.POST
    _apply_fix(request.POST.get("fix", ""), mapping, options)

    def deed() -> None:
        uploading.match_columns(batch, mapping, options, actor=request.actor)
        check_now_or_later(batch, request)

    return _do(request, batch, deed)


def _column(request: PersonRequest, index: int, entry: dict[str, Any]) -> dict[str, Any]:
    data = request.POST
    days = data.get(f"days-{index}")
    column = {
        "field": data.get(f"field-{index}", entry["field"]),
        "factor": words.factor_key(data.get(f"factor-{index}", entry["factor"])),
        "day_first": entry["day_first"] if days is None else words.DAYS.get(days),
        "words": dict(entry["words"]),
    }
    for number in range(uploading.MAX_WORDS):
        said = data.get(f"said-{index}-{number}")
        if said:
            column["words"][said] = data.get(f"means-{index}-{number}", "")
    return column


def _apply_fix(fix: str, mapping: list[dict[str, Any]], options: dict[str, bool | str]) -> None:
    """A button beside a problem: `3:day`, `3:month`, `3:leave_out`, `:create_missing`."""
    index, _mark, what = fix.partition(":")
    if what in options:
        options[what] = True
    if not index.isdecimal() or len(index) > 4 or int(index) >= len(mapping):
        return
    column = mapping[int(index)]
    if what in words.DAYS:
        column["day_first"] = words.DAYS[what]
    elif what == "leave_out":
        column["field"] = ""


@require_POST
def reread(request: PersonRequest, pk: int) -> HttpResponse:
    """Another encoding, delimiter, sheet or heading row."""
    batch = _batch(request, pk)

    def deed() -> None:
        uploading.reread(batch, _reading(request, batch), actor=request.actor, on=request.today)
        check_now_or_later(batch, request)

    return _do(request, batch, deed)


def _reading(request: PersonRequest, batch: ImportBatch) -> dict[str, Any]:
    """What was chosen. The heading row of one sheet says nothing about another, unless it was changed too."""
    choices, facts = chosen(request), batch.facts
    is_other = any(choices.get(name, facts[name]) != facts[name] for name in READ_BY)
    if is_other and choices.get("heading_row") == facts["heading_row"]:
        del choices["heading_row"]
    return choices


@require_POST
def start(request: PersonRequest, pk: int) -> HttpResponse:
    """Bring the good rows in, in the background."""
    batch = _batch(request, pk)
    return _do(request, batch, lambda: importing.queue_import(batch, actor=request.actor))


@require_POST
def cancel(request: PersonRequest, pk: int) -> HttpResponse:
    """Stop the work under way, or throw the file away before it began."""
    batch = _batch(request, pk)
    return _do(request, batch, lambda: importing.cancel_import(batch, actor=request.actor))


@require_POST
def undo(request: PersonRequest, pk: int) -> HttpResponse:
    """Take the whole import back."""
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
    if request.htmx:
        return _page(request, _batch(request, batch.pk))
    return HttpResponseRedirect(reverse("import", args=[batch.pk]))


def _batch(request: PersonRequest, pk: int) -> ImportBatch:
    batches = ImportBatch.objects.visible_to(request.actor).select_related("job_run")
    batch: ImportBatch = get_object_or_404(batches, pk=pk)
    must_may(request, "import", batch.kind)
    return batch


def _about(batch: ImportBatch) -> dict[str, Any]:
    return {"batch": batch, "kind": registry[batch.kind], "job": batch.job_run}


def _page(
    request: PersonRequest, batch: ImportBatch, refusal: str = "", status: int = 200
) -> HttpResponse:
    about = {**_about(batch), "refusal": refusal}
    if batch.is_open:
        about |= {**matching.about(request, batch), "steps": stepping.wizard("check")}
        name = "dataio/_match.html" if request.htmx else "dataio/match.html"
        return render(request, name, about, status=status)
    if request.htmx:
        return HttpResponseClientRefresh()
    if batch.is_under_way:
        is_check = batch.state == BatchState.CHECKING
        about["steps"] = stepping.wizard("check" if is_check else "import")
        return render(request, "dataio/under_way.html", about, status=status)
    about |= {**outcome.about(request, batch), "steps": stepping.wizard("result")}
    return render(request, "dataio/result.html", about, status=status)
