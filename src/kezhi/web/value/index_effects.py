"""What an index system does to customers: beside the one in force, and when one weight moves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from kezhi.core import queue
from kezhi.core.actor import Actor
from kezhi.core.models import JobRun, JobState
from kezhi.customers.models import Customer
from kezhi.insight import figures
from kezhi.insight.figures.keeping import store
from kezhi.insight.indexing import approving, comparing, shaping
from kezhi.insight.indexing.comparing import Comparison, Mover, Sensitivity
from kezhi.insight.models import KeptFigure, ValueSettings
from kezhi.insight.naming import index_label
from kezhi.insight.ruling import current_settings
from kezhi.value.index.shape import IndexTree
from kezhi.web import numbers
from kezhi.web.requests import PersonRequest
from kezhi.web.value.index_drafts import path_of, visible
from kezhi.web.value.index_system import may_come

USUAL_CHANGE = 10
NOTHING: dict[str, Any] = {"found": None, "finding": "", "job": None, "has_failed": False}


@dataclass(frozen=True, slots=True)
class NamedMover:
    """A mover with the customer, whom the reader may see."""

    customer: Customer
    mover: Mover


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: `tree` beside `before`, or without it each weight moved by `change` per cent."""

    tree: IndexTree
    before: IndexTree | None = None
    change: int = USUAL_CHANGE

    @property
    def key(self) -> str:
        if self.before is not None:
            return comparing.comparison_key(self.before, self.tree)
        return comparing.sensitivity_key(self.tree, self.change)


@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: PersonRequest, pk: int) -> HttpResponse:
    """A draft beside the index system in force. POST: work it out, in a very large company."""
    draft = visible(request, pk)
    whole = approving.whole_tree(draft)
    about = {"draft": draft, "tab": "comparison", "here": reverse("index-comparison", args=[pk])}
    return _compared(request, current_settings().rules["tree"], whole, about)


@require_http_methods(["GET", "HEAD", "POST"])
def compare_version(request: PersonRequest, pk: int) -> HttpResponse:
    """A published version beside the index system in force: what going back would do."""
    may_come(request)
    settings: ValueSettings = get_object_or_404(ValueSettings, pk=pk)
    here = reverse("index-version-comparison", args=[pk])
    about = {"draft": None, "settings": settings, "here": here}
    return _compared(request, current_settings().rules["tree"], settings.rules["tree"], about)


def _compared(
    request: PersonRequest, before: Any, after: Any, about: dict[str, Any]
) -> HttpResponse:
    basis = figures.basis()
    about |= NOTHING | {"basis": basis, "is_same": False}
    about["lacking"] = [sentence for _path, sentence in approving.lacking(after)]
    if basis is None or about["lacking"]:
        return render(request, "value/index/comparison.html", about)
    question = Question(shaping.built(after), shaping.built(before))
    about["is_same"] = question.tree == question.before
    if about["is_same"]:
        return render(request, "value/index/comparison.html", about)
    assert question.before is not None
    found = comparing.kept_comparison(basis, question.before, question.tree)
    answer = _worked_out(request, basis, question, found is not None, about)
    if answer is not None:
        return answer
    if found is not None:
        about |= {
            "found": found,
            "finding": _compared_words(found),
            "lists": _lists(request.actor, found),
        }
    return render(request, "value/index/comparison.html", about)


@require_http_methods(["GET", "HEAD", "POST"])
def sensitivity(request: PersonRequest, pk: int) -> HttpResponse:
    """`?change=` per cent, `?of=` an index whose customers are shown. POST: work it out."""
    draft = visible(request, pk)
    here = reverse("index-sensitivity", args=[pk])
    about = {"draft": draft, "tab": "sensitivity", "here": here}
    return _sensitive(request, approving.whole_tree(draft), about)


@require_http_methods(["GET", "HEAD", "POST"])
def sensitivity_now(request: PersonRequest) -> HttpResponse:
    """The same of the index system in force."""
    may_come(request)
    about = {"draft": None, "here": reverse("index-sensitivity-now")}
    return _sensitive(request, current_settings().rules["tree"], about)


def _sensitive(request: PersonRequest, tree: Any, about: dict[str, Any]) -> HttpResponse:
    basis = figures.basis()
    asked = request.GET.get("change", "")
    change = int(asked) if asked in map(str, comparing.CHANGES) else USUAL_CHANGE
    about |= NOTHING | {"basis": basis, "change": change}
    about["changes"] = [
        {
            "label": f"± {numbers.percent(each / 100, plain=True)}",
            "href": f"?change={each}",
            "current": each == change,
        }
        for each in comparing.CHANGES
    ]
    about["lacking"] = [sentence for _path, sentence in approving.lacking(tree)]
    if basis is None or about["lacking"]:
        return render(request, "value/index/sensitivity.html", about)
    question = Question(shaping.built(tree), change=change)
    found = comparing.kept_sensitivity(basis, question.tree, change)
    answer = _worked_out(request, basis, question, found is not None, about)
    if answer is not None:
        return answer
    if found is not None:
        about |= _swings(request, found)
    return render(request, "value/index/sensitivity.html", about)


