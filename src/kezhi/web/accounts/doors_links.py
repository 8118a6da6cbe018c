"""A one-time link that was handed over: its owner sets a password, then signs in with it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from kezhi.accounts.one_time_links import living_link, use_link
from kezhi.core.refusal import Refused
from kezhi.web.requests import PersonRequest


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def by_link(request: PersonRequest, token: str) -> HttpResponse:
    """Looking at the page spends nothing: previews of messengers look, too."""
    now = timezone.now()
    link = living_link(token, at=now)
    if link is None:
        return render(request, "accounts/link_dead.html", status=404)
    refusal = None
    if request.method == "POST":
        try:
            password = request.POST.get("password", "")
            use_link(link.person, token, password, actor=link.person, at=now)
        except Refused as refused:
            refusal = refused
        else:
            messages.success(request, _("Your password is set. Sign in with it."))
            return redirect("/sign-in/")
    context = {"link": link, "refusal": refusal}
    return render(request, "accounts/link.html", context, status=422 if refusal else 200)
