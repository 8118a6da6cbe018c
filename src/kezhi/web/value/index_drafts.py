"""A draft of the index system: its tree, one index of it, and what is decided about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight import figures
from kezhi.insight.indexing import approving, drafting, shaping
from kezhi.insight.indexing.shaping import Plain
from kezhi.insight.models import IndexDraft
from kezhi.insight.ruling import current_settings
from kezhi.value.index.shape import LEVELS
from kezhi.web.requests import PersonRequest, must_may, typed, typed_day, typed_number
from kezhi.web.value import index_trees
from kezhi.web.value.index_system import may_come, measured

PATH = re.compile(r"(\d{1,2}(\.\d{1,2}){0,3})?")


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """GET: the draft. POST title: another title."""
    draft = visible(request, pk)
    if request.method != "POST":
        return page(request, draft)
    must_may(request, "create", "index_draft")
    title = typed(request, "title", 80)

    def deed() -> None:
        drafting.rename_draft(draft, title, actor=request.actor, on=request.today)

    return done(request, draft, deed)


@require_POST
def order(request: PersonRequest, pk: int) -> HttpResponse:
    """POST at, step, version: an index one place up (−1) or down (1)."""
    draft = visible(request, pk)
    must_may(request, "create", "index_draft")
    path, step = path_of(request.POST.get("at", "")), typed(request, "step", 3)

    def deed() -> None:
        drafting.move_index(
            draft,
            path,
            -1 if step == "-1" else 1,
            actor=request.actor,
            on=request.today,
            version=version_of(request),
        )

    answer = done(request, draft, deed)
    if not request.htmx:
        return answer
    if answer.status_code != 302:  # a colleague was quicker: look at the new state
        return HttpResponseClientRefresh()
    return render(request, "value/index/_tree_edit.html", _tree(request, visible(request, pk)))


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PersonRequest, pk: int) -> HttpResponse:
    """`?in=` a group's path, `?kind=index|group`. POST the fields: an index or a group in it."""
    draft = visible(request, pk)
    must_may(request, "create", "index_draft")
    into = path_of(request.GET.get("in", ""))
    is_group = request.GET.get("kind") == "group"
    group = node_of(draft, into)
    blank: Plain = {"name": "", "leaves": []} if is_group else {"name": "", "measure": ""}
    if not shaping.is_group(group) or not shaping.has_room(into, blank):
        raise Http404
    values = _fields_of(blank) | {"name": "", "weight": "10"}
    context: dict[str, Any] = {"group": group, "into": into, "is_new": True}
    if request.method != "POST":
        return _node_page(request, draft, blank, values, **context)
    values = _typed_fields(request)

    def deed() -> None:
        drafting.add_index(
            draft,
            into,
            _change(values, is_group),
            actor=request.actor,
            on=request.today,
            version=version_of(request),
        )

    return _saved(request, draft, deed, blank, values, context)


@require_http_methods(["GET", "HEAD", "POST"])
def node(request: PersonRequest, pk: int) -> HttpResponse:
    """`?at=` the path of an index. POST: its fields, or `into`: into another group."""
    draft = visible(request, pk)
    path = path_of(request.GET.get("at", ""))
    found = node_of(draft, path)
    above = node_of(draft, shaping.parent_of(path)[0]) if path else None
    context: dict[str, Any] = {"path": path, "group": above, "is_new": False}
    if request.method != "POST":
        return _node_page(request, draft, found, _fields_of(found), **context)
    must_may(request, "create", "index_draft")
    values, into = _typed_fields(request), typed(request, "into", 20)

    def deed() -> None:
        if into:
            target = "" if into == "top" else path_of(into)
            drafting.put_index(
                draft,
                path,
                target,
                actor=request.actor,
                on=request.today,
                version=version_of(request),
            )
        else:
            drafting.edit_index(
                draft,
                path,
                _change(values, shaping.is_group(found)),
                actor=request.actor,
                on=request.today,
                version=version_of(request),
            )

    return _saved(request, draft, deed, found, _fields_of(found) if into else values, context)


@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    """POST at, version: the index and all below it."""
    draft = visible(request, pk)
    must_may(request, "create", "index_draft")
    path = path_of(request.POST.get("at", ""))

    def deed() -> None:
        drafting.remove_index(
            draft, path, actor=request.actor, on=request.today, version=version_of(request)
        )

    return done(request, draft, deed)


