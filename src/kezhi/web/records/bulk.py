"""Many records changed at once: the choice, the settings, the watched run, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from kezhi.accounts.models import User
from kezhi.accounts.sharing import MOST as MOST_SHARED
from kezhi.core.ids import record_id, record_ids
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.core.saying import Told
from kezhi.customers.sharing import settings_of
from kezhi.records import Kind, registry
from kezhi.web.accounts import shares
from kezhi.web.records.access import of_kind
from kezhi.web.records.cells import title_of
from kezhi.web.records.forms import RecordForm
from kezhi.web.records.listing import counted
from kezhi.web.records.lists import opened
from kezhi.web.requests import PersonRequest, must_may
from kezhi.web.ways import way_back
from kezhi.workbench import bulk_changing
from kezhi.workbench.bulk_changing import AT_ONCE, MOST, VERBS, Verb, changeable, packed
from kezhi.workbench.counting import count
from kezhi.workbench.models import BulkRun, BulkStep
from kezhi.workbench.tagging import create_tag, understood
from kezhi.workbench.undoing import WITHIN, token_for_run

MOST_SHOWN = 100
MOST_NAMED = 20
Outcome = BulkStep.Outcome


@dataclass
class Asked:
    """What the person chose until now: the verb, the rows, and why the settings don't do yet."""

    verb: Verb
    ids: list[int] | None
    count: int
    is_capped: bool = False
    error: str = ""
    refusal: str = ""
    form: RecordForm | None = None
    about: dict[str, Any] = field(default_factory=dict)


@require_POST
@of_kind
def change(request: PersonRequest, kind: Kind, verb: str) -> HttpResponse:
    """POST `selected` ids, or `all` for what the list finds: asks for the verb's settings; with `go` starts.

    Up to two hundred records are changed at once, more of them as a job that can be watched and stopped.
    """
    offered = {each.name: each for each in bulk_changing.offered(kind, request.actor)}
    if verb not in offered:
        if verb in VERBS:
            must_may(request, VERBS[verb].action, kind.name)
            if needed := VERBS[verb].needs:
                must_may(request, *needed)
        raise Http404
    asked = _asked(request, kind, offered[verb])
    if asked.count == 0:
        messages.error(request, _("Nothing is selected."))
        return HttpResponseRedirect(way_back(request, f"/{kind.address}/"))
    reader = SETTINGS.get(verb)
    if reader is None:
        return HttpResponseBadRequest()
    settings, title = reader(request, kind, asked)
    if "go" not in request.POST or asked.error:
        status = 422 if asked.error and "go" in request.POST else 200
        return _page(request, kind, asked, status)
    return _start(request, kind, asked, settings, title)


def _start(
    request: PersonRequest, kind: Kind, asked: Asked, settings: dict[str, Any], title: str
) -> HttpResponse:
    actor = request.actor
    try:
        run = bulk_changing.start_bulk(
            kind.name,
            asked.verb.name,
            settings,
            title,
            actor=actor,
            on=request.today,
            zone=request.company.zone,
            ids=asked.ids,
            query=request.GET.urlencode() if asked.ids is None else "",
        )
        if run.job_run is None:
            bulk_changing.carry_out(run, actor=actor, on=request.today, at=timezone.now())
    except NotAllowed:
        raise
    except Refused as refusal:
        asked.refusal = str(refusal)
        return _page(request, kind, asked, 409)
    counts = run.steps.counts()
    if run.job_run is not None or counts.get(Outcome.SKIPPED):
        return HttpResponseRedirect(reverse("bulk-run", args=[run.pk]))
    undo = reverse("undo", args=[token_for_run(run.pk, actor)]) if Outcome.DONE in counts else ""
    told = f"{run.told}{_(': ')}{bulk_changing.told(run)}"
    messages.success(request, told, extra_tags=undo)
    return HttpResponseRedirect(way_back(request, f"/{kind.address}/"))


def _asked(request: PersonRequest, kind: Kind, verb: Verb) -> Asked:
    if "all" in request.POST:
        listing = opened(request, kind)
        found = count(listing.matches(), MOST)
        if listing.problems:
            raise Http404
        return Asked(verb, None, found.count, found.is_capped)
    ids = record_ids(request.POST.getlist("selected")[: MOST + 1])
    return Asked(verb, ids, kind.visible_to(request.actor).filter(pk__in=ids).count())


