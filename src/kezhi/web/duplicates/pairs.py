"""The work list of likely duplicates: searched for, filtered, put aside, opened side by side."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from kezhi.core.actor import Scope
from kezhi.core.ids import record_id
from kezhi.core.models import JobRun
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.deduplicating_rules import set_telling
from kezhi.customers.deduplicating_scan import JOB, cancel_scan, queue_scan
from kezhi.customers.matching import IDENTIFIERS
from kezhi.customers.matching_scores import in_words
from kezhi.customers.merging import dismiss_pair, reopen_pair
from kezhi.customers.models import Customer, DuplicatePair, DuplicateRules, PairState
from kezhi.web.requests import PersonRequest, must_may

PAGE = 50
Rows = Any


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?state=dismissed`, `?by=mark|name`, `?group=`, `?batch=`, `?after=`; the card of the search for htmx."""
    must_may(request, "read", "merge")
    run = JobRun.objects.filter(name=JOB).order_by("-pk").first()
    if request.htmx and (request.htmx.target or "").startswith("job-"):
        if run is None or not run.is_under_way:
            return HttpResponseClientRefresh()
        return render(request, "duplicates/_search.html", {"run": run, "may_search": True})
    return _page(request, run)


def _page(
    request: PersonRequest, run: JobRun | None, refusal: str = "", status: int = 200
) -> HttpResponse:
    rows, asked = _filtered(request)
    found = list(_after(rows, request.GET.get("after", ""))[: PAGE + 1])
    pairs = found[:PAGE]
    sizes = _sizes(request, pairs)
    may_search = request.actor.scope("create", "merge") >= Scope.DEPARTMENT
    about = {
        "pairs": [(pair, in_words(pair.reasons), sizes.get(pair.group, 0)) for pair in pairs],
        "older": _next(asked, pairs[-1], request.actor.sees("customer", "value"))
        if len(found) > PAGE
        else "",
        "newest": _address(asked) if request.GET.get("after") else "",
        "asked": asked,
        "tabs": _tabs(asked),
        "ways": _ways(asked),
        "run": run,
        "may_search": may_search,
        "may_decide": request.actor.may("edit", "merge"),
        "may_merge": request.actor.may("create", "merge"),
        "refusal": refusal,
        "rules": DuplicateRules.current() if _may_rule(request) else None,
        "tellings": DuplicateRules.Telling.choices,
    }
    return render(request, "duplicates/list.html", about, status=status)


def _filtered(request: PersonRequest) -> tuple[Rows, dict[str, str]]:
    asked = {
        name: request.GET[name] for name in ("state", "by", "group", "batch") if name in request.GET
    }
    if asked.get("state") != PairState.DISMISSED:
        asked.pop("state", None)
    rows = DuplicatePair.objects.visible_to(request.actor).filter(
        state=asked.get("state", PairState.OPEN)
    )
    marked = Q()
    for letter in IDENTIFIERS:
        marked |= Q(reasons__contains=[letter])
    if asked.get("by") == "mark":
        rows = rows.filter(marked)
    elif asked.get("by") == "name":
        rows = rows.exclude(marked)
    else:
        asked.pop("by", None)
    for name, column in (("group", "group"), ("batch", "batch_id")):
        if name not in asked:
            continue
        if (pk := record_id(asked[name])) is not None:
            rows = rows.filter(**{column: pk})
        else:
            del asked[name]
    related = ("first__owner", "second__owner", "first__standing", "second__standing")
    # Who may not know what customers are worth doesn't learn it from the order either.
    by_value = ("-stake",) if request.actor.sees("customer", "value") else ()
    return rows.select_related(*related).order_by(*by_value, "-score", "-pk"), asked


def _after(rows: Rows, mark: str) -> Rows:
    """Rows behind the last one of the page before: `stake_score_id`."""
    parts = mark[:60].split("_")
    try:
        stake, points, pk = Decimal(parts[0]), int(parts[1]), int(parts[2])
    except (InvalidOperation, ValueError, IndexError):
        return rows
    if not stake.is_finite() or abs(pk) >= 1 << 62 or abs(points) > 100:
        return rows
    equal = Q(stake=stake)
    behind = Q(score__lt=points) | Q(score=points, pk__lt=pk)
    if "-stake" not in rows.query.order_by:
        return rows.filter(behind)
    return rows.filter(Q(stake__lte=stake) & (Q(stake__lt=stake) | (equal & behind)))


