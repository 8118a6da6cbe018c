"""How the indices of a group are weighed: by hand, by judgements in pairs, from data, or both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight import figures
from kezhi.insight.indexing import approving, checking, drafting, judging, shaping
from kezhi.insight.indexing.judging import Judged
from kezhi.insight.indexing.shaping import Plain
from kezhi.insight.models import IndexDraft
from kezhi.insight.naming import Label
from kezhi.value.index import ahp
from kezhi.web.requests import PersonRequest, must_may, typed
from kezhi.web.value import index_trees
from kezhi.web.value.index_drafts import node_of, number_of, path_of, version_of, visible

# Saaty's scale in words; the steps between are what people say between two of them.
STEPS: dict[str, Label] = {
    "1": gettext_lazy("%(one)s is as important as %(other)s"),
    "2": gettext_lazy("%(one)s is slightly more important than %(other)s"),
    "3": gettext_lazy("%(one)s is somewhat more important than %(other)s"),
    "4": gettext_lazy("%(one)s is rather more important than %(other)s"),
    "5": gettext_lazy("%(one)s is clearly more important than %(other)s"),
    "6": gettext_lazy("%(one)s is considerably more important than %(other)s"),
    "7": gettext_lazy("%(one)s is much more important than %(other)s"),
    "8": gettext_lazy("%(one)s is very much more important than %(other)s"),
    "9": gettext_lazy("%(one)s is all that counts beside %(other)s"),
}
DATA = ("entropy", "critic", "merec")
TAKEN = re.compile(r"(\d{1,2})-(\d{1,2}):((1/)?[1-9])")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two indices to compare: the control's name, and what stands in it, such as 3 or 1/3."""

    name: str
    one: Label
    other: Label
    grade: str
    is_doubtful: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody's matrix of a group, or everybody's together (`name` empty)."""

    name: str
    judged: Judged
    is_me: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """The judgement that fits the others least, in words, and what to put in its place."""

    one: Label
    other: Label
    given: str
    fits: str
    take: str
    ratio_left: float


@require_http_methods(["GET", "HEAD", "POST"])
def weigh(request: PersonRequest, pk: int) -> HttpResponse:
    """`?at=` a group. POST method, data, theta, weight-0 …: how its indices are weighed."""
    draft = visible(request, pk)
    path = path_of(request.GET.get("at", ""))
    group = node_of(draft, path)
    if not shaping.is_group(group):
        raise Http404
    if request.method != "POST":
        return _weights_page(request, draft, path, group)
    must_may(request, "create", "index_draft")
    weighting: dict[str, Any] = {
        "method": typed(request, "method", 10) or "fixed",
        "data": typed(request, "data", 10) or "entropy",
    }
    theta = number_of(typed(request, "theta", 20))
    weighting["theta"] = 0.5 if theta is None else theta / 100
    places = range(len(shaping.children(group)))
    weights = [_weight(typed(request, f"weight-{place}", 20)) for place in places]
    try:
        drafting.weigh_children(
            draft,
            path,
            weighting,
            weights,
            actor=request.actor,
            on=request.today,
            version=version_of(request),
        )
    except drafting.InvalidIndex as invalid:
        return _weights_page(request, draft, path, group, errors=invalid.errors, status=422)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _weights_page(request, draft, path, group, refusal=str(refusal), status=409)
    messages.success(request, _("Saved in the draft."))
    if weighting["method"] in ("ahp", "combined"):
        return HttpResponseRedirect(address("index-judgement", draft, path))
    return HttpResponseRedirect(reverse("index-draft", args=[draft.pk]))


def _weight(text: str) -> float | None:
    """Per cent as a fraction; None for nothing typed, and what isn't a number is told as such."""
    if not text:
        return None
    number = number_of(text)
    return float("nan") if number is None else number / 100


def address(name: str, draft: IndexDraft, path: str) -> str:
    return f"{reverse(name, args=[draft.pk])}?{urlencode({'at': path})}"


