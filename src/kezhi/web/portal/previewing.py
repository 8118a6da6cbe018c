"""A colleague looks at the portal as a contact sees it: marked as that, kept in the log, and nothing is done.

The pages are the portal's own, shown below another address within the colleague's own session. No session of
the contact's begins, no key is given out, nothing but GET is answered, and what the colleague's role hides from
them isn't there either. What is the contact's alone has no preview: account, password, sessions, data requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import get_script_prefix, resolve, reverse, set_script_prefix
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from kezhi.audit.recording import record
from kezhi.customers.models import Contact
from kezhi.records import registry
from kezhi.service.models import PortalAccount, PortalSettings
from kezhi.service.portal.actors import PortalActor
from kezhi.web.portal.realm import PREFIX
from kezhi.web.portal.visiting import PortalRequest, Preview, speaking
from kezhi.web.requests import PersonRequest

# What has a preview, and the kind that the colleague's role must read for it.
PAGES = {
    "portal": "ticket",
    "portal-tickets": "ticket",
    "portal-ticket": "ticket",
    "portal-ticket-new": "ticket",
    "portal-ticket-file": "ticket",
    "portal-orders": "order",
    "portal-order": "order",
    "portal-help": "article",
    "portal-help-article": "article",
    "portal-help-file": "article",
    "portal-ideas": "idea",
    "portal-idea": "idea",
    "portal-preferences": "consent",
}


@never_cache
@require_safe
def show(request: PersonRequest, pk: int, path: str = "") -> HttpResponseBase:
    """One page of the portal, by its path below /portal/."""
    rows = PortalAccount.objects.visible_to(request.actor).standing()
    account = get_object_or_404(rows.select_related("contact", "customer"), pk=pk)
    if not may_preview(request, account):
        raise PermissionDenied
    page = resolve(PREFIX + path)
    name = page.url_name or ""
    if name not in PAGES:
        raise Http404
    if not request.actor.may("read", PAGES[name]):
        raise PermissionDenied
    seen = cast("PortalRequest", request)
    seen.shop = PortalSettings.current()
    if not seen.shop.is_open:
        return render(request, "portal/closed.html", status=404)
    seen.portal, seen.preview = (
        PortalActor(account, viewer=request.actor),
        _preview(request, account),
    )
    record("portal_account.previewed", actor=request.actor, subject=account, page=PREFIX + path)
    root = reverse("portal_account-preview", args=[account.pk])
    with _below(root), speaking(seen, account.language):
        try:
            response: HttpResponseBase = page.func.inside(seen, *page.args, **page.kwargs)  # type: ignore[attr-defined]
        except Http404:
            response = render(request, "portal/absent.html", status=404)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def may_preview(request: PersonRequest, account: PortalAccount) -> bool:
    """Whether the person might have invited this contact."""
    may_edit = PortalAccount.objects.visible_to(request.actor, "edit").filter(pk=account.pk)
    contact = Contact.objects.visible_to(request.actor, "edit").filter(pk=account.contact_id)
    return bool(may_edit.exists() and contact.exists())


def _preview(request: PersonRequest, account: PortalAccount) -> Preview:
    told = _(
        "Preview: the portal as %(name)s sees it. Nothing can be done here; what your own role doesn’t see "
        "isn’t shown."
    )
    readable = frozenset(name for name, kind in PAGES.items() if request.actor.may("read", kind))
    return Preview(
        told % {"name": account.contact.name},
        _("Back to the account"),
        registry["portal_account"].url_of(account),
        readable,
    )


@contextmanager
def _below(root: str) -> Iterator[None]:
    """Every address that is written meanwhile leads to the preview of its page."""
    before = get_script_prefix()
    set_script_prefix(root.removesuffix(PREFIX.removeprefix("/")))
    try:
        yield
    finally:
        set_script_prefix(before)