# ---- decided ----


@require_POST
def submit(request: PersonRequest, pk: int) -> HttpResponse:
    """POST reason, effective_on: ask for approval; with `publish`, who may approve it does so at once."""
    draft = visible(request, pk)
    must_may(request, "create", "index_draft")
    reason, day = typed(request, "reason", 300), typed_day(typed(request, "effective_on", 20))

    def deed() -> None:
        row = approving.submit_draft(
            draft, actor=request.actor, on=request.today, reason=reason, effective_on=day
        )
        if "publish" in request.POST and approving.may_approve(request.actor, row):
            approving.approve_draft(row, actor=request.actor, on=request.today)

    return done(request, draft, deed, told=_decided_words)


@require_POST
def approve(request: PersonRequest, pk: int) -> HttpResponse:
    draft = visible(request, pk)
    must_may(request, "edit", "index_draft")

    def deed() -> None:
        approving.approve_draft(draft, actor=request.actor, on=request.today)

    return done(request, draft, deed, told=_decided_words)


@require_POST
def give_back(request: PersonRequest, pk: int) -> HttpResponse:
    """POST decision: back to its authors, who read why."""
    draft = visible(request, pk)
    must_may(request, "edit", "index_draft")
    reason = typed(request, "decision", 300)

    def deed() -> None:
        approving.return_draft(draft, actor=request.actor, on=request.today, reason=reason)

    return done(request, draft, deed)


@require_POST
def withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    draft = visible(request, pk)
    must_may(request, "create", "index_draft")

    def deed() -> None:
        approving.withdraw_draft(draft, actor=request.actor, on=request.today)

    return done(request, draft, deed)


@require_POST
def discard(request: PersonRequest, pk: int) -> HttpResponse:
    draft = visible(request, pk)
    must_may(request, "create", "index_draft")

    def deed() -> None:
        drafting.discard_draft(draft, actor=request.actor, on=request.today)

    return done(request, draft, deed, told=lambda _draft: _("Discarded."), to="value-index")


def _decided_words(draft: IndexDraft) -> str:
    draft.refresh_from_db()
    if draft.state == IndexDraft.State.PUBLISHED:
        return _("Published. The next value run goes by this index system.")
    if draft.is_approved:
        return _("Approved. It is published with the first value run from its day on.")
    return _("Asked for. Somebody who may approve the index system sees it now.")


# ---- steps ----


def visible(request: PersonRequest, pk: int) -> IndexDraft:
    may_come(request)
    rows = IndexDraft.objects.visible_to(request.actor).select_related(
        "base", "begun_by", "submitted_by", "decided_by", "published_as"
    )
    draft: IndexDraft = get_object_or_404(rows, pk=pk)
    return draft


def path_of(text: str) -> str:
    """A path as it stands in an address; 404 for anything else."""
    if not PATH.fullmatch(text):
        raise Http404
    return text


def node_of(draft: IndexDraft, path: str) -> Plain:
    try:
        return shaping.at(draft.tree, path)
    except LookupError as error:
        raise Http404 from error


def version_of(request: PersonRequest) -> int:
    text = typed(request, "version", 9)
    return int(text) if text.isdecimal() else 0


def number_of(text: str) -> float | None:
    """A number as people type it; None for none and for what isn't one."""
    number = typed_number(text, may_be_percent=True)
    return float(number) if number is not None and abs(number) < 10**12 else None


def done(
    request: PersonRequest,
    draft: IndexDraft,
    deed: Callable[[], None],
    *,
    told: Callable[[IndexDraft], str] | None = None,
    to: str = "index-draft",
) -> HttpResponse:
    """Do it and go back to the draft, or show there why not."""
    try:
        deed()
    except drafting.InvalidIndex as invalid:
        return page(request, visible(request, draft.pk), errors=invalid.errors, status=422)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return page(request, visible(request, draft.pk), refusal=str(refusal), status=409)
    if told is not None:
        messages.success(request, told(draft))
    return redirect(to, *([draft.pk] if to == "index-draft" else []))


def _saved(
    request: PersonRequest,
    draft: IndexDraft,
    deed: Callable[[], None],
    found: Plain,
    values: dict[str, str],
    context: dict[str, Any],
) -> HttpResponse:
    try:
        deed()
    except drafting.InvalidIndex as invalid:
        return _node_page(
            request, draft, found, values, errors=invalid.errors, status=422, **context
        )
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _node_page(
            request, draft, found, values, refusal=str(refusal), status=409, **context
        )
    return HttpResponseRedirect(reverse("index-draft", args=[draft.pk]))


