"""What is done in each cell of the matrix as a form, and the versions published so far."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight import naming
from kezhi.insight.models import MatrixStrategies
from kezhi.insight.ruling import current_settings
from kezhi.insight.strategies import (
    CellStrategy,
    InvalidStrategies,
    publish_matrix_strategies,
    strategies_of,
)
from kezhi.value.matrix import QUADRANTS
from kezhi.web.requests import PersonRequest, must_may
from kezhi.web.value.matrix_borders import measure_label

SHOWN_VERSIONS = 20
LONGEST = 1000


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PersonRequest) -> HttpResponse:
    """GET: the texts in force, or `?version=` an earlier one to start from. POST: a new version."""
    must_may(request, "edit", "value_settings")
    if request.method == "POST":
        return _publish(request)
    versions = _versions()
    chosen = next((row for row in versions if str(row.pk) == request.GET.get("version")), None)
    shown = chosen or (versions[0] if versions else None)
    strategies = strategies_of(shown.strategies if shown else {})
    return _page(request, strategies, versions, is_old=chosen is not None and chosen != versions[0])


def _publish(request: PersonRequest) -> HttpResponse:
    strategies = _read(request.POST)
    reason = _text(request.POST, "reason")
    try:
        publish_matrix_strategies(strategies, actor=request.actor, on=request.today, reason=reason)
    except InvalidStrategies as invalid:
        errors = {
            f"{cell}-{name}" if cell else name: e for (cell, name), e in invalid.errors.items()
        }
        return _page(request, strategies, _versions(), reason=reason, errors=errors, status=422)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        told = str(refusal)
        return _page(request, strategies, _versions(), reason=reason, refusal=told, status=409)
    messages.success(request, _("Published. The strategies are in force."))
    return redirect("value-matrix")


def _read(post: QueryDict) -> dict[str, CellStrategy]:
    return {
        cell: CellStrategy(cell, *(_text(post, f"{cell}-{n}") for n in ("text", "high", "low")))
        for cell in QUADRANTS
    }


def _text(post: QueryDict, name: str) -> str:
    return str(post.get(name, "")).replace("\0", "").strip()[:LONGEST]


def _versions() -> list[MatrixStrategies]:
    rows = MatrixStrategies.objects.select_related("published_by")
    return list(rows.order_by("-pk")[:SHOWN_VERSIONS])


def _page(
    request: PersonRequest,
    strategies: dict[str, CellStrategy],
    versions: list[MatrixStrategies],
    *,
    is_old: bool = False,
    reason: str = "",
    refusal: str = "",
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    third = current_settings().rules.get("matrix", {}).get("third", "")
    about: dict[str, Any] = {
        "cells": [(naming.quadrant_label(cell), strategies[cell]) for cell in QUADRANTS],
        "third_label": measure_label(third) if third else "",
        "versions": versions,
        "is_old": is_old,
        "reason": reason,
        "refusal": refusal,
        "errors": errors or {},
    }
    return render(request, "value/matrix/strategies.html", about, status=status)
