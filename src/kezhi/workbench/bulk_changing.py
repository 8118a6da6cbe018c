"""One change made to many records: each by its own deed, with its own permission, at its own moment.

A run keeps a step for every record: what became of it, or why nothing did. A worker that was killed takes up
the steps that are still waiting; a record is never changed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from kezhi.accounts.models import User
from kezhi.audit.recording import audited, listening, note, traced_by
from kezhi.core import queue
from kezhi.core.actor import Actor
from kezhi.core.progress import Progress, silent
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.core.saying import Told, kept
from kezhi.records import Field, FieldKind, Kind, registry
from kezhi.workbench.filtering import Asking, Filter
from kezhi.workbench.holding import held
from kezhi.workbench.list_query import ListQuery
from kezhi.workbench.models import BulkRun, BulkStep, Tag
from kezhi.workbench.tagging import tag_record, tags_of
from kezhi.workbench.undoing import WITHIN, undo_deeds

K = FieldKind
MOST = 50_000
AT_ONCE = 200  # as many are done while the person waits
BATCH = 100
KEPT = timedelta(days=30)
Outcome = BulkStep.Outcome

Label = str | Promise
# `does(kind, record, settings, actor=, on=, at=)` is one deed on one record; False: it was so already.
Does = Callable[..., bool]


@dataclass(frozen=True)
class Verb:
    """What can be done to many records. `action` is what the person must be allowed on each of them.

    `settings` of a run are JSON; whoever offers the verb has checked them. `needs` is a permission of another
    kind, (action, kind), that the verb takes beside it: sharing a customer asks for the one to share.
    """

    name: str
    label: Label
    action: str
    does: Does
    kinds: Sequence[str] = ()  # none named: every kind
    needs: tuple[str, str] | None = None

    def may_be_used(self, kind: Kind, actor: Actor) -> bool:
        """Whether the person's role permits it on some records of the kind."""
        return actor.may(self.action, kind.name) and (self.needs is None or actor.may(*self.needs))


VERBS: dict[str, Verb] = {}
# By kind: who gives one record to a person, as `assign(record, person, actor=, on=, reason=)`, and the
# field that says whose it is.
ASSIGNING: dict[str, tuple[str, Callable[..., Any]]] = {}


def register(verb: Verb) -> None:
    """A higher app's verb (share, merge); registered once, in its `ready`."""
    VERBS[verb.name] = verb


# ---- the selection ----


def found(kind: Kind, query: str, asking: Asking) -> Any:
    """The records that a list's address finds, of those that the actor may see."""
    shape = ListQuery.read(kind, QueryDict(query), asking.actor).shape
    wanted = Filter.of(kind, asking, conditions=shape.conditions, text=shape.text, sort=shape.sort)
    if wanted.problems:
        raise Refused(" ".join(wanted.problems))
    return wanted.apply(kind.visible_to(asking.actor))


def selected(kind: Kind, ids: Sequence[int], actor: Actor) -> Any:
    """The chosen records, of those that the actor may see; others don't exist."""
    return kind.visible_to(actor).filter(pk__in=list(ids)[: MOST + 1])


# ---- deeds ----


@audited("bulk.started")
def start_bulk(
    kind_name: str,
    verb_name: str,
    settings: Mapping[str, Any],
    title: str,
    *,
    actor: Actor,
    on: date,
    zone: tzinfo,
    ids: Sequence[int] | None = None,
    query: str = "",
) -> BulkRun:
    """Lay out the steps of a change to the chosen records, or to all that `query` finds.

    Few are done by `carry_out` at once; for more than `AT_ONCE` a watched job is queued.
    """
    verb = VERBS[verb_name]
    kind = registry[kind_name].seen_by(actor)
    if not verb.may_be_used(kind, actor) or actor.pk is None:
        raise NotAllowed(_("Your role doesn’t do this."))
    rows = (
        found(kind, query, Asking(actor, on, zone)) if ids is None else selected(kind, ids, actor)
    )
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[: MOST + 1])
    if not keys:
        raise Refused(_("Nothing is selected."))
    if len(keys) > MOST:
        raise Refused(
            _("More than %(count)s records at once. Narrow the list down.") % {"count": f"{MOST:,}"}
        )
    words = kept(title)
    run = BulkRun.objects.create(
        kind=kind.name,
        verb=verb.name,
        settings=dict(settings),
        title=title[:200],
        words=words if isinstance(words, dict) else {},
        query=query,
        actor_id=actor.pk,
        total=len(keys),
    )
    BulkStep.objects.bulk_create(
        (BulkStep(run=run, object_id=key) for key in keys), batch_size=5000
    )
    note(verb=verb.name, kind=kind.name, records=len(keys), settings=dict(settings))
    if len(keys) > AT_ONCE:
        run.job_run = queue.start("bulk.change", title, actor=actor, run=run.pk)
        run.save(update_fields=["job_run"])
    return run


