"""What every page of a kind asks first: which kind, and may this person read it at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseBase

from kezhi.core.refusal import NotAllowed
from kezhi.records import Kind, registry
from kezhi.web.requests import PersonRequest, must_may
from kezhi.workbench.customizing import linking
from kezhi.workbench.filtering import Asking

View = Callable[..., HttpResponseBase]


def of_kind(view: View) -> View:
    """Give the view its `Kind` as this person may know it; whose role doesn't read it gets a 403."""

    @wraps(view)
    def opened(request: PersonRequest, kind: str, **parts: Any) -> HttpResponseBase:
        must_may(request, "read", kind)
        try:
            return view(request, registry[kind].seen_by(request.actor), **parts)
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal

    return opened


def asking(request: PersonRequest) -> Asking:
    return Asking(request.actor, request.today, request.company.zone)


def visible(request: PersonRequest, kind: Kind, pk: int, action: str = "read") -> Any:
    """The record, or 404 for what isn't there or isn't this person's to see.

    What they may see but not `action` is a 403.
    """
    rows = kind.visible_to(request.actor).select_related(*kind.select_related)
    record = rows.filter(pk=pk).first()
    if record is None:
        raise Http404
    if action != "read" and not kind.visible_to(request.actor, action).filter(pk=pk).exists():
        raise PermissionDenied
    linking.attach([record], kind.fields, request.actor)
    return record
