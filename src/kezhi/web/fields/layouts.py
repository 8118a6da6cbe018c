"""Settings: how the form, the property panel and the list of a kind are laid out."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import Kind, registry
from kezhi.web.fields.layout_form import LayoutForm
from kezhi.web.records.forms import RecordForm
from kezhi.web.requests import PersonRequest, must_may
from kezhi.workbench.customizing import definitions
from kezhi.workbench.customizing.building import completed
from kezhi.workbench.customizing.laying_out import change_layout, layout_of, restore_layout
from kezhi.workbench.models import Layout
from kezhi.workbench.tagging import tagged


@require_http_methods(["GET", "POST"])
def edit(request: PersonRequest, kind: str) -> HttpResponse:
    """POST `do`: save, preview, or one of the small changes of `LayoutForm.act`, which are not kept yet."""
    must_may(request, "edit", "custom_field")
    whole = _kind(kind)
    if request.method == "GET":
        return _page(request, whole, LayoutForm.of(whole, layout_of(kind)))
    form = LayoutForm.read(whole, request.POST)
    deed = request.POST.get("do", "save")
    if deed == "preview":
        return _page(request, whole, form, is_preview=True)
    if deed != "save":
        form.act(deed, request.POST)
        return _page(request, whole, form, is_changed=True)
    try:
        change_layout(kind, form.given(), actor=request.actor, on=request.today)
    except NotAllowed:
        raise
    except Refused as refusal:
        return _page(request, whole, form, refusal=str(refusal), status=422)
    messages.success(request, _("The layout is saved. Everyone sees it from now on."))
    return HttpResponseRedirect(reverse("layout", args=[kind]))


@require_POST
def restore(request: PersonRequest, kind: str) -> HttpResponse:
    """Back to the layout that comes with the product."""
    must_may(request, "edit", "custom_field")
    _kind(kind)
    restore_layout(kind, actor=request.actor, on=request.today)
    messages.success(request, _("The layout is as it came with the product."))
    return HttpResponseRedirect(reverse("layout", args=[kind]))


def _page(
    request: PersonRequest,
    kind: Kind,
    form: LayoutForm,
    *,
    refusal: str = "",
    is_changed: bool = False,
    is_preview: bool = False,
    status: int = 200,
) -> HttpResponse:
    about = {
        "kind": kind,
        "form": form,
        "refusal": refusal,
        "is_changed": is_changed or is_preview,
        "has_own": kind.name in definitions.current().layouts,
        "preview": RecordForm.of(request, _as_arranged(kind, form)) if is_preview else None,
    }
    return render(request, "fields/layout.html", about, status=status)


def _as_arranged(kind: Kind, form: LayoutForm) -> Kind:
    """The kind as it would be with this layout."""
    layout = Layout(kind=kind.name, **form.given())
    fields = definitions.current().fields.get(kind.name, ())
    return completed(tagged(registry.declared(kind.name)), fields, layout)


def _kind(name: str) -> Kind:
    if name not in registry or not registry.declared(name).is_customizable:
        raise Http404
    return definitions.unarranged(name)