def _page(request: PersonRequest, kind: Kind, asked: Asked, status: int = 200) -> HttpResponse:
    about = {
        "kind": kind,
        "asked": asked,
        "verb": asked.verb,
        "shown": f"{asked.count:,}" + ("+" if asked.is_capped else ""),
        "is_job": asked.count > AT_ONCE,
        "action": request.get_full_path(),
        "next": way_back(request, f"/{kind.address}/"),
        **asked.about,
    }
    return render(request, "records/bulk.html", about, status=status)


# ---- the settings of each verb: (settings, title of the run) ----


def _edit(request: PersonRequest, kind: Kind, asked: Asked) -> tuple[dict[str, Any], str]:
    fields = changeable(kind)
    name = request.POST.get("field", "")
    chosen = next((each for each in fields if each.name == name), None)
    asked.about = {"fields": fields, "chosen": chosen}
    if chosen is None:
        asked.error = _("Choose a field.")
        return {}, ""
    form = asked.form = RecordForm.of(request, kind, None, only=[chosen.name])
    asked.about["control"] = form.controls[chosen.name]
    if "go" not in request.POST:
        return {}, ""
    if not form.read(request.POST).is_valid:
        asked.error = form.controls[chosen.name].error
    asked.about["control"] = form.controls[chosen.name]
    entry = form.entries.get(chosen.name)
    title = Told(
        gettext_lazy("%(field)s of %(kind)s changed"), field=chosen.label, kind=kind.label_plural
    )
    return {"field": chosen.name, "entry": packed(chosen, entry)}, title


def _assign(request: PersonRequest, kind: Kind, asked: Asked) -> tuple[dict[str, Any], str]:
    people = User.objects.active().order_by("name_key").values_list("pk", "name")
    chosen = request.POST.get("person", "")
    reason = request.POST.get("reason", "").strip()[:300]
    asked.about = {
        "people": [(str(pk), name) for pk, name in people],
        "person": chosen,
        "reason": reason,
    }
    person = User.objects.active().filter(pk=record_id(chosen)).first()
    if person is None:
        asked.error = _("Choose a colleague.")
        return {}, ""
    title = Told(
        gettext_lazy("%(kind)s given to %(person)s"), kind=kind.label_plural, person=person.name
    )
    return {"person": person.pk, "reason": reason}, title


def _tag(request: PersonRequest, kind: Kind, asked: Asked) -> tuple[dict[str, Any], str]:
    add, remove = (_typed_tags(request, name) for name in ("add", "remove"))
    asked.about = {"add": add, "remove": remove}
    if not (add or remove):
        asked.error = _("Name at least one tag.")
        return {}, ""
    if "go" not in request.POST:
        return {}, ""
    actor = request.actor
    try:
        wanted = understood(add, actor)
        # What doesn't exist is on no record.
        gone = [tag for tag in understood(remove, actor) if tag.pk] if remove else []
        wanted = [tag if tag.pk else create_tag(tag.name, actor=actor) for tag in wanted]
    except Refused as refusal:
        asked.error = str(refusal)
        return {}, ""
    settings = {"add": [tag.pk for tag in wanted], "remove": [tag.pk for tag in gone]}
    return settings, Told(gettext_lazy("Tags of %(kind)s changed"), kind=kind.label_plural)


def _typed_tags(request: PersonRequest, name: str) -> list[str]:
    typed = request.POST.get(f"{name}_typed", "").replace("，", ",").split(",")
    return list(
        dict.fromkeys(t.strip() for t in [*request.POST.getlist(name), *typed] if t.strip())
    )


def _share(request: PersonRequest, kind: Kind, asked: Asked) -> tuple[dict[str, Any], str]:
    asked.about = {**shares.form(request), "named": _named(request, kind, asked)}
    if asked.count > MOST_SHARED:
        asked.error = _(
            "At most %(most)s customers can be shared with one colleague or team. Narrow the list down,"
            " or give them another owner or role."
        ) % {"most": f"{MOST_SHARED:,}"}
    if asked.error or "go" not in request.POST:
        return {}, ""
    try:
        share = shares.wanted(request)
    except Refused as refusal:
        asked.error = str(refusal)
        return {}, ""
    settings = settings_of(
        share.to, may_edit=share.may_edit, until=share.until, reason=share.reason
    )
    title = Told(
        gettext_lazy("%(kind)s shared with %(to)s"), kind=kind.label_plural, to=share.to.name
    )
    return settings, title