def _weights_page(
    request: PersonRequest,
    draft: IndexDraft,
    path: str,
    group: Plain,
    *,
    errors: dict[str, str] | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    whole = approving.whole_tree(draft)
    weights = index_trees.weights_of(whole) | dict(index_trees.data_weights(whole, figures.basis()))
    weighting = group.get("weighting") or {}
    shares = weights.get(path)
    post = request.POST
    rows = [
        {
            "name": f"weight-{place}",
            "label": index_trees.label_of(child),
            "typed": post.get(f"weight-{place}", f"{round(100 * child['weight'], 4):g}"),
            "share": shares[place] if shares is not None else None,
        }
        for place, child in enumerate(shaping.children(group))
    ]
    about = {
        "draft": draft,
        "path": path,
        "label": index_trees.label_of(group),
        "rows": rows,
        "method": post.get("method", weighting.get("method", "fixed")),
        "data": post.get("data", weighting.get("data", "entropy")),
        "theta": post.get("theta", f"{100 * weighting.get('theta', 0.5):g}"),
        "methods": index_trees.options(index_trees.METHODS),
        "data_methods": [(key, index_trees.METHODS[key]) for key in DATA],
        "judges": len(draft.judgements.filter(parent=judging.parent_name(group))),
        "may_edit": draft.is_draft and request.actor.may("create", "index_draft"),
        "errors": errors or {},
        "refusal": refusal,
    }
    return render(request, "value/index/weights.html", about, status=status)


# ---- judged in pairs ----


@require_http_methods(["GET", "HEAD", "POST"])
def judge(request: PersonRequest, pk: int) -> HttpResponse:
    """`?at=` a group. POST a grade per pair: one's own judgement.

    With `check` nothing is saved: what the matrix says comes back, for htmx that alone. `take` puts a proposed
    grade in its place first.
    """
    draft = visible(request, pk)
    path = path_of(request.GET.get("at", ""))
    group = node_of(draft, path)
    size = len(shaping.children(group)) if shaping.is_group(group) else 0
    if size < 2:
        raise Http404
    if size > checking.MOST_JUDGED:
        return _too_many(request, draft, path, group)
    if request.method != "POST":
        return _judge_page(request, draft, path, group, _own_grades(request, draft, group))
    must_may(request, "create", "index_draft")
    grades = _typed_grades(request, size)
    if "check" in request.POST or "take" in request.POST:
        return _judge_page(request, draft, path, group, grades, is_unsaved=True)
    names = judging.names_below(group)
    pairs = {(names[i], names[j]): grade for (i, j), grade in _numbers(grades).items()}
    try:
        judging.judge(draft, path, pairs, actor=request.actor, on=request.today)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _judge_page(request, draft, path, group, grades, refusal=str(refusal), status=409)
    messages.success(request, _("Your judgement is saved in the draft."))
    return HttpResponseRedirect(address("index-judgement", draft, path))


Grades = dict[tuple[int, int], str]


def _typed_grades(request: PersonRequest, size: int) -> Grades:
    known = {grade for grade, _words in grade_options()}
    found = {}
    for i in range(size):
        for j in range(i + 1, size):
            grade = typed(request, f"pair-{i}-{j}", 5)
            found[i, j] = grade if grade in known else ""
    taken = TAKEN.fullmatch(typed(request, "take", 20))
    if taken and (int(taken[1]), int(taken[2])) in found:
        found[int(taken[1]), int(taken[2])] = taken[3]
    return found


def _own_grades(request: PersonRequest, draft: IndexDraft, group: Plain) -> Grades:
    mine = draft.judgements.filter(
        parent=judging.parent_name(group), person_id=request.actor.pk
    ).first()
    pairs = judging.pairs_of(mine) if mine is not None else {}
    names = judging.names_below(group)
    found = {}
    for i, one in enumerate(names):
        for j in range(i + 1, len(names)):
            grade = pairs.get((one, names[j]))
            back = pairs.get((names[j], one))
            grade = 1 / back if grade is None and back else grade
            found[i, j] = "" if grade is None else nearest(grade)
    return found


def nearest(grade: float) -> str:
    """The nearest step of Saaty's scale, as the form writes it.

    >>> nearest(3.1), nearest(0.2), nearest(1.0)
    ('3', '1/5', '1')
    """
    big = min(9, max(1, round(max(grade, 1 / grade))))
    return str(big) if grade >= 1 or big == 1 else f"1/{big}"


def _numbers(grades: Grades) -> dict[tuple[int, int], float]:
    return {
        pair: 1 / float(text[2:]) if text.startswith("1/") else float(text)
        for pair, text in grades.items()
        if text
    }


def grade_options() -> list[tuple[str, str]]:
    """Every step of the scale by how it is written; the form puts the two names around the words."""
    return [
        *((str(k), str(k)) for k in range(9, 0, -1)),
        *((f"1/{k}", f"1/{k}") for k in range(2, 10)),
    ]


def step_words(one: Label, other: Label, grade: str) -> str:
    """A judgement in words: A (3) somewhat more important than B."""
    if grade.startswith("1/"):
        return step_words(other, one, grade[2:])
    return str(STEPS[grade]) % {"one": one, "other": other}


def _judge_page(
    request: PersonRequest,
    draft: IndexDraft,
    path: str,
    group: Plain,
    grades: Grades,
    *,
    is_unsaved: bool = False,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    labels = [index_trees.label_of(child) for child in shaping.children(group)]
    mine = _judged_grades(grades, len(labels))
    doubt = _doubt(mine, labels)
    people = _people(request, draft, group, grades)
    together = judging.judged([each.judged.matrix for each in people])
    about = {
        "draft": draft,
        "path": path,
        "label": index_trees.label_of(group),
        "labels": labels,
        "pairs": [
            Pair(
                f"pair-{i}-{j}",
                labels[i],
                labels[j],
                grade,
                doubt is not None and doubt.take.startswith(f"{i}-{j}:"),
            )
            for (i, j), grade in grades.items()
        ],
        "open": sum(not grade for grade in grades.values()),
        "mine": mine,
        "matrix": _shown_matrix(mine),
        "doubt": doubt,
        "people": people,
        "together": together,
        "rows": _weight_rows(labels, mine, together),
        "limit": ahp.LIMIT,
        "grade_options": grade_options(),
        "step_words": step_words,
        "is_unsaved": is_unsaved,
        "counts": (group.get("weighting") or {}).get("method") in ("ahp", "combined"),
        "may_edit": draft.is_draft and request.actor.may("create", "index_draft"),
        "refusal": refusal,
    }
    fragment = request.htmx and "check" in request.POST and "take" not in request.POST
    template = "value/index/_judged.html" if fragment else "value/index/judgement.html"
    return render(request, template, about, status=status)


def _judged_grades(grades: Grades, size: int) -> Judged | None:
    names = [str(place) for place in range(size)]
    pairs = {(str(i), str(j)): grade for (i, j), grade in _numbers(grades).items()}
    return judging.judged([judging.matrix_of(names, pairs)]) if pairs else None


def _people(
    request: PersonRequest, draft: IndexDraft, group: Plain, grades: Grades
) -> list[Person]:
    """Everybody's, one's own as it stands in the form."""
    names = judging.names_below(group)
    found = []
    mine = _judged_grades(grades, len(names))
    if mine is not None:
        found.append(Person(request.actor.name, mine, is_me=True))
    rows = draft.judgements.filter(parent=judging.parent_name(group)).select_related("person")
    for row in rows.order_by("pk"):
        if row.person_id == request.actor.pk:
            continue
        own = judging.judged([judging.matrix_of(names, judging.pairs_of(row))])
        if own is not None:
            name = row.person.name if row.person else _("From the published version")
            found.append(Person(name, own))
    return found


def _doubt(mine: Judged | None, labels: list[Label]) -> Doubt | None:
    """Told while the judgements contradict one another too much."""
    if mine is None or mine.found is None or mine.is_good or mine.found.doubt is None:
        return None
    doubt = mine.found.doubt
    i, j, grade = doubt.row, doubt.column, nearest(doubt.grade)
    if i > j:
        i, j = j, i
        grade = grade[2:] if grade.startswith("1/") else "1" if grade == "1" else f"1/{grade}"
    return Doubt(
        one=labels[doubt.row],
        other=labels[doubt.column],
        given=checking.grade_words(doubt.given),
        fits=checking.grade_words(doubt.grade),
        take=f"{i}-{j}:{grade}",
        ratio_left=doubt.consistency_ratio,
    )


def _shown_matrix(mine: Judged | None) -> list[list[str]]:
    if mine is None:
        return []
    return [
        ["" if one is None else checking.grade_words(one) for one in row] for row in mine.matrix
    ]


def _weight_rows(
    labels: list[Label], mine: Judged | None, together: Judged | None
) -> list[tuple[Label, float | None, float | None]]:
    own = mine.found.weights if mine is not None and mine.found else None
    all_of = together.found.weights if together is not None and together.found else None
    return [
        (label, own[place] if own else None, all_of[place] if all_of else None)
        for place, label in enumerate(labels)
    ]


def _too_many(request: PersonRequest, draft: IndexDraft, path: str, group: Plain) -> HttpResponse:
    refusal = _(
        "At most %(most)s indices can be compared in pairs at once: make groups of them."
    ) % {"most": checking.MOST_JUDGED}
    return _weights_page(request, draft, path, group, refusal=refusal, status=409)