def _typed_fields(request: PersonRequest) -> dict[str, str]:
    names = ("name", "weight", "measure", "direction", "target", "normalisation")
    return {name: typed(request, name, 80) for name in (*names, "aggregation", "scale")}


def _fields_of(found: Plain) -> dict[str, str]:
    weight, target = found.get("weight"), found.get("target")
    return {
        "name": str(index_trees.label_of(found)),
        "weight": "" if weight is None else f"{round(weight * 100, 4):g}",
        "measure": str(found.get("measure", "")),
        "direction": str(found.get("direction", "benefit")),
        "target": "" if target is None else f"{target:g}",
        "normalisation": str(found.get("normalisation", "bounds")),
        "aggregation": str(found.get("aggregation", "sum")),
        "scale": str(found.get("scale", "vector")),
    }


def _change(values: dict[str, str], is_group: bool) -> drafting.Change:
    weight = number_of(values["weight"])
    return drafting.Change(
        name=values["name"],
        weight=None if not values["weight"] else float("nan") if weight is None else weight / 100,
        measure="" if is_group else values["measure"] or "-",
        direction=values["direction"],
        target=number_of(values["target"]),
        normalisation=values["normalisation"],
        aggregation=values["aggregation"] or "sum",
        scale=values["scale"] or "vector",
    )


def _tree(request: PersonRequest, draft: IndexDraft) -> dict[str, Any]:
    basis = figures.basis()
    whole = approving.whole_tree(draft)
    weights = index_trees.data_weights(whole, basis)
    return {
        "draft": draft,
        "table": index_trees.table(whole, measured=measured(basis), weights=weights),
        "may_edit": draft.is_draft and request.actor.may("create", "index_draft"),
        "deepest": LEVELS,
    }


def page(
    request: PersonRequest,
    draft: IndexDraft,
    *,
    errors: dict[str, str] | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    actor, current = request.actor, current_settings()
    about = {
        **_tree(request, draft),
        "tab": "tree",
        "may_create": actor.may("create", "index_draft"),
        "may_approve": draft.is_waiting and approving.may_approve(actor, draft),
        "may_return": draft.is_waiting and actor.may("edit", "index_draft"),
        "may_publish": draft.is_draft
        and actor.may("edit", "index_draft")
        and not current.needs_second_person,
        "may_reopen": draft.is_waiting or (draft.is_approved and actor.may("edit", "index_draft")),
        "is_own": draft.submitted_by_id == actor.pk,
        "is_overtaken": draft.is_open
        and not shaping.same(draft.base.rules["tree"], current.rules["tree"]),
        "is_same": shaping.same(approving.whole_tree(draft), current.rules["tree"]),
        "errors": errors or {},
        "refusal": refusal,
        "typed": request.POST,
        "today": request.today,
    }
    return render(request, "value/index/draft.html", about, status=status)


def _node_page(
    request: PersonRequest,
    draft: IndexDraft,
    found: Plain,
    values: dict[str, str],
    *,
    group: Plain | None,
    is_new: bool,
    path: str = "",
    into: str = "",
    errors: dict[str, str] | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    is_group = shaping.is_group(found)
    method = ((group or {}).get("weighting") or {}).get("method", "fixed")
    about = {
        "draft": draft,
        "node": found,
        "label": index_trees.label_of(found) if path or not is_new else "",
        "group_label": index_trees.label_of(group) if group is not None else "",
        "path": path,
        "into": into,
        "is_new": is_new,
        "is_top": not is_new and not path,
        "is_group": is_group,
        "by_hand": method == "fixed",
        "values": values,
        "trees": index_trees,
        "places": index_trees.group_options(draft.tree, path) if path else [],
        "may_hold_index": not is_new
        and is_group
        and shaping.has_room(path, {"name": "", "measure": ""}),
        "may_hold_group": not is_new and is_group and shaping.depth(path) + 2 <= LEVELS,
        "may_edit": draft.is_draft and request.actor.may("create", "index_draft"),
        "errors": errors or {},
        "refusal": refusal,
    }
    return render(request, "value/index/node.html", about, status=status)
