"""A colleague's hand-over, step by step: what they hold, who gets it, what that means, done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from kezhi.accounts.models import User
from kezhi.core.ids import record_id, record_ids
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.handing_over import (
    FIELDS,
    drop_hand_over,
    held_by,
    may_deactivate,
    may_hand_over,
    parts,
    places_of,
    prepare_hand_over,
    read_briefs,
    start_hand_over,
    start_taking_back,
)
from kezhi.customers.holdings import endings, holdings
from kezhi.customers.models import HandOver
from kezhi.records import Kind, registry
from kezhi.web.requests import PersonRequest, must_may

PAGE = 50
State, Rule = HandOver.State, HandOver.Rule


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """Those that one prepared or took part in, the newest first."""
    rows = HandOver.objects.visible_to(request.actor).select_related("leaver", "main_successor")
    page = Paginator(rows.order_by("-pk"), PAGE).get_page(request.GET.get("page"))
    people = User.objects.active().order_by("name_key")
    about = {
        "page": page,
        "leavers": [(p.login, p.name) for p in people if may_hand_over(p, request.actor)][:500]
        if request.actor.may("assign", "customer")
        else [],
    }
    return render(request, "accounts/hand_overs.html", about)


@require_safe
def chosen(request: PersonRequest) -> HttpResponse:
    """`?login=`: to the first step for that colleague."""
    leaver = get_object_or_404(User, login=request.GET.get("login", ""))
    must_may(request, "assign", "customer")
    return HttpResponseRedirect(reverse("hand-over-new", args=[leaver.login]))


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PersonRequest, login: str) -> HttpResponse:
    """The first step: what the colleague holds, and the rule. POST keeps it as a plan."""
    must_may(request, "assign", "customer")
    leaver = get_object_or_404(User, login=login)
    if not may_hand_over(leaver, request.actor):
        raise PermissionDenied
    draft = HandOver.objects.filter(leaver=leaver, state=State.DRAFT).first()
    if request.method != "POST":
        return _first_step(request, leaver, draft)
    wanted = _wanted(request, draft)
    try:
        made = prepare_hand_over(leaver, wanted, actor=request.actor, on=request.today)
    except NotAllowed as denied:
        return _first_step(request, leaver, draft, str(denied), 409)
    except Refused as refused:
        return _first_step(request, leaver, draft, str(refused), 409)
    return HttpResponseRedirect(reverse("hand-over", args=[made.pk]))


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """A plan: who gets what, to be changed (POST) or carried out. Done: what went where."""
    hand_over = _visible(request, pk)
    if request.htmx and (request.htmx.target or "").startswith("job-"):
        return _progress(request, hand_over)
    refusal = ""
    if request.method == "POST":
        must_may(request, "assign", "customer")
        wanted = _wanted(request, hand_over)
        try:
            prepare_hand_over(hand_over.leaver, wanted, actor=request.actor, on=request.today)
        except Refused as refused:
            refusal = str(refused)
        else:
            return HttpResponseRedirect(reverse("hand-over", args=[pk]))
    return _page(request, hand_over, refusal, 409 if refusal else 200)


@require_POST
def run(request: PersonRequest, pk: int) -> HttpResponse:
    """Carry it out."""
    hand_over = _visible(request, pk)
    try:
        start_hand_over(hand_over, actor=request.actor, on=request.today)
    except NotAllowed as denied:
        raise PermissionDenied(str(denied)) from denied
    except Refused as refused:
        return _page(request, _visible(request, pk), str(refused), 409)
    return HttpResponseRedirect(reverse("hand-over", args=[pk]))


@require_POST
def take_back(request: PersonRequest, pk: int) -> HttpResponse:
    hand_over = _visible(request, pk)
    try:
        start_taking_back(hand_over, actor=request.actor, on=request.today)
    except NotAllowed as denied:
        raise PermissionDenied(str(denied)) from denied
    except Refused as refused:
        return _page(request, _visible(request, pk), str(refused), 409)
    messages.success(request, _("The hand-over is taken back"))
    return HttpResponseRedirect(reverse("hand-over", args=[pk]))


@require_POST
def drop(request: PersonRequest, pk: int) -> HttpResponse:
    """The plan comes to nothing."""
    hand_over = _visible(request, pk)
    try:
        drop_hand_over(hand_over, actor=request.actor)
    except NotAllowed as denied:
        raise PermissionDenied(str(denied)) from denied
    except Refused as refused:
        return _page(request, _visible(request, pk), str(refused), 409)
    messages.success(request, _("The plan is dropped; nothing has moved."))
    return HttpResponseRedirect(reverse("hand-overs"))


@require_POST
def read(request: PersonRequest, pk: int) -> HttpResponse:
    """The successor has read the brief of `customer`, or all of them."""
    hand_over = _visible(request, pk)
    ids = record_ids([request.POST.get("customer", "")]) or None
    read_briefs(hand_over, ids, actor=request.actor, at=timezone.now())
    if ids is None:
        messages.success(request, _("All briefs are marked as read"))
        return HttpResponseRedirect(reverse("today"))
    return HttpResponseRedirect(reverse("hand-over-briefs", args=[pk]))


def _visible(request: PersonRequest, pk: int) -> HandOver:
    rows = HandOver.objects.visible_to(request.actor)
    found: HandOver = get_object_or_404(
        rows.select_related("leaver", "main_successor", "job_run"), pk=pk
    )
    return found


def _wanted(request: PersonRequest, draft: HandOver | None) -> dict[str, Any]:
    """The plan as it was typed; what the step before said stays."""
    sent = request.POST
    rule = sent.get("rule", draft.rule if draft else Rule.ONE)
    main = sent.get("main", "")
    wanted: dict[str, Any] = {
        "rule": rule if rule in Rule.values else Rule.ONE,
        "main_successor": User.objects.active().filter(pk=record_id(main)).first(),
        "message": sent.get("message", "").strip()[:2_000],
        "deactivates": sent.get("deactivates") == "1",
    }
    among = record_ids(sent.getlist("among"))
    if wanted["rule"] == Rule.EVENLY:
        wanted["plan"] = {"among": among}
    elif wanted["rule"] == Rule.BY_FIELD:
        name = sent.get("field", "region")
        to = {
            key.removeprefix("to."): pk
            for key, chosen in sent.items()
            if key.startswith("to.") and (pk := record_id(str(chosen))) is not None
        }
        same = draft is not None and draft.plan.get("field") == name
        wanted["plan"] = {"field": name, "to": to if same else {}}
    else:
        wanted["plan"] = {}
    return wanted


def _first_step(
    request: PersonRequest,
    leaver: User,
    draft: HandOver | None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    sent = request.POST
    typed = {
        "rule": sent.get("rule") or (draft.rule if draft else Rule.ONE),
        "main": sent.get("main") or (draft.main_successor_id if draft else "") or "",
        "among": sent.getlist("among")
        or [str(pk) for pk in (draft.plan.get("among", []) if draft else [])],
        "field": sent.get("field") or (draft.plan.get("field", "region") if draft else "region"),
        "message": sent.get("message") or (draft.message if draft else ""),
        "deactivates": (sent.get("deactivates") == "1")
        if request.method == "POST"
        else (draft.deactivates if draft else leaver.is_active),
    }
    about = {
        "leaver": leaver,
        "draft": draft,
        "held": [(label, number) for label, number in held_by(leaver) if number],
        "ends": [(each.label, n) for each in endings() if (n := each.of(leaver.pk).count())],
        "rules": Rule.choices,
        "fields": _fields(request),
        "colleagues": _colleagues(leaver),
        "typed": typed,
        "may_deactivate": may_deactivate(leaver, request.actor) and leaver.is_active,
        "refusal": refusal,
    }
    return render(request, "accounts/hand_over_new.html", about, status=status)


def _page(
    request: PersonRequest, hand_over: HandOver, refusal: str = "", status: int = 200
) -> HttpResponse:
    actor = request.actor
    sees_value = actor.sees("customer", "value")
    may = HandOver.objects.visible_to(actor, "edit").filter(pk=hand_over.pk).exists()
    about: dict[str, Any] = {
        "hand_over": hand_over,
        "leaver": hand_over.leaver,
        "job": hand_over.job_run,
        "sees_value": sees_value,
        "may_manage": may,
        "refusal": refusal,
    }
    if hand_over.state == State.DRAFT:
        if not may:
            raise PermissionDenied
        return render(
            request,
            "accounts/hand_over_plan.html",
            {**about, **_plan(request, hand_over)},
            status=status,
        )
    if hand_over.state == State.UNDER_WAY:
        return render(request, "accounts/hand_over_under_way.html", about, status=status)
    return render(
        request,
        "accounts/hand_over_done.html",
        {**about, **_done(request, hand_over)},
        status=status,
    )


def _plan(request: PersonRequest, hand_over: HandOver) -> dict[str, Any]:
    """What everyone would get, and for a rule by field the entries to be given somebody."""
    found = parts(hand_over)
    names = _names(part.successor_id for part in found)
    name = hand_over.plan.get("field", "")
    to = hand_over.plan.get("to", {})
    kind = registry["customer"].seen_by(request.actor)
    return {
        "parts": [(names.get(part.successor_id, ""), part) for part in found],
        "held": [(label, n) for label, n in held_by(hand_over.leaver)[1:] if n],
        "ends": [
            (each.label, n) for each in endings() if (n := each.of(hand_over.leaver_id).count())
        ],
        "places": [
            (entry, _shown(kind, name, entry), number, to.get(entry, ""))
            for entry, number in places_of(hand_over.leaver, name)
        ]
        if hand_over.rule == Rule.BY_FIELD and name in FIELDS
        else [],
        "field_label": kind.field(name).label if name in kind else "",
        "among": _names(int(pk) for pk in hand_over.plan.get("among", [])),
        "colleagues": _colleagues(hand_over.leaver),
    }


def _done(request: PersonRequest, hand_over: HandOver) -> dict[str, Any]:
    labels = {each.name: each.label for each in holdings()}
    labels |= {each.name: each.label for each in endings()}
    labels["customer"] = registry["customer"].label_plural
    rows = hand_over.items.filter(kind="customer").values_list("successor__name")
    mine = hand_over.items.filter(kind="customer", successor_id=request.actor.pk)
    return {
        "counts": [(labels.get(name, name), n) for name, n in hand_over.counts.items() if n],
        "to_whom": sorted(rows.annotate(Count("pk")), key=lambda row: -row[1]),
        "mine": mine.count(),
        "unread": mine.filter(read_at__isnull=True).count(),
    }


def _progress(request: PersonRequest, hand_over: HandOver) -> HttpResponse:
    if hand_over.state != State.UNDER_WAY or hand_over.job_run is None:
        return HttpResponseClientRefresh()
    about = {"hand_over": hand_over, "job": hand_over.job_run}
    return render(request, "accounts/_hand_over_progress.html", about)


def _fields(request: PersonRequest) -> list[tuple[str, Any]]:
    """By what customers can be told apart: only what the reader sees."""
    kind = registry["customer"].seen_by(request.actor)
    return [
        (name, str(kind.field(name).label))
        for name in FIELDS
        if name in kind and not kind.field(name).is_masked
    ]


def _shown(kind: Kind, name: str, entry: str) -> str:
    if not entry:
        return _("nothing given")
    choices = dict(kind.field(name).choices) if name in kind else {}
    return str(choices.get(entry, entry))


def _names(ids: Any) -> dict[int, str]:
    return dict(User.objects.filter(pk__in=list(ids)).values_list("pk", "name"))


def _colleagues(leaver: User) -> list[tuple[str, str]]:
    people = User.objects.active().exclude(pk=leaver.pk).select_related("team", "department")
    return [
        (str(p.pk), f"{p.name} · {p.team or p.department}" if p.team or p.department else p.name)
        for p in people.order_by("name_key")
    ]
