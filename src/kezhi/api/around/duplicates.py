"""Likely duplicates and merges for programs: looked through, put aside, searched for, taken apart again."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.api.calling import Call, answered
from kezhi.api.leafing import leafed
from kezhi.api.members import Member, words
from kezhi.api.problems import Problem, not_found
from kezhi.api.records import done
from kezhi.api.sending import sent
from kezhi.api.writing import moment, named
from kezhi.core.ids import record_id
from kezhi.customers.deduplicating_scan import queue_scan
from kezhi.customers.matching_scores import in_words
from kezhi.customers.merging import dismiss_pair, reopen_pair
from kezhi.customers.merging_undoing import undo_merge
from kezhi.customers.models import DuplicatePair, Merge, PairState
from kezhi.records import registry

WHY: dict[str, Member] = {"reason": words(300)}
HEAVY = ("before", "after", "merged", "moved", "dropped")


def pairs(call: Call) -> HttpResponse:
    """Those to review, or with `?state=dismissed` those that aren't the same."""
    state = call.parameter("state", PairState.OPEN)
    if state not in PairState.values:
        raise Problem("bad-request", _("state is the key of one of the states."))
    rows = DuplicatePair.objects.visible_to(call.actor).filter(state=state)
    page = leafed(call, rows.select_related("first", "second"), ("state",))
    return answered({"items": [_pair(each) for each in page.rows], "next": page.next})


def dismiss(call: Call) -> HttpResponse:
    """The two aren't the same; no search and no import lists them again."""
    pair, told = _one(call), sent(call, WHY)
    reason = told.get("reason", "")
    done(lambda: dismiss_pair(pair, actor=call.actor, at=call.at, reason=reason))
    return answered(_pair(_one(call)))


def reopen(call: Call) -> HttpResponse:
    pair = _one(call)
    call.object("")
    done(lambda: reopen_pair(pair, actor=call.actor))
    return answered(_pair(_one(call)))


def search(call: Call) -> HttpResponse:
    """Through all customers, in the background; one search at a time."""
    call.object("")
    job = done(lambda: queue_scan(actor=call.actor))
    return answered({"job": job.pk}, 202)


def merges(call: Call) -> HttpResponse:
    """Those that can still be taken apart, and those that were."""
    page = leafed(call, Merge.objects.visible_to(call.actor).defer(*HEAVY))
    return answered({"items": [_merge(each, call) for each in page.rows], "next": page.next})


def undo(call: Call) -> HttpResponse:
    """Both as they were, with what was theirs; `kept` says what stayed because it changed since."""
    pk = record_id(call.parts["id"])
    rows = Merge.objects.visible_to(call.actor)
    merge = rows.filter(pk=pk).first() if pk is not None else None
    if merge is None:
        raise not_found()
    call.object("")
    return answered(_merge(done(lambda: undo_merge(merge, actor=call.actor, at=call.at)), call))


def _one(call: Call) -> DuplicatePair:
    pk = record_id(call.parts["id"])
    rows = DuplicatePair.objects.visible_to(call.actor).select_related("first", "second")
    found: DuplicatePair | None = rows.filter(pk=pk).first() if pk is not None else None
    if found is None:
        raise not_found()
    return found


def _pair(pair: DuplicatePair) -> dict[str, Any]:
    kind = registry.declared("customer")
    return {
        "id": pair.pk,
        "first": named(pair.first, kind),
        "second": named(pair.second, kind),
        "score": pair.score,
        "reasons": in_words(pair.reasons),
        "group": pair.group,
        "state": pair.state,
        "found_at": moment(pair.found_at),
        "decided_at": moment(pair.decided_at) if pair.decided_at else None,
        "reason": pair.reason or None,
    }


def _merge(merge: Merge, call: Call) -> dict[str, Any]:
    return {
        "id": merge.pk,
        "kind": merge.kind,
        "survivor": {"id": merge.survivor_id, "name": merge.survivor_title},
        "merged": {"id": merge.merged_id, "name": merge.merged_title},
        "at": moment(merge.at),
        "reason": merge.reason or None,
        "can_be_undone": merge.undone_at is None and merge.is_undoable(call.at),
        "undone_at": moment(merge.undone_at) if merge.undone_at else None,
    }