@traced_by("bulk.started")
def carry_out(
    run: BulkRun, *, actor: Actor, on: date, at: datetime, progress: Progress = silent
) -> BulkRun:
    """Do the steps that wait. Each is one transaction: the deed and its mark are there together or not at all.

    Who the actor is and what they may is read anew for every batch.
    """
    done = run.steps.exclude(outcome=Outcome.WAITING).count()
    while True:
        steps = list(run.steps.filter(outcome=Outcome.WAITING).order_by("pk")[:BATCH])
        if not steps:
            break
        person = _still_here(actor)
        for step in steps:
            progress(done, run.total or 0)
            _do(run, step, person, on, at)
            done += 1
    run.ended_at = at
    run.save(update_fields=["ended_at"])
    return run


@traced_by("bulk.undo_started")
def undo_bulk(run: BulkRun, *, actor: Actor, at: datetime, progress: Progress = silent) -> BulkRun:
    """Take back every step whose record nobody changed since; a step that must stay says why."""
    done, last = 0, 0
    # The ten minutes count from the end of the run; its first deeds may be older.
    at_deed = min(at, run.created_at + WITHIN)
    while True:
        steps = run.steps.filter(outcome=Outcome.DONE, pk__gt=last).order_by("pk")[:BATCH]
        if not steps:
            break
        person = _still_here(actor)
        for step in steps:
            progress(done, run.total or 0)
            _undo(step, person, at_deed)
            done, last = done + 1, step.pk
    run.undone_at = at
    run.save(update_fields=["undone_at"])
    return run


def _undo(step: BulkStep, actor: Actor, at: datetime) -> None:
    try:
        with transaction.atomic():
            undo_deeds(step.deed_keys, actor=actor, at=at)
            step.outcome, step.reason = Outcome.UNDONE, ""
            step.save(update_fields=["outcome", "reason"])
    except Refused as refusal:
        step.outcome, step.reason = Outcome.DONE, str(refusal)[:300]
        step.save(update_fields=["outcome", "reason"])


@audited("bulk.undo_started")
def start_undo(run: BulkRun, *, actor: Actor, at: datetime) -> BulkRun:
    """Queue the undo of a run of one's own that ended less than ten minutes ago."""
    run = BulkRun.objects.select_for_update().get(pk=run.pk)
    if run.actor_id != actor.pk:
        raise NotAllowed(_("Only who did it can undo it."))
    if run.ended_at is None or run.undone_at is not None:
        raise Refused(_("There is nothing to undo."))
    if run.ended_at < at - WITHIN:
        raise Refused(_("This can’t be undone any more: only within ten minutes."))
    if (run.total or 0) > AT_ONCE:
        title = Told(gettext_lazy("Undo: %(what)s"), what=run.told)
        run.job_run = queue.start("bulk.undo", title, actor=actor, run=run.pk)
        run.save(update_fields=["job_run"])
    return run


@audited("bulk.cancelled")
def cancel_bulk(run: BulkRun, *, actor: Actor) -> BulkRun:
    """What was changed until now stays; the rest is left as it is."""
    if run.actor_id != actor.pk:
        raise NotAllowed(_("Only who did it can undo it."))
    if run.job_run is not None and run.job_run.is_under_way:
        run.job_run.cancel_requested = True
        run.job_run.save(update_fields=["cancel_requested"])
    return run


def forget_old_runs(at: datetime) -> int:
    """What became of each record is kept for a month; the log of deeds stays."""
    return BulkRun.objects.filter(created_at__lt=at - KEPT).delete()[0]


def _still_here(actor: Actor) -> Actor:
    """The person as they are now: with today's roles, and still working here."""
    if not isinstance(actor, User):
        return actor
    person = User.objects.active().filter(pk=actor.pk).first()
    if person is None:
        raise Refused(_("Who started this doesn’t work here any more."))
    return person


def _do(run: BulkRun, step: BulkStep, actor: Actor, on: date, at: datetime) -> None:
    verb, kind = VERBS[run.verb], registry[run.kind]
    try:
        with transaction.atomic(), listening() as keys:
            record = _record(kind, step.object_id, actor, verb.action)
            changed = verb.does(kind, record, run.settings, actor=actor, on=on, at=at)
            step.outcome = Outcome.DONE if changed else Outcome.SAME
            step.deed_keys = keys if changed else []
            step.save(update_fields=["outcome", "deed_keys"])
    except Refused as refusal:
        step.outcome, step.reason = Outcome.SKIPPED, str(refusal)[:300]
        step.deed_keys = []
        step.save(update_fields=["outcome", "reason", "deed_keys"])


def _record(kind: Kind, pk: int, actor: Actor, action: str) -> Any:
    rows = kind.visible_to(actor, action).select_related(*kind.select_related)
    record = rows.filter(pk=pk).first()
    if record is None:
        if kind.visible_to(actor).filter(pk=pk).exists():
            raise NotAllowed(_("Your role doesn’t do this to this record."))
        raise Refused(_("It isn’t there any more."))
    return record


# ---- the verbs that every kind has ----