def _next(asked: dict[str, str], last: DuplicatePair, sees_value: bool) -> str:
    stake = last.stake if sees_value else 0
    return _address({**asked, "after": f"{stake}_{last.score}_{last.pk}"})


def _address(asked: dict[str, str]) -> str:
    return reverse("duplicates") + (f"?{urlencode(asked)}" if asked else "")


def _tabs(asked: dict[str, str]) -> list[dict[str, Any]]:
    is_open = "state" not in asked
    return [
        {
            "label": pgettext("pair of duplicates", "To review"),
            "href": reverse("duplicates"),
            "current": is_open,
        },
        {
            "label": _("Not the same"),
            "href": _address({"state": PairState.DISMISSED.value}),
            "current": not is_open,
        },
        {"label": pgettext("list of merges", "Merged"), "href": reverse("merges")},
    ]


def _ways(asked: dict[str, str]) -> list[dict[str, Any]]:
    rest = {name: said for name, said in asked.items() if name != "by"}
    labels = (
        ("", pgettext("duplicates", "All")),
        ("mark", _("Same identifier")),
        ("name", _("Similar name")),
    )
    return [
        {
            "label": label,
            "href": _address({**rest, "by": way} if way else rest),
            "current": asked.get("by", "") == way,
        }
        for way, label in labels
    ]


def _sizes(request: PersonRequest, pairs: list[DuplicatePair]) -> dict[int, int]:
    """How many visible pairs hang together in each group of the page."""
    groups = {pair.group for pair in pairs}
    counted = (
        DuplicatePair.objects.visible_to(request.actor)
        .open()
        .filter(group__in=groups)
        .values("group")
        .annotate(pairs=Count("pk"))
    )
    return dict(counted.values_list("group", "pairs"))


@require_POST
def search(request: PersonRequest) -> HttpResponse:
    """Search the whole base, in the background."""
    must_may(request, "create", "merge")
    try:
        queue_scan(actor=request.actor)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        run = JobRun.objects.filter(name=JOB).order_by("-pk").first()
        return _page(request, run, str(refusal), status=409)
    return HttpResponseRedirect(reverse("duplicates"))


@require_POST
def cancel(request: PersonRequest) -> HttpResponse:
    """Stop the search under way; what it found so far isn't listed."""
    must_may(request, "create", "merge")
    try:
        cancel_scan(actor=request.actor)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    return HttpResponseRedirect(reverse("duplicates"))


@require_POST
def dismiss(request: PersonRequest, pk: int) -> HttpResponse:
    """The two aren't the same; `undo` in the form takes that back."""
    pair = get_object_or_404(DuplicatePair.objects.visible_to(request.actor), pk=pk)
    try:
        if "undo" in request.POST:
            reopen_pair(pair, actor=request.actor)
            messages.success(request, _("The pair is up for review again"))
        else:
            reason = request.POST.get("reason", "").strip()
            dismiss_pair(pair, actor=request.actor, at=timezone.now(), reason=reason)
            messages.success(request, _("The two won’t be listed again"))
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    return HttpResponseRedirect(reverse("duplicates"))


@require_POST
def rules(request: PersonRequest) -> HttpResponse:
    """What people learn about customers of others that they may not see."""
    if not _may_rule(request):
        raise PermissionDenied
    try:
        set_telling(request.POST.get("telling", ""), actor=request.actor)
    except Refused as refusal:
        run = JobRun.objects.filter(name=JOB).order_by("-pk").first()
        return _page(request, run, str(refusal), status=422)
    messages.success(request, _("The rule is saved"))
    return HttpResponseRedirect(reverse("duplicates"))


@require_safe
def pick(request: PersonRequest) -> HttpResponse:
    """Two customers by their codes, to be put side by side."""
    must_may(request, "create", "merge")
    keys = [request.GET.get(name, "").strip()[:40] for name in ("a", "b")]
    visible = Customer.objects.visible_to(request.actor)
    found = [visible.filter(code__iexact=key).first() if key else None for key in keys]
    one, other = found
    if one is None or other is None or one.pk == other.pk:
        run = JobRun.objects.filter(name=JOB).order_by("-pk").first()
        refusal = _("Type the codes of two customers that you see.")
        return _page(request, run, refusal, status=422)
    return HttpResponseRedirect(f"{reverse('merge', args=['customer'])}?a={one.pk}&b={other.pk}")


def _may_rule(request: PersonRequest) -> bool:
    return request.actor.scope("edit", "merge") is Scope.ALL
