"""Webhooks in the settings: set up, changed, tried, paused, renewed, removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.accounts.integrating import may_manage
from kezhi.core.ids import record_id
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.messaging.models import Delivery, InboundWebhook, Webhook
from kezhi.messaging.webhooks import keeping
from kezhi.messaging.webhooks.listening import offered
from kezhi.messaging.webhooks.messages import acting_for
from kezhi.records import Kind, registry
from kezhi.web.accounts.deeds import LABELS
from kezhi.web.accounts.permissions import kind_labels
from kezhi.web.accounts.security_confirming import freshly_signed_in
from kezhi.web.requests import PersonRequest, must_may, typed
from kezhi.web.webhooks.choosing import MOST_SHOWN, chosen_integration, integrations_of
from kezhi.web.webhooks.listing import page_of, state_choices


@dataclass(frozen=True, slots=True)
class Box:
    name: str
    label: Any
    is_ticked: bool


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    must_may(request, "read", "integration")
    waiting = Delivery.objects.waiting().filter(webhook=OuterRef("pk"))
    rows = (
        Webhook.objects.visible_to(request.actor)
        .select_related("integration__owner")
        .annotate(has_waiting=Exists(waiting))
        .order_by("name", "pk")[:MOST_SHOWN]
    )
    inbound = InboundWebhook.objects.visible_to(request.actor).select_related("integration")
    about = {
        "webhooks": list(rows),
        "inbound": list(inbound.order_by("name", "pk")[:MOST_SHOWN]),
        "may_create": request.actor.may("edit", "integration"),
    }
    return render(request, "webhooks/list.html", about)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@freshly_signed_in
def new(request: PersonRequest) -> HttpResponse:
    """For an integration; without one, it is chosen first."""
    must_may(request, "edit", "integration")
    chosen = chosen_integration(request)
    if chosen is None:
        about = {"integrations": integrations_of(request), "address": "webhook-new"}
        return render(request, "webhooks/choose.html", about)

    def save(fields: dict[str, Any]) -> keeping.SetUp:
        return keeping.create_webhook(chosen, fields, actor=request.actor, at=timezone.now())

    return _form(request, Webhook(integration=chosen, name=chosen.name), save)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@freshly_signed_in
def edit(request: PersonRequest, pk: int) -> HttpResponse:
    webhook = visible(request, pk)
    _must_manage(request, webhook)

    def save(fields: dict[str, Any]) -> Webhook:
        version = record_id(typed(request, "version"))
        return keeping.change_webhook(webhook, fields, actor=request.actor, version=version)

    return _form(request, webhook, save)


@never_cache
@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    return page(request, visible(request, pk))


@require_POST
def ping(request: PersonRequest, pk: int) -> HttpResponse:
    webhook = visible(request, pk)
    return _deed(
        request,
        webhook,
        lambda: keeping.ping(webhook, actor=request.actor, at=timezone.now()),
        said=_("A test message is on its way. What became of it stands below in a moment."),
    )


@require_POST
def pause(request: PersonRequest, pk: int) -> HttpResponse:
    webhook = visible(request, pk)
    return _deed(
        request,
        webhook,
        lambda: keeping.pause_webhook(webhook, actor=request.actor, at=timezone.now()),
        said=_("Paused. What happens meanwhile waits."),
    )


@require_POST
def resume(request: PersonRequest, pk: int) -> HttpResponse:
    webhook = visible(request, pk)
    return _deed(
        request,
        webhook,
        lambda: keeping.resume_webhook(webhook, actor=request.actor, at=timezone.now()),
        said=_("Sending again. What waited goes out now, the oldest first."),
    )


@never_cache
@require_POST
@freshly_signed_in
def rotate(request: PersonRequest, pk: int) -> HttpResponse:
    """The secret stands on this one answer and nowhere else."""
    webhook = visible(request, pk)
    return _deed(
        request,
        webhook,
        lambda: keeping.rotate_secret(webhook, actor=request.actor, at=timezone.now()),
    )


@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    webhook = visible(request, pk)
    try:
        keeping.delete_webhook(webhook, actor=request.actor)
    except NotAllowed as denied:
        raise PermissionDenied(str(denied)) from denied
    messages.success(request, _("Removed."))
    return redirect("webhooks")


def visible(request: PersonRequest, pk: int) -> Webhook:
    must_may(request, "read", "integration")
    rows = Webhook.objects.visible_to(request.actor).select_related("integration__owner")
    found: Webhook = get_object_or_404(rows, pk=pk)
    return found


def _deed(
    request: PersonRequest, webhook: Webhook, do: Callable[[], Any], said: str = ""
) -> HttpResponse:
    try:
        outcome = do()
    except NotAllowed as denied:
        raise PermissionDenied(str(denied)) from denied
    except Refused as refusal:
        return page(request, webhook, refusal=str(refusal), status=409)
    if isinstance(outcome, keeping.SetUp):
        return page(request, outcome.webhook, secret=outcome.secret)
    return done(request, webhook, said)


def done(request: PersonRequest, webhook: Webhook, said: str) -> HttpResponse:
    messages.success(request, said)
    return HttpResponseRedirect(reverse("webhook", args=[webhook.pk]))


def page(
    request: PersonRequest,
    webhook: Webhook,
    *,
    secret: str = "",
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    labels = kind_labels()
    about = {
        "webhook": webhook,
        "secret": secret,
        "refusal": refusal,
        "may_manage": may_manage(webhook.integration, request.actor),
        "told_of": [(kind, [box.label for box in boxes]) for kind, boxes in _chosen(webhook)],
        "fields": [
            (labels.get(name, name), [_field_label(name, field) for field in fields])
            for name, fields in webhook.fields.items()
        ],
        "former_until": webhook.former_until
        if webhook.former_until and webhook.former_until > timezone.now()
        else None,
        "states": state_choices(request),
        **page_of(webhook, request),
    }
    return render(request, "webhooks/webhook.html", about, status=status)


def _must_manage(request: PersonRequest, webhook: Webhook) -> None:
    if not may_manage(webhook.integration, request.actor):
        raise PermissionDenied


def _form(
    request: PersonRequest, webhook: Webhook, save: Callable[[dict[str, Any]], Any]
) -> HttpResponse:
    refusal, status = "", 200
    if request.method == "POST":
        fields = _typed(request)
        try:
            saved = save(fields)
        except NotAllowed as denied:
            raise PermissionDenied(str(denied)) from denied
        except EditConflict as conflict:
            refusal, status = str(conflict), 409
        except Refused as refused:
            refusal, status = str(refused), 422
        else:
            if isinstance(saved, keeping.SetUp):
                return page(request, saved.webhook, secret=saved.secret)
            messages.success(request, _("Saved."))
            return redirect("webhook", pk=saved.pk)
        webhook.name, webhook.url = fields["name"], fields["url"]
        webhook.deeds, webhook.fields = fields["deeds"], fields["fields"]
    about = {
        "webhook": webhook,
        "refusal": refusal,
        "deeds": list(_boxes(webhook)),
        "kinds": list(_fields(webhook)),
    }
    return render(request, "webhooks/form.html", about, status=status)


def _typed(request: PersonRequest) -> dict[str, Any]:
    """Ticked boxes come as `d=customer.edited` and `f=customer.name`."""
    fields: dict[str, list[str]] = {}
    for ticked in request.POST.getlist("f"):
        kind, _dot, field = ticked.partition(".")
        fields.setdefault(kind, []).append(field)
    return {
        "name": typed(request, "name"),
        "url": typed(request, "url", 600),
        "deeds": request.POST.getlist("d"),
        "fields": fields,
    }


def _boxes(webhook: Webhook) -> list[tuple[Any, list[Box]]]:
    """What it may tell of, by kind of record: only of kinds that its integration sees."""
    actor, labels = acting_for(webhook.integration), kind_labels()
    return [
        (
            labels.get(kind) or _("Of any kind, or of many records at once"),
            [Box(deed, LABELS.get(deed, deed), deed in webhook.deeds) for deed in deeds],
        )
        for kind, deeds in offered().items()
        if not kind or actor.may("read", kind) or set(deeds) & set(webhook.deeds)
    ]


def _chosen(webhook: Webhook) -> list[tuple[Any, list[Box]]]:
    ticked = [(kind, [box for box in boxes if box.is_ticked]) for kind, boxes in _boxes(webhook)]
    return [(kind, boxes) for kind, boxes in ticked if boxes]


def _fields(webhook: Webhook) -> list[tuple[Kind, list[Box]]]:
    actor = acting_for(webhook.integration)
    kinds = [kind.seen_by(actor) for kind in registry if actor.may("read", kind.name)]
    return [
        (
            kind,
            [
                Box(
                    f"{kind.name}.{field.name}",
                    field.label,
                    field.name in webhook.fields.get(kind.name, ()),
                )
                for field in kind.fields
            ],
        )
        for kind in kinds
        if kind.name in offered()
    ]


def _field_label(kind: str, field: str) -> Any:
    known = kind in registry and field in registry[kind]
    return registry[kind].field(field).label if known else field
