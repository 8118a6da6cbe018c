"""What colleagues do about the portal: accounts, ideas, and what the portal says and shows."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.core.ids import record_id
from kezhi.core.refusal import Refused
from kezhi.records import registry
from kezhi.service.models import Idea, IdeaComment, PortalAccount, PortalSettings
from kezhi.service.portal import furnishing, inviting, proposing, second_factors
from kezhi.web.answering import done
from kezhi.web.portal.previewing import may_preview
from kezhi.web.records.record import PANELS, Panel
from kezhi.web.requests import PersonRequest, must_may, typed

SWITCHES = (
    ("shows_orders", gettext_lazy("Orders, for who sees the whole customer")),
    ("shows_amounts", gettext_lazy("Amounts of orders")),
    ("shows_knowledge", gettext_lazy("Articles of the knowledge base for customers")),
    ("shows_surveys", gettext_lazy("Surveys that wait for an answer")),
    ("shows_ideas", gettext_lazy("Ideas and votes")),
)
MOST_COMMENTS = 100


@require_POST
def invite_again(request: PersonRequest, pk: int) -> HttpResponse:
    account = _account(request, pk)
    return done(
        request,
        lambda: inviting.invite_again(account, actor=request.actor, at=timezone.now()),
        _("A new link is on its way."),
        registry["portal_account"].url_of(account),
    )


@require_POST
def end(request: PersonRequest, pk: int) -> HttpResponse:
    """POST reason."""
    account = _account(request, pk)
    return done(
        request,
        lambda: inviting.end_account(
            account, actor=request.actor, at=timezone.now(), reason=typed(request, "reason", 200)
        ),
        _("They can’t sign in to the portal any more."),
        registry["portal_account"].url_of(account),
    )


@require_POST
def reset_second_factor(request: PersonRequest, pk: int) -> HttpResponse:
    """POST reason."""
    account = _account(request, pk)
    return done(
        request,
        lambda: second_factors.reset(
            account, actor=request.actor, reason=typed(request, "reason", 200)
        ),
        _("They sign in without the app next time."),
        registry["portal_account"].url_of(account),
    )


@require_POST
def comment(request: PersonRequest, pk: int) -> HttpResponse:
    """POST text."""
    idea = _idea(request, pk)
    return done(
        request,
        lambda: proposing.comment(
            idea, typed(request, "text", 5_000), actor=request.actor, at=timezone.now()
        ),
        _("Customers read the comment now.") if idea.is_published else _("The comment is kept."),
        registry["idea"].url_of(idea),
    )


@require_POST
def remove_comment(request: PersonRequest, pk: int, comment: int) -> HttpResponse:
    idea = _idea(request, pk)
    found = get_object_or_404(IdeaComment.objects.select_related("idea"), pk=comment, idea=idea)
    return done(
        request,
        lambda: proposing.remove_comment(found, actor=request.actor),
        _("The comment is removed."),
        registry["idea"].url_of(idea),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: PersonRequest) -> HttpResponse:
    must_may(request, "read", "company")
    found, refusal = PortalSettings.current(), None
    if request.method == "POST":
        must_may(request, "edit", "company")
        entries: dict[str, Any] = {
            name: typed(request, name, most) for name, most in furnishing.TEXTS.items()
        }
        entries |= {name: name in request.POST for name in furnishing.SWITCHES}
        version = record_id(typed(request, "version", 18))
        try:
            furnishing.change_settings(entries, actor=request.actor, version=version)
        except Refused as refused:
            refusal = refused
            for name, entry in entries.items():
                setattr(found, name, entry)
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect("/settings/portal/")
    about = {
        "portal": found,
        "switches": SWITCHES,
        "refusal": refusal,
        "may_edit": request.actor.may("edit", "company"),
    }
    return render(request, "portal/staff_settings.html", about, status=409 if refusal else 200)


def _account(request: PersonRequest, pk: int) -> PortalAccount:
    rows = PortalAccount.objects.visible_to(request.actor).select_related("contact")
    return get_object_or_404(rows, pk=pk)  # type: ignore[no-any-return]


def _idea(request: PersonRequest, pk: int) -> Idea:
    return get_object_or_404(Idea.objects.visible_to(request.actor), pk=pk)  # type: ignore[no-any-return]


def _account_panel(request: PersonRequest, account: PortalAccount) -> Panel:
    may_edit = (
        PortalAccount.objects.visible_to(request.actor, "edit").filter(pk=account.pk).exists()
    )
    about = {
        "account": account,
        "may_edit": may_edit and account.state != PortalAccount.State.ENDED,
        "is_invited": account.state == PortalAccount.State.INVITED,
        "is_stranded": PortalAccount.objects.stranded().filter(pk=account.pk).exists(),
        "sessions": account.sessions.living(at=timezone.now()).count(),
        "app": second_factors.app_of(account),
        "may_preview": PortalAccount.objects.standing().filter(pk=account.pk).exists()
        and may_preview(request, account),
    }
    return Panel("portal/_staff_account.html", about)


def _idea_panel(request: PersonRequest, idea: Idea) -> Panel:
    about = {
        "idea": idea,
        "comments": list(
            idea.comments.select_related("author").order_by("at", "pk")[:MOST_COMMENTS]
        ),
        "may_edit": Idea.objects.visible_to(request.actor, "edit").filter(pk=idea.pk).exists(),
    }
    return Panel("portal/_staff_idea.html", about)


PANELS.update({"portal_account": _account_panel, "idea": _idea_panel})
