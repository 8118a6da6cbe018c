"""Tags: chosen while somebody types, put on a record, and kept in order in the settings."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.audit.recording import listening
from kezhi.core.ids import record_id
from kezhi.core.names import name_key
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import Kind, registry
from kezhi.web.records.access import of_kind, visible
from kezhi.web.records.cells import title_of
from kezhi.web.records.undo import say, undo_url
from kezhi.web.requests import PersonRequest, must_may
from kezhi.web.toasts import toast
from kezhi.web.ways import way_back
from kezhi.workbench import tagging
from kezhi.workbench.counting import count
from kezhi.workbench.models import Tag, Tagging

PAGE = 50


@require_safe
def options(request: PersonRequest) -> HttpResponse:
    """Tags to tick: the chosen ones, then those that begin with what was typed, last a new one."""
    must_may(request, "read", "tag")
    name = request.GET.get("name", "tags")
    if not name.isidentifier():
        name = "tags"
    typed = tagging.clean(
        next((str(v) for k, v in request.GET.items() if k.endswith("_typed")), "")
    )
    chosen = list(dict.fromkeys(request.GET.getlist(name)))[:50]
    return render(request, "records/_tag_rows.html", {"name": name, **rows(request, chosen, typed)})


def rows(request: PersonRequest, chosen: list[str], typed: str = "") -> dict[str, Any]:
    """What the list of tags under the text box shows."""
    kept = (
        Tag.objects.filter(name__in=chosen).order_by("name_key") if chosen else Tag.objects.none()
    )
    known = {tag.name: tag.colour for tag in kept}
    found = tagging.suggestions(typed, request.actor) if typed else []
    names = {name.lower() for name in chosen}
    is_new = bool(typed) and typed.lower() not in names
    is_new = is_new and all(tag.name.lower() != typed.lower() for tag in found)
    return {
        "chosen": [(name, known.get(name, 0)) for name in chosen],
        "found": [(t.name, t.colour) for t in found if t.name.lower() not in names],
        "new": typed if is_new and request.actor.may("create", "tag") else "",
        "typed": typed,
    }


@require_http_methods(["GET", "POST"])
@of_kind
def change(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """The tags of one record: GET shows the form, POST `tags` says all of them."""
    if not kind.is_taggable:
        raise Http404
    record = visible(request, kind, pk, "edit")
    present = tagging.tags_of(kind.name, record)
    chosen = [tag.name for tag in present]
    if request.method == "GET":
        return _form(request, kind, record, chosen)
    typed = request.POST.get("tags_typed", "").replace("，", ",").split(",")
    names = [tagging.clean(name) for name in [*request.POST.getlist("tags"), *typed]]
    try:
        with listening() as keys:
            _set(request, kind, record, present, [name for name in names if name])
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        return _form(request, kind, record, [n for n in names if n], str(refusal), 422)
    told = _("%(name)s is saved") % {"name": title_of(kind, record)}
    undo = undo_url(keys, request.actor)
    if request.htmx:
        record = visible(request, kind, pk)
        about = {"kind": kind, "record": record, "tags": tagging.tags_of(kind.name, record),
                 "may_tag": True}  # fmt: skip
        response = render(request, "records/_tags.html", about)
        return toast(response, told, undo=undo) if keys else response
    say(request, told, undo)
    return HttpResponseRedirect(way_back(request, kind.url_of(record)))


def _set(
    request: PersonRequest, kind: Kind, record: Any, present: list[Tag], names: list[str]
) -> None:
    actor = request.actor
    wanted = [
        tag if tag.pk else tagging.create_tag(tag.name, actor=actor)
        for tag in tagging.understood(names, actor)
    ]
    before, after = {tag.pk for tag in present}, {tag.pk for tag in wanted}
    add = [tag for tag in wanted if tag.pk not in before]
    remove = [tag for tag in present if tag.pk not in after]
    if add or remove:
        tagging.tag_record(kind.name, record, add, remove, actor=actor)


def _form(
    request: PersonRequest,
    kind: Kind,
    record: Any,
    chosen: list[str],
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    about = {
        "kind": kind,
        "record": record,
        "title": title_of(kind, record),
        "error": error,
        "chosen": chosen,
        "options": rows(request, chosen),
    }
    page = "records/_tag_form.html" if request.htmx else "records/tags.html"
    return render(request, page, about, status=status)


# ---- the settings ----


@require_http_methods(["GET", "POST"])
def manage(request: PersonRequest) -> HttpResponse:
    """Fifty tags by name, from where `q` or `after` says; POST `name` and `colour` creates one."""
    must_may(request, "read", "tag")
    if request.method == "POST":
        must_may(request, "create", "tag")
        try:
            tagging.create_tag(
                request.POST.get("name", ""), colour=_number(request.POST.get("colour")),
                actor=request.actor,
            )  # fmt: skip
        except Refused as refusal:
            return _manage_page(request, str(refusal), 422)
        messages.success(request, _("Saved."))
        return HttpResponseRedirect("/settings/tags/")
    return _manage_page(request)


def _manage_page(request: PersonRequest, refusal: str = "", status: int = 200) -> HttpResponse:
    typed = tagging.clean(request.GET.get("q", ""))[:60]
    if typed:
        page = tagging.suggestions(typed, request.actor, most=PAGE)
        more = ""
    else:
        after = request.GET.get("after", "")[:200]
        key, _sep, pk = after.rpartition("|")
        tags = Tag.objects.order_by("name_key", "pk")
        if (last := record_id(pk)) is not None:
            from_here = tags.filter(name_key=key, pk__gt=last) | tags.filter(name_key__gt=key)
            tags = from_here.order_by("name_key", "pk")
        page = list(tags[: PAGE + 1])
        more = f"{page[PAGE - 1].name_key}|{page[PAGE - 1].pk}" if len(page) > PAGE else ""
        page = page[:PAGE]
    actor = request.actor
    about = {
        "tags": [(tag, _uses(tag)) for tag in page],
        "typed": typed,
        "more": more,
        "refusal": refusal,
        "name": request.POST.get("name", ""),
        "colours": tagging.COLOURS,
        "may_create": actor.may("create", "tag"),
        "may_edit": actor.may("edit", "tag"),
        "may_delete": actor.may("delete", "tag"),
    }
    return render(request, "records/tag_settings.html", about, status=status)


def _uses(tag: Tag) -> str:
    found = count(Tagging.objects.filter(tag=tag), 1000)
    return f"{found.count:,}+" if found.is_capped else f"{found.count:,}"


@require_http_methods(["GET", "POST"])
def edit(request: PersonRequest, pk: int) -> HttpResponse:
    """Name and colour; with `deed=merge` everything that carries it carries the tag `into`."""
    must_may(request, "edit", "tag")
    tag = Tag.objects.visible_to(request.actor).filter(pk=pk).first()
    if tag is None:
        raise Http404
    if request.method == "GET":
        return _tag_page(request, tag)
    deed = request.POST.get("deed", "change")
    try:
        if deed == "merge":
            _merge(request, tag)
        else:
            tagging.change_tag(
                tag,
                name=request.POST.get("name", ""),
                colour=_number(request.POST.get("colour")),
                actor=request.actor,
            )
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        return _tag_page(request, tag, str(refusal), 422)
    messages.success(request, _("Saved."))
    return HttpResponseRedirect("/settings/tags/")


def _merge(request: PersonRequest, tag: Tag) -> None:
    into = tagging.named(request.POST.get("into", ""))
    if into is None:
        raise Refused(
            _("There is no tag “%(name)s”.") % {"name": request.POST.get("into", "")[:60]}
        )
    tagging.merge_tags(tag, into, actor=request.actor)


def _tag_page(
    request: PersonRequest, tag: Tag, refusal: str = "", status: int = 200
) -> HttpResponse:
    used = Tagging.objects.filter(tag=tag)
    places = []
    for kind in registry:
        if kind.is_taggable and request.actor.may("read", kind.name):
            found = count(used.filter(kind=kind.name), 1000)
            if found.count:
                places.append((kind, f"{found.count:,}" + ("+" if found.is_capped else "")))
    about = {
        "tag": tag,
        "places": places,
        "refusal": refusal,
        "name": request.POST.get("name", tag.name),
        "colour": _number(request.POST.get("colour")) if request.POST else tag.colour,
        "colours": tagging.COLOURS,
        "near": Tag.objects.filter(name_key__startswith=name_key(tag.name)[:4])
        .exclude(pk=tag.pk)
        .order_by("name_key")[:8],
        "may_delete": request.actor.may("delete", "tag"),
    }
    return render(request, "records/tag.html", about, status=status)


def _number(typed: str | None) -> int:
    return int(typed) if typed and typed.isascii() and typed.isdecimal() and len(typed) < 3 else 0


@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    """The tag is taken off every record."""
    must_may(request, "delete", "tag")
    tag = Tag.objects.visible_to(request.actor).filter(pk=pk).first()
    if tag is None:
        raise Http404
    tagging.delete_tag(tag, actor=request.actor)
    messages.success(request, _("The tag “%(name)s” is deleted") % {"name": tag.name})
    return HttpResponseRedirect("/settings/tags/")