def _named(request: PersonRequest, kind: Kind, asked: Asked) -> list[str]:
    """The first of the ticked records by name, so that nobody shows others what they didn't mean to."""
    rows = kind.visible_to(request.actor).filter(pk__in=(asked.ids or [])[:MOST_NAMED])
    return [title_of(kind, row) for row in rows.select_related(*kind.select_related).order_by("pk")]


def _delete(request: PersonRequest, kind: Kind, asked: Asked) -> tuple[dict[str, Any], str]:
    return {}, Told(gettext_lazy("%(kind)s deleted"), kind=kind.label_plural)


# By verb: reads what was posted, and gives the settings and the title of the run. A kind that has verbs of its
# own adds theirs; `asked.about["form"]` names the template of its fields.
SETTINGS: dict[str, Callable[[PersonRequest, Kind, Asked], tuple[dict[str, Any], str]]] = {
    "edit": _edit,
    "assign": _assign,
    "tag": _tag,
    "share": _share,
    "delete": _delete,
}


# ---- the run ----


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """A run of one's own: how far it is, then what was skipped and why."""
    run = _own(request, pk)
    kind = registry[run.kind].seen_by(request.actor)
    counts = run.steps.counts()
    waits = run.job_run is not None and run.job_run.is_under_way
    at = timezone.now()
    may_undo = (
        not waits
        and run.undone_at is None
        and run.ended_at is not None
        and run.ended_at >= at - WITHIN
        and bool(counts.get(Outcome.DONE))
    )
    about = {
        "run": run,
        "kind": kind,
        "job": run.job_run,
        "is_under_way": waits,
        "counts": [
            (str(Outcome(key).label), f"{counts[key]:,}", key)
            for key in Outcome.values
            if counts.get(key)
        ],
        "told": bulk_changing.told(run),
        "reasons": _reasons(run),
        "rows": _rows(request, kind, run),
        "undo": reverse("undo", args=[token_for_run(run.pk, request.actor)]) if may_undo else "",
        "back": f"/{kind.address}/" + (f"?{run.query}" if run.query else ""),
    }
    if request.htmx and request.htmx.target == f"job-{run.job_run_id}" and waits:
        return render(request, "records/_bulk_progress.html", about)
    response = render(request, "records/bulk_run.html", about)
    if request.htmx:
        # The work has ended: the whole page says what came of it.
        response.headers["HX-Refresh"] = "true"
    return response


@require_POST
def cancel(request: PersonRequest, pk: int) -> HttpResponse:
    """The rest is left as it is."""
    run = _own(request, pk)
    bulk_changing.cancel_bulk(run, actor=request.actor)
    messages.success(request, _("It stops after the record it is at."))
    return HttpResponseRedirect(reverse("bulk-run", args=[run.pk]))


def _own(request: PersonRequest, pk: int) -> BulkRun:
    run = BulkRun.objects.select_related("job_run").filter(pk=pk, actor_id=request.actor.pk).first()
    if run is None or run.kind not in registry or not request.actor.may("read", run.kind):
        raise Http404
    return run


def _reasons(run: BulkRun) -> list[tuple[str, int]]:
    """Why records were skipped or stayed, the commonest reason first."""
    told = run.steps.exclude(reason="").order_by().values_list("reason").annotate(n=Count("pk"))
    return list(told.order_by("-n")[:10])


def _rows(request: PersonRequest, kind: Kind, run: BulkRun) -> list[tuple[str, str, str]]:
    """The first of the records that weren't changed, with the reason; only those the person may see."""
    steps = list(run.steps.exclude(reason="").order_by("pk")[:MOST_SHOWN])
    rows = kind.visible_to(request.actor).select_related(*kind.select_related)
    seen = {row.pk: row for row in rows.filter(pk__in=[step.object_id for step in steps])}
    return [
        (title_of(kind, seen[step.object_id]), kind.url_of(seen[step.object_id]), step.reason)
        for step in steps
        if step.object_id in seen
    ]


@require_safe
@of_kind
def matches(request: PersonRequest, kind: Kind) -> HttpResponse:
    """How many records the list finds, for the link that selects them all."""
    listing = opened(request, kind)
    found = counted(count(listing.matches(), MOST))
    return render(request, "records/_matches.html", {"count": found, "kind": kind})
