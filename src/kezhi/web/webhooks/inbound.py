"""Inbound webhooks in the settings: their address and rules, and what became of the messages that came."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.accounts.integrating import may_manage
from kezhi.core.ids import record_id
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.messaging.models import InboundWebhook
from kezhi.messaging.webhooks import inbound
from kezhi.web.accounts.security_confirming import freshly_signed_in
from kezhi.web.origin import full_address
from kezhi.web.requests import PersonRequest, must_may, typed
from kezhi.web.webhooks.choosing import chosen_integration, integrations_of

LONGEST_RULES = 20_000
SHOWN = 50
MEMBERS = ("type", "kind", "does", "number", "fields")
EXAMPLE = [
    {
        "type": "account.updated",
        "kind": "customer",
        "does": "put",
        "number": "data.number",
        "fields": {"name": "data.name", "city": "data.address.city"},
    },
    {
        "type": "call.ended",
        "kind": "interaction",
        "does": "create",
        "fields": {"customer": "data.account", "channel": "=call", "text": "data.notes"},
    },
]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@freshly_signed_in
def new(request: PersonRequest) -> HttpResponse:
    must_may(request, "edit", "integration")
    chosen = chosen_integration(request)
    if chosen is None:
        about = {"integrations": integrations_of(request), "address": "inbound-webhook-new"}
        return render(request, "webhooks/choose.html", about)

    def save(fields: dict[str, Any]) -> inbound.SetUp:
        return inbound.create_inbound(chosen, fields, actor=request.actor, at=timezone.now())

    webhook = InboundWebhook(integration=chosen, name=chosen.name, rules=EXAMPLE)
    return _form(request, webhook, save)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@freshly_signed_in
def edit(request: PersonRequest, pk: int) -> HttpResponse:
    webhook = _visible(request, pk)
    if not may_manage(webhook.integration, request.actor):
        raise PermissionDenied

    def save(fields: dict[str, Any]) -> InboundWebhook:
        fields["is_active"] = bool(request.POST.get("is_active"))
        version = record_id(typed(request, "version"))
        return inbound.change_inbound(webhook, fields, actor=request.actor, version=version)

    return _form(request, webhook, save)


@never_cache
@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    return _page(request, _visible(request, pk))


@never_cache
@require_POST
@freshly_signed_in
def rotate(request: PersonRequest, pk: int) -> HttpResponse:
    """The secret stands on this one answer and nowhere else."""
    webhook = _visible(request, pk)
    try:
        made = inbound.rotate_inbound(webhook, actor=request.actor, at=timezone.now())
    except NotAllowed as denied:
        raise PermissionDenied(str(denied)) from denied
    return _page(request, made.webhook, secret=made.secret)


@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    webhook = _visible(request, pk)
    try:
        inbound.delete_inbound(webhook, actor=request.actor)
    except NotAllowed as denied:
        raise PermissionDenied(str(denied)) from denied
    messages.success(request, _("Removed."))
    return redirect("webhooks")


def _visible(request: PersonRequest, pk: int) -> InboundWebhook:
    must_may(request, "read", "integration")
    rows = InboundWebhook.objects.visible_to(request.actor).select_related("integration__owner")
    found: InboundWebhook = get_object_or_404(rows, pk=pk)
    return found


def _page(request: PersonRequest, webhook: InboundWebhook, *, secret: str = "") -> HttpResponse:
    path = f"/api/hooks/{webhook.key}/"
    try:
        address = full_address(request, path)
    except Refused:  # nobody said under which name we are known
        address = path
    about = {
        "webhook": webhook,
        "secret": secret,
        "address": address,
        "rules": _shown(webhook.rules),
        "received": webhook.received.order_by("-pk")[:SHOWN],
        "may_manage": may_manage(webhook.integration, request.actor),
    }
    return render(request, "webhooks/inbound.html", about)


def _form(
    request: PersonRequest,
    webhook: InboundWebhook,
    save: Callable[[dict[str, Any]], Any],
) -> HttpResponse:
    refusal, status, rules = "", 200, _shown(webhook.rules)
    if request.method == "POST":
        rules, webhook.name = typed(request, "rules", LONGEST_RULES), typed(request, "name")
        try:
            saved = save({"name": webhook.name, "rules": _read(rules)})
        except NotAllowed as denied:
            raise PermissionDenied(str(denied)) from denied
        except EditConflict as conflict:
            refusal, status = str(conflict), 409
        except Refused as refused:
            refusal, status = str(refused), 422
        else:
            if isinstance(saved, inbound.SetUp):
                return _page(request, saved.webhook, secret=saved.secret)
            messages.success(request, _("Saved."))
            return redirect(reverse("inbound-webhook", args=[saved.pk]))
    about = {"webhook": webhook, "rules": rules, "refusal": refusal}
    return render(request, "webhooks/inbound_form.html", about, status=status)


def _read(rules: str) -> Any:
    try:
        return json.loads(rules)
    except (ValueError, RecursionError) as error:
        raise Refused(_("The rules aren’t valid JSON.")) from error


def _shown(rules: list[dict[str, Any]]) -> str:
    in_order = [{name: rule[name] for name in MEMBERS if rule.get(name)} for rule in rules]
    return json.dumps(in_order, ensure_ascii=False, indent=2)