def _swings(request: PersonRequest, found: Sensitivity) -> dict[str, Any]:
    path = path_of(request.GET.get("of", ""))
    shown = found.of(path) or (found.swings[0] if found.swings else None)
    moving = [mover for swing in found.swings for mover in swing.less_movers + swing.more_movers]
    return {
        "found": found,
        "shown": shown,
        "label": index_label,
        "finding": _swing_words(found),
        "widest": max((swing.most for swing in found.swings), default=0) or 1,
        "less": _named(request.actor, shown.less_movers) if shown else [],
        "more": _named(request.actor, shown.more_movers) if shown else [],
        "moves_anybody": bool(moving),
    }


# ---- a very large company waits for a job ----


def _worked_out(
    request: PersonRequest,
    basis: figures.Basis,
    question: Question,
    is_known: bool,
    about: dict[str, Any],
) -> HttpResponse | None:
    """Start or show the job; None where the answer is there, or nobody has asked yet."""
    job = None if is_known else _job_of(basis, question)
    if request.method == "POST" and not is_known and (job is None or not job.is_under_way):
        _start(request.actor, basis, question, request.get_full_path())
        return HttpResponseRedirect(request.get_full_path())
    if request.method == "POST":
        return HttpResponseRedirect(request.get_full_path())
    if request.htmx and (request.htmx.target or "").startswith("job-"):
        if job is None or not job.is_under_way:
            return HttpResponseClientRefresh()
        return render(request, "value/index/_job.html", about | {"job": job})
    about["job"] = job
    about["has_failed"] = job is not None and job.state == JobState.FAILED
    return None


def _job_of(basis: figures.Basis, question: Question) -> JobRun | None:
    kept = KeptFigure.objects.filter(run=basis.run, key=f"{question.key}|job").first()
    return JobRun.objects.filter(pk=kept.figure).first() if kept is not None else None


def _start(actor: Actor, basis: figures.Basis, question: Question, here: str) -> None:
    job = queue.start(
        "insight.work_out_index",
        gettext_lazy("Work out what the index system does to customers"),
        actor=actor,
        after=shaping.plain(question.tree),
        before=None if question.before is None else shaping.plain(question.before),
        change=question.change,
        here=here,
    )
    store(basis, f"{question.key}|job", job.pk)


# ---- in words ----


def _compared_words(found: Comparison) -> str:
    moved = found.up + found.down
    if not moved:
        return _("Nobody would change tier")
    return ngettext(
        "%(moved)s of %(all)s customers would change tier: %(up)s up, %(down)s down",
        "%(moved)s of %(all)s customers would change tier: %(up)s up, %(down)s down",
        moved,
    ) % {
        "moved": numbers.number(moved, 0, plain=True),
        "all": numbers.number(found.customers, 0, plain=True),
        "up": numbers.number(found.up, 0, plain=True),
        "down": numbers.number(found.down, 0, plain=True),
    }


def _swing_words(found: Sensitivity) -> str:
    by = numbers.percent(found.change / 100, plain=True)
    first = found.swings[0] if found.swings else None
    if first is None or not first.most:
        return _("No weight that moves by %(by)s changes anybody's tier") % {"by": by}
    return ngettext(
        "If the weight of %(index)s moves by %(by)s, %(count)s customer changes tier",
        "If the weight of %(index)s moves by %(by)s, %(count)s customers change tier",
        first.most,
    ) % {
        "index": index_label(first.name),
        "by": by,
        "count": numbers.number(first.most, 0, plain=True),
    }


@dataclass(frozen=True, slots=True)
class MoverList:
    title: str
    rows: Sequence[NamedMover]
    total: int


def _lists(actor: Actor, found: Comparison) -> list[MoverList]:
    known = _customers(actor, (*found.climbers, *found.fallers, *found.gains, *found.losses))

    def named(movers: Iterable[Mover]) -> list[NamedMover]:
        return [NamedMover(known[m.customer], m) for m in movers if m.customer in known]

    return [
        MoverList(_("Up to a better tier"), named(found.climbers), found.up),
        MoverList(_("Down to a lower tier"), named(found.fallers), found.down),
        MoverList(_("Largest gains of score"), named(found.gains[:10]), 0),
        MoverList(_("Largest losses of score"), named(found.losses[:10]), 0),
    ]


def _named(actor: Actor, movers: Sequence[Mover]) -> list[NamedMover]:
    known = _customers(actor, movers)
    return [NamedMover(known[m.customer], m) for m in movers if m.customer in known]


def _customers(actor: Actor, movers: Iterable[Mover]) -> dict[int, Customer]:
    """Those the reader may see, by number."""
    keys = {mover.customer for mover in movers}
    rows = Customer.objects.visible_to(actor).filter(pk__in=keys)
    return {row.pk: row for row in rows.only("pk", "name")}
