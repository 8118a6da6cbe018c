"""Programs that work with Kezhi: what each may do, for whom, and its tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.accounts import integrating
from kezhi.accounts.models import ROWS_A_DAY, Integration, Token, User
from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import registry
from kezhi.records.fields import FIELD_GROUPS
from kezhi.web.accounts.permissions import ACCESS_LABELS, ACTION_LABELS, kind_labels
from kezhi.web.accounts.security_confirming import freshly_signed_in
from kezhi.web.requests import PersonRequest, must_may, typed, typed_day

OVERLAPS = {
    "0": (timedelta(0), gettext_lazy("at once")),
    "1": (timedelta(hours=1), gettext_lazy("in an hour")),
    "24": (timedelta(days=1), gettext_lazy("in a day")),
    "168": (timedelta(days=7), gettext_lazy("in a week")),
}
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Row:
    """A kind with the actions that can be given: name of the box, label, whether ticked, whether possible."""

    label: str
    boxes: tuple[tuple[str, Any, bool, bool], ...]


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    must_may(request, "read", "integration")
    rows = Integration.objects.visible_to(request.actor).select_related("owner")
    about = {
        "integrations": [_told(request, row) for row in rows.order_by("revoked_at", "name")[:200]],
        "may_create": request.actor.may("create", "integration"),
    }
    return render(request, "accounts/integrations.html", about)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@freshly_signed_in
def new(request: PersonRequest) -> HttpResponse:
    must_may(request, "create", "integration")
    blank = Integration(
        owner=request.actor, rows_a_day=ROWS_A_DAY, expires_on=request.today + YEAR, grants={}
    )

    def save(fields: dict[str, Any]) -> Integration:
        owner = User.objects.filter(pk=record_id(typed(request, "owner"))).first()
        return integrating.create_integration(
            fields, actor=request.actor, on=request.today, owner=owner or request.actor
        )

    return _form(request, blank, save)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@freshly_signed_in
def edit(request: PersonRequest, pk: int) -> HttpResponse:
    integration = _visible(request, pk)
    if not integrating.may_manage(integration, request.actor):
        raise PermissionDenied

    def save(fields: dict[str, Any]) -> Integration:
        return integrating.change_integration(
            integration, fields, actor=request.actor, on=request.today
        )

    return _form(request, integration, save)


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    return _page(request, _visible(request, pk))


@never_cache
@require_POST
@freshly_signed_in
def issue(request: PersonRequest, pk: int) -> HttpResponse:
    """The token stands on this one answer and nowhere else."""
    integration = _visible(request, pk)
    return _deed(
        request,
        integration,
        lambda: integrating.issue_token(
            integration, actor=request.actor, at=timezone.now(), on=request.today
        ),
    )


@never_cache
@require_POST
@freshly_signed_in
def rotate(request: PersonRequest, pk: int, token: int) -> HttpResponse:
    integration = _visible(request, pk)
    former = get_object_or_404(Token, pk=token, integration=integration)
    overlap, _label = OVERLAPS.get(typed(request, "overlap"), OVERLAPS["24"])
    return _deed(
        request,
        integration,
        lambda: integrating.rotate_token(
            integration,
            former,
            actor=request.actor,
            at=timezone.now(),
            on=request.today,
            overlap=overlap,
        ),
    )


@require_POST
def revoke_one(request: PersonRequest, pk: int, token: int) -> HttpResponse:
    integration = _visible(request, pk)
    one = get_object_or_404(Token, pk=token, integration=integration)
    return _deed(
        request,
        integration,
        lambda: integrating.revoke_token(integration, one, actor=request.actor, at=timezone.now()),
        said=_("The token %(token)s counts no more.") % {"token": one},
    )


@require_POST
def revoke(request: PersonRequest, pk: int) -> HttpResponse:
    """One click, and nothing of it acts any more: no confirmation stands in the way of an emergency."""
    integration = _visible(request, pk)
    return _deed(
        request,
        integration,
        lambda: integrating.revoke_integration(integration, actor=request.actor, at=timezone.now()),
        said=_("Everything that %(name)s held has ended.") % {"name": integration.name},
    )


def _visible(request: PersonRequest, pk: int) -> Integration:
    must_may(request, "read", "integration")
    rows = Integration.objects.visible_to(request.actor).select_related("owner", "created_by")
    found: Integration = get_object_or_404(rows, pk=pk)
    return found


def _deed(
    request: PersonRequest, integration: Integration, do: Callable[[], Any], said: str = ""
) -> HttpResponse:
    try:
        outcome = do()
    except NotAllowed as denied:
        raise PermissionDenied(str(denied)) from denied
    except Refused as refusal:
        return _page(request, integration, refusal=str(refusal), status=409)
    if isinstance(outcome, integrating.Issued):
        return _page(request, integration, issued=outcome)
    messages.success(request, said)
    return HttpResponseRedirect(reverse("integration", args=[integration.pk]))


def _page(
    request: PersonRequest,
    integration: Integration,
    *,
    issued: integrating.Issued | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    now, labels = timezone.now(), kind_labels()
    tokens = integration.tokens.select_related("created_by")[:50]
    about = {
        **_told(request, integration),
        "issued": issued,
        "refusal": refusal,
        "tokens": [{"row": token, "is_living": token.is_living(at=now)} for token in tokens],
        "grants": [
            (labels.get(kind, kind), [ACTION_LABELS[action] for action in actions])
            for kind, actions in integration.grants.items()
        ],
        "levels": [
            (FIELD_GROUPS[group], ACCESS_LABELS[level])
            for group, level in integration.field_rules.items()
        ],
        "overlaps": [(key, label) for key, (_time, label) in OVERLAPS.items()],
        "may_manage": integrating.may_manage(integration, request.actor),
    }
    return render(request, "accounts/integration.html", about, status=status)


def _told(request: PersonRequest, integration: Integration) -> dict[str, Any]:
    """The integration with one word about whether it counts."""
    on: date = request.today
    if integration.revoked_at is not None:
        state = ("revoked", _("revoked"))
    elif not integration.owner.is_active:
        state = ("stopped", _("owner deactivated"))
    elif not integration.is_in_use(on=on):
        state = ("stopped", _("expired"))
    else:
        state = ("current", _("in use"))
    return {"integration": integration, "state": state[0], "state_label": state[1]}


def _form(
    request: PersonRequest, integration: Integration, save: Callable[[dict[str, Any]], Integration]
) -> HttpResponse:
    refusal, status = "", 200
    if request.method == "POST":
        try:
            fields = _typed(request)
            saved = save(fields)
        except NotAllowed as denied:
            raise PermissionDenied(str(denied)) from denied
        except Refused as refused:
            refusal, status = str(refused), 422
            _put_back(request, integration)
        else:
            messages.success(request, _("Saved."))
            return redirect("integration", pk=saved.pk)
    return render(request, "accounts/integration_form.html",
                  _about(request, integration, refusal), status=status)  # fmt: skip


def _typed(request: PersonRequest) -> dict[str, Any]:
    last = typed(request, "expires_on")
    expires_on = typed_day(last)
    if last and expires_on is None:
        raise Refused(_("This is no day."))
    rows = record_id(typed(request, "rows_a_day"))
    if rows is None:
        raise Refused(_("Choose a number of rows from 1 to 100 million."))
    return {
        "name": typed(request, "name"),
        "purpose": typed(request, "purpose"),
        "grants": _grants(request),
        "field_rules": _levels(request),
        "networks": typed(request, "networks", 3000).replace(",", " ").split(),
        "rows_a_day": rows,
        "expires_on": expires_on,
    }


def _grants(request: PersonRequest) -> dict[str, list[str]]:
    """The ticked boxes: `g=customer.read`."""
    found: dict[str, list[str]] = {}
    for ticked in request.POST.getlist("g"):
        kind, _dot, action = ticked.partition(".")
        found.setdefault(kind, []).append(action)
    return found


def _levels(request: PersonRequest) -> dict[str, str]:
    return {group: typed(request, f"f.{group}") or "edit" for group in FIELD_GROUPS}


def _put_back(request: PersonRequest, integration: Integration) -> None:
    """What was typed stays in the form that says what is wrong with it."""
    integration.name, integration.purpose = typed(request, "name"), typed(request, "purpose")
    integration.grants, integration.field_rules = _grants(request), _levels(request)
    integration.networks = typed(request, "networks", 3000).replace(",", " ").split()
    integration.expires_on = typed_day(typed(request, "expires_on"))


def _about(request: PersonRequest, integration: Integration, refusal: str) -> dict[str, Any]:
    labels, owner = kind_labels(), integration.owner
    rows = {
        kind: Row(
            labels[kind],
            tuple(
                (
                    f"{kind}.{action}",
                    ACTION_LABELS[action],
                    action in integration.grants.get(kind, ()),
                    owner.may(action, kind),
                )
                for action in actions
            ),
        )
        for kind, actions in integrating.givable().items()
    }
    is_owner = request.actor.is_owner
    return {
        "integration": integration,
        "refusal": refusal,
        "record_rows": [row for kind, row in rows.items() if kind in registry],
        "other_rows": [row for kind, row in rows.items() if kind not in registry],
        "groups": [
            (f"f.{group}", label, integration.field_rules.get(group, "edit"))
            for group, label in FIELD_GROUPS.items()
        ],
        "levels": [
            ("edit", _("as its owner")),
            *((key, label) for key, label in ACCESS_LABELS.items() if key != "edit"),
        ],
        "colleagues": [
            (str(pk), name)
            for pk, name in User.objects.active().order_by("name_key").values_list("pk", "name")
        ]
        if is_owner and integration.pk is None
        else [],
        "rows_a_day": typed(request, "rows_a_day") or integration.rows_a_day,
        "networks": " ".join(integration.networks),
    }
