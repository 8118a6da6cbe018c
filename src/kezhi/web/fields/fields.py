"""Settings: the fields of each kind of record, those of the product and those of the company."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import Field, FieldKind, Kind, registry
from kezhi.records.fields import FIELD_GROUPS
from kezhi.web.fields.definition_form import DefinitionForm, sorts
from kezhi.web.requests import PersonRequest, must_may
from kezhi.workbench.customizing import defining
from kezhi.workbench.customizing.defining import KIND_LABELS
from kezhi.workbench.models import CustomField

K = FieldKind


@dataclass(frozen=True)
class OwnField:
    """A custom field as the page tells of it."""

    definition: CustomField
    label: str
    sort: str
    group: str
    is_first: bool
    is_last: bool


@require_safe
def kinds(request: PersonRequest) -> HttpResponse:
    must_may(request, "read", "custom_field")
    counts: dict[str, int] = {}
    for name in CustomField.objects.filter(is_in_use=True).values_list("kind", flat=True):
        counts[name] = counts.get(name, 0) + 1
    rows = [(kind, counts.get(kind.name, 0)) for kind in defining.customizable()]
    about = {"rows": rows, "may_edit": request.actor.may("edit", "custom_field")}
    return render(request, "fields/kinds.html", about)


@require_safe
def of_kind(request: PersonRequest, kind: str) -> HttpResponse:
    """All fields of a kind: what each is, what it is for, whether people's data are in it."""
    must_may(request, "read", "custom_field")
    return _overview(request, _kind(kind))


@require_http_methods(["GET", "POST"])
def create(request: PersonRequest, kind: str) -> HttpResponse:
    """First what kind of field (`?as=money`), then its definition."""
    must_may(request, "create", "custom_field")
    declared = _kind(kind)
    sort = request.GET.get("as", "")
    if sort not in {key for key, _label, _about in sorts()}:
        return render(request, "fields/choose.html", {"kind": declared, "sorts": sorts()})
    form = DefinitionForm.new(declared, sort)
    if request.method == "GET":
        return _form(request, form)
    form.read(request.POST)
    try:
        field = defining.define_field(
            kind, form.definition_given(), actor=request.actor, on=request.today
        )
    except NotAllowed:
        raise
    except Refused as refusal:
        return _form(request, form, str(refusal), 422)
    messages.success(request, _("%(name)s is saved") % {"name": defining.label(field)})
    return HttpResponseRedirect(reverse("fields", args=[kind]))


@require_http_methods(["GET", "POST"])
def change(request: PersonRequest, kind: str, key: str) -> HttpResponse:
    must_may(request, "edit", "custom_field")
    field = _field(kind, key)
    form = DefinitionForm.of(_kind(kind), field)
    if request.method == "GET":
        return _form(request, form)
    form.read(request.POST)
    try:
        defining.change_field(field, form.definition_given(), actor=request.actor, on=request.today)
    except NotAllowed:
        raise
    except Refused as refusal:
        return _form(request, form, str(refusal), 422)
    messages.success(request, _("%(name)s is saved") % {"name": defining.label(field)})
    return HttpResponseRedirect(reverse("fields", args=[kind]))


@require_POST
def use(request: PersonRequest, kind: str, key: str) -> HttpResponse:
    """POST `in_use`: yes or no."""
    must_may(request, "edit", "custom_field")
    field = _field(kind, key)
    is_wanted = request.POST.get("in_use") == "yes"
    deed: Callable[..., Any] = defining.restore_field if is_wanted else defining.retire_field
    try:
        deed(field, actor=request.actor, on=request.today)
    except NotAllowed:
        raise
    except Refused as refusal:
        return _overview(request, _kind(kind), str(refusal), 409)
    words = _("%(name)s is in use again") if is_wanted else _("%(name)s is out of use")
    messages.success(request, words % {"name": defining.label(field)})
    return HttpResponseRedirect(reverse("fields", args=[kind]))