def changeable(kind: Kind) -> list[Field]:
    """The fields of the kind, as an actor sees it, that many records may share."""
    unique = (K.CODE, K.TAX_ID, K.PHONE, K.EMAIL, K.LINK, K.TAGS)
    return [
        kind.field(name)
        for name in kind.form
        if kind.edit is not None
        and name != kind.title
        and kind.field(name).is_editable
        and (kind.field(name).kind not in unique or kind.field(name).is_custom)
    ]


def packed(each: Field, entry: Any) -> Any:
    """An entry as JSON."""
    if entry is None or isinstance(entry, str | bool | int | list):
        return entry
    if isinstance(entry, Decimal):
        return str(entry)
    if isinstance(entry, date):
        return entry.isoformat()
    return entry.pk


def unpacked(each: Field, said: Any, actor: Actor) -> Any:
    """The entry again, when it is written: a person who left meanwhile or a hidden record is refused."""
    if said is None or said == "":
        return said
    if each.kind is K.PERSON:
        person = User.objects.active().filter(pk=said).first()
        if person is None:
            raise Refused(_("Choose a colleague who works here."))
        return person
    if each.kind is K.LINK:
        linked = registry[each.link].visible_to(actor).filter(pk=said).first()
        if linked is None:
            raise Refused(_("What it was set to doesn’t exist, or you can’t see it."))
        return linked
    if each.kind is K.DATE:
        return date.fromisoformat(said)
    if each.is_number and each.kind is not K.INTEGER:
        return Decimal(said)
    return said


def _edit(
    kind: Kind, record: Any, settings: Mapping[str, Any], *, actor: Actor, on: date, at: datetime
) -> bool:
    seen = kind.seen_by(actor)
    name = settings["field"]
    each = seen.field(name) if name in seen else None
    if each is None or each not in changeable(seen) or seen.edit is None:
        raise NotAllowed(_("Your role doesn’t change this field."))
    entry = unpacked(each, settings["entry"], actor)
    if (entry if entry not in ("", []) else None) == held(record, each):
        return False
    seen.edit(record, {name: entry}, actor=actor, on=on)
    return True


def _assign(
    kind: Kind, record: Any, settings: Mapping[str, Any], *, actor: Actor, on: date, at: datetime
) -> bool:
    column, assign = ASSIGNING[kind.name]
    person = User.objects.active().filter(pk=settings["person"]).first()
    if person is None:
        raise Refused(_("Choose a colleague who works here."))
    if getattr(record, f"{column}_id") == person.pk:
        return False
    assign(record, person, actor=actor, on=on, reason=settings.get("reason", ""))
    return True


def _tag(
    kind: Kind, record: Any, settings: Mapping[str, Any], *, actor: Actor, on: date, at: datetime
) -> bool:
    present = {tag.pk for tag in tags_of(kind.name, record)}
    add = Tag.objects.filter(pk__in=[k for k in settings["add"] if k not in present])
    remove = Tag.objects.filter(pk__in=[k for k in settings["remove"] if k in present])
    if not (add or remove):
        return False
    tag_record(kind.name, record, add, remove, actor=actor)
    return True


def _delete(
    kind: Kind, record: Any, settings: Mapping[str, Any], *, actor: Actor, on: date, at: datetime
) -> bool:
    if kind.delete is None:
        raise Refused(_("These records aren’t deleted by hand."))
    kind.delete(record, actor=actor, on=on)
    return True


for _verb in (
    Verb("edit", pgettext_lazy("bulk", "Edit a field"), "edit", _edit),
    Verb("assign", pgettext_lazy("bulk", "Assign"), "assign", _assign),
    Verb("tag", pgettext_lazy("bulk", "Tag"), "edit", _tag),
    Verb("delete", pgettext_lazy("bulk", "Delete"), "delete", _delete),
):
    register(_verb)


def offered(kind: Kind, actor: Actor) -> list[Verb]:
    """The verbs for this kind that the person's role permits; what takes records away stands last."""
    possible = {
        "edit": bool(changeable(kind)),
        "assign": kind.name in ASSIGNING,
        "tag": kind.is_taggable and actor.may("read", "tag"),
        "delete": kind.delete is not None,
    }
    return [
        verb
        for verb in sorted(VERBS.values(), key=lambda verb: verb.action == "delete")
        if possible.get(verb.name, True)
        and (not verb.kinds or kind.name in verb.kinds)
        and verb.may_be_used(kind, actor)
    ]


def told(run: BulkRun) -> str:
    """The outcome in one line."""
    counts = run.steps.counts()
    parts = [_("%(count)s changed") % {"count": f"{counts.get(Outcome.DONE, 0):,}"}]
    for outcome, words in (
        (Outcome.UNDONE, pgettext("bulk", "%(count)s undone")),
        (Outcome.SAME, pgettext("bulk", "%(count)s were so already")),
        (Outcome.SKIPPED, pgettext("bulk", "%(count)s skipped")),
        (Outcome.WAITING, pgettext("bulk", "%(count)s not done")),
    ):
        if counts.get(outcome):
            parts.append(words % {"count": f"{counts[outcome]:,}"})
    return pgettext("between the entries of a list", ", ").join(parts)