@require_POST
def move(request: PersonRequest, kind: str) -> HttpResponse:
    """POST `up` or `down`: the key of the field that changes places with its neighbour."""
    must_may(request, "edit", "custom_field")
    _kind(kind)
    keys = list(CustomField.objects.filter(kind=kind, is_in_use=True).values_list("key", flat=True))
    up, down = request.POST.get("up", ""), request.POST.get("down", "")
    key, step = (up, -1) if up else (down, 1)
    if key in keys and 0 <= keys.index(key) + step < len(keys):
        at = keys.index(key)
        keys[at], keys[at + step] = keys[at + step], keys[at]
        defining.order_fields(kind, keys, actor=request.actor, on=request.today)
    return HttpResponseRedirect(reverse("fields", args=[kind]))


@require_http_methods(["GET", "POST"])
def remove(request: PersonRequest, kind: str, key: str) -> HttpResponse:
    """A page that says what is lost; POST deletes in the background."""
    must_may(request, "delete", "custom_field")
    field = _field(kind, key)
    about = {
        "kind": _kind(kind),
        "field": field,
        "label": defining.label(field),
        "views": defining.viewed_by(field),
        "refusal": "",
    }
    if request.method == "GET":
        return render(request, "fields/removal.html", about)
    try:
        defining.queue_deletion(field, actor=request.actor)
    except NotAllowed:
        raise
    except Refused as refusal:
        about["refusal"] = str(refusal)
        return render(request, "fields/removal.html", about, status=409)
    words = _("%(name)s and its entries are being deleted")
    messages.success(request, words % {"name": about["label"]})
    return HttpResponseRedirect(reverse("fields", args=[kind]))


def _overview(
    request: PersonRequest, kind: Kind, refusal: str = "", status: int = 200
) -> HttpResponse:
    own = list(CustomField.objects.filter(kind=kind.name))
    in_use = [each for each in own if each.is_in_use]
    about = {
        "kind": kind,
        "in_use": [_told(each, place, len(in_use)) for place, each in enumerate(in_use)],
        "retired": [_told(each, 1, 3) for each in own if not each.is_in_use],
        "built_in": [_built_in(each) for each in kind.fields if not each.is_custom],
        "may_create": request.actor.may("create", "custom_field"),
        "may_edit": request.actor.may("edit", "custom_field"),
        "may_delete": request.actor.may("delete", "custom_field"),
        "refusal": refusal,
    }
    return render(request, "fields/kind.html", about, status=status)


def _told(definition: CustomField, place: int, count: int) -> OwnField:
    kind = KIND_LABELS[K(definition.field_kind)]
    sort = _("Computed, %(kind)s") % {"kind": kind} if definition.formula else str(kind)
    if definition.link and definition.link in registry:
        sort = f"{kind} → {registry[definition.link].label}"
    return OwnField(
        definition,
        defining.label(definition),
        sort,
        str(FIELD_GROUPS.get(definition.group, definition.group)),
        place == 0,
        place == count - 1,
    )


def _built_in(field: Field) -> dict[str, Any]:
    kind = KIND_LABELS.get(field.kind)
    more = {
        K.CODE: _("Code"),
        K.MOMENT: _("Date and time"),
        K.TAX_ID: _("Identifier"),
        K.TAGS: _("Tags"),
        K.TIER: _("Value tier"),
    }
    return {
        "label": field.label,
        "sort": kind or more.get(field.kind) or _("Number"),
        "group": FIELD_GROUPS.get(field.group, field.group),
        "is_personal": field.data_class != "business",
        "is_required": field.is_required,
    }


def _form(
    request: PersonRequest, form: DefinitionForm, refusal: str = "", status: int = 200
) -> HttpResponse:
    definition = form.definition
    about = {
        "kind": form.kind,
        "form": form,
        "field": definition,
        "label": defining.label(definition) if definition else "",
        "readers": [defining.label(each) for each in defining.read_by(definition)]
        if definition
        else [],
        "views": defining.viewed_by(definition) if definition else 0,
        "refusal": refusal,
        "may_delete": request.actor.may("delete", "custom_field"),
    }
    return render(request, "fields/form.html", about, status=status)


def _kind(name: str) -> Kind:
    if name not in registry or not registry.declared(name).is_customizable:
        raise Http404
    return registry[name]


def _field(kind: str, key: str) -> CustomField:
    return get_object_or_404(CustomField, kind=_kind(kind).name, key=key)
