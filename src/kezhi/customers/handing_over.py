"""Everything that a colleague holds goes to others in one step, and nothing is left behind.

Who changes task or leaves has customers, and open work on customers of others. The rule says who gets which
customer; what hangs on a customer goes with it; the rest goes to one main successor.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.accounts.models import User
from kezhi.accounts.organising import deactivate_person, reactivate_person
from kezhi.audit.recording import as_one_batch, audited, note, traced_by
from kezhi.core import queue
from kezhi.core.actor import Actor, Scope
from kezhi.core.progress import Progress, silent
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.core.saying import Told
from kezhi.customers.holdings import COUNTED, Holding, end_all, holdings
from kezhi.customers.models import Customer, HandOver, HandOverItem
from kezhi.customers.placing import follow_place
from kezhi.messaging.noticing import notify
from kezhi.records.fields import Label

AT_ONCE = 300  # with more customers it happens in the background
CHUNK = 1_000
MOST_PLACES = 100  # distinct entries of a field that can be told apart
# What customers can be told apart by: the field of the kind, and where it lies.
FIELDS = {"region": "region", "industry": "industry", "tier": "standing__tier"}


@dataclass(slots=True)
class Part:
    """What one successor gets."""

    successor_id: int
    customers: int = 0
    value: float = 0.0
    at_risk: float = 0.0
    tiers: Counter[str] = field(default_factory=Counter)


@audited("hand_over.prepared")
def prepare_hand_over(leaver: User, wanted: dict[str, Any], *, actor: Actor, on: date) -> HandOver:
    """Put down who is to get what; nothing moves yet. There is one such plan per colleague.

    `wanted`: rule, main_successor, plan, message, deactivates, as in `HandOver`.
    """
    _demand_reach(leaver, actor)
    draft = HandOver.objects.select_for_update().filter(leaver=leaver, state=HandOver.State.DRAFT)
    hand_over = draft.first() or HandOver(leaver=leaver, created_by_id=actor.pk)
    for name, new in wanted.items():
        setattr(hand_over, name, new)
    if hand_over.deactivates and not may_deactivate(leaver, actor):
        raise NotAllowed(_("Your role doesn’t deactivate this colleague."))
    _demand_successors(hand_over)
    hand_over.save()
    return hand_over


@audited("hand_over.dropped")
def drop_hand_over(hand_over: HandOver, *, actor: Actor) -> None:
    """A plan that comes to nothing."""
    _claim(hand_over, actor, HandOver.State.DRAFT).delete()


@audited("hand_over.started")
def start_hand_over(hand_over: HandOver, *, actor: Actor, on: date) -> HandOver:
    """Carry it out: at once, or in the background when there is much to move."""
    hand_over = _claim(hand_over, actor, HandOver.State.DRAFT)
    _demand_reach(hand_over.leaver, actor)
    _demand_successors(hand_over)
    if Customer.objects.filter(owner=hand_over.leaver)[: AT_ONCE + 1].count() <= AT_ONCE:
        return carry_out_hand_over(hand_over, actor=actor, on=on)
    title = Told(gettext_lazy("Hand over everything of %(name)s"), name=hand_over.leaver.name)
    hand_over.state = HandOver.State.UNDER_WAY
    hand_over.job_run = queue.start(
        "customers.hand_over", title, actor=actor, hand_over=hand_over.pk
    )
    hand_over.save()
    return hand_over


@audited("hand_over.done")
def carry_out_hand_over(
    hand_over: HandOver, *, actor: Actor, on: date, progress: Progress = silent
) -> HandOver:
    """Move everything to the successors, end what nobody inherits, deactivate the leaver if that is wanted.

    All or nothing; done twice it changes nothing.
    """
    hand_over = HandOver.objects.select_for_update().select_related("leaver").get(pk=hand_over.pk)
    if hand_over.state == HandOver.State.DONE:
        return hand_over
    _demand_reach(hand_over.leaver, actor)
    _demand_successors(hand_over)
    leaver, goes_to = hand_over.leaver, assignment(hand_over)
    with as_one_batch():
        counts = {"customer": _give_customers(hand_over, goes_to, progress)}
        for holding in holdings():
            counts[holding.name] = _give_the_rest(holding, hand_over, goes_to)
    _tell_successors(hand_over, goes_to, actor)
    hand_over.counts = counts | end_all(leaver.pk, on)
    hand_over.state, hand_over.done_on = HandOver.State.DONE, on
    hand_over.save()
    note(counts=hand_over.counts)
    if hand_over.deactivates:
        deactivate_person(leaver, actor=actor, reason=_("Everything was handed over"))
    return hand_over


def _tell_successors(hand_over: HandOver, goes_to: dict[int, int], actor: Actor) -> None:
    """One word to each of them, however many customers came."""
    for successor, number in Counter(goes_to.values()).items():
        words = {"what": number, "who": hand_over.leaver.name, "hand_over": hand_over.pk}
        notify([successor], "hand_over", by=actor, words=words)


@audited("hand_over.taking_back")
def start_taking_back(hand_over: HandOver, *, actor: Actor, on: date) -> HandOver:
    """Take it back: at once, or in the background when there is much to move."""
    hand_over = _claim(hand_over, actor, HandOver.State.DONE)
    if hand_over.items.all()[: AT_ONCE * 4 + 1].count() <= AT_ONCE * 4:
        return take_back_hand_over(hand_over, actor=actor, on=on)
    title = Told(gettext_lazy("Take back the hand-over of %(name)s"), name=hand_over.leaver.name)
    hand_over.job_run = queue.start(
        "customers.take_back", title, actor=actor, hand_over=hand_over.pk
    )
    hand_over.save()
    return hand_over


def give_up(hand_over_id: int) -> None:
    """The work ended without having moved anything: the plan can be changed and started again."""
    HandOver.objects.filter(pk=hand_over_id, state=HandOver.State.UNDER_WAY).update(
        state=HandOver.State.DRAFT
    )


@audited("hand_over.taken_back")
def take_back_hand_over(
    hand_over: HandOver, *, actor: Actor, on: date, progress: Progress = silent
) -> HandOver:
    """Everything that the successors still hold as they got it is the leaver's again, who may sign in again.

    What was finished, or given on, meanwhile stays where it is; what had ended stays ended.
    """
    hand_over = _claim(hand_over, actor, HandOver.State.DONE)
    _demand_reach(hand_over.leaver, actor)
    leaver = hand_over.leaver
    if not leaver.is_active:
        reactivate_person(leaver, actor=actor, reason=_("A hand-over was taken back"))
    with as_one_batch():
        returned = _customers_back(hand_over, leaver, progress)
        for holding in holdings():
            returned += _the_rest_back(holding, hand_over, leaver)
    note(records=returned)
    hand_over.state = HandOver.State.TAKEN_BACK
    hand_over.save()
    return hand_over


@traced_by("hand_over.done")
def read_briefs(
    hand_over: HandOver, customer_ids: list[int] | None, *, actor: Actor, at: Any
) -> int:
    """The successor has read what to know of these customers, or of all of them."""
    mine = HandOverItem.objects.filter(
        hand_over=hand_over, successor_id=actor.pk, kind="customer", read_at__isnull=True
    )
    if customer_ids is not None:
        mine = mine.filter(object_id__in=customer_ids)
    return mine.update(read_at=at)


def held_by(person: User) -> list[tuple[Label, int]]:
    """What the person holds, by the names of its kinds, each counted up to ten thousand."""
    customers = Customer.objects.filter(owner=person)[:COUNTED].count()
    found: list[tuple[Label, int]] = [(_("Customers"), customers)]
    found += [(each.label, each.of(person.pk)[:COUNTED].count()) for each in holdings()]
    return found


def assignment(hand_over: HandOver) -> dict[int, int]:
    """By customer of the leaver, the successor that the rule names."""
    return {pk: successor for pk, successor, *_rest in _assigned(hand_over)}


def parts(hand_over: HandOver) -> list[Part]:
    """What each successor would get, the greatest value first."""
    found: dict[int, Part] = {}
    for _pk, successor, value, at_risk, tier in _assigned(hand_over):
        part = found.setdefault(successor, Part(successor))
        part.customers += 1
        part.value += value
        part.at_risk += at_risk
        part.tiers[tier] += 1
    return sorted(found.values(), key=lambda part: (-part.value, -part.customers))


def places_of(leaver: User, name: str) -> list[tuple[str, int]]:
    """The entries that the leaver's customers have in a field of `FIELDS`, the most frequent first."""
    entries: Counter[str] = Counter(
        Customer.objects.filter(owner=leaver).values_list(FIELDS[name], flat=True)
    )
    return [(entry or "", number) for entry, number in entries.most_common(MOST_PLACES)]


def _assigned(hand_over: HandOver) -> Iterator[tuple[int, int, float, float, str]]:
    """Customer, successor, potential value, value at risk, tier; the most valuable first."""
    name = hand_over.plan.get("field", "region")
    rows = (
        Customer.objects.filter(owner_id=hand_over.leaver_id)
        .order_by("pk")
        .values_list(
            "pk",
            FIELDS.get(name, "region"),
            "standing__potential_value",
            "standing__value_at_risk",
            "standing__tier",
        )
    )
    known = [
        (pk, entry or "", float(value or 0), float(risk or 0), tier or "")
        for pk, entry, value, risk, tier in rows
    ]
    known.sort(key=lambda row: (-row[2], row[0]))
    main = hand_over.main_successor_id or 0
    if hand_over.rule == HandOver.Rule.EVENLY:
        yield from _evenly(known, [int(pk) for pk in hand_over.plan.get("among", [])] or [main])
        return
    by_entry = hand_over.plan.get("to", {}) if hand_over.rule == HandOver.Rule.BY_FIELD else {}
    for pk, entry, value, risk, tier in known:
        yield pk, int(by_entry.get(entry) or main), value, risk, tier


def _evenly(
    known: Iterable[tuple[int, str, float, float, str]], among: list[int]
) -> Iterator[tuple[int, int, float, float, str]]:
    """The most valuable first, each to whoever has least so far; equal values by number."""
    waiting = [(0.0, 0, place, successor) for place, successor in enumerate(among)]
    for pk, _entry, value, risk, tier in known:
        has, number, place, successor = heapq.heappop(waiting)
        heapq.heappush(waiting, (has + value, number + 1, place, successor))
        yield pk, successor, value, risk, tier


def _give_customers(hand_over: HandOver, goes_to: dict[int, int], progress: Progress) -> int:
    by_successor: dict[int, list[int]] = defaultdict(list)
    for pk, successor in goes_to.items():
        by_successor[successor].append(pk)
    done = 0
    for successor, pks in by_successor.items():
        for chunk in _chunks(pks):
            done += len(_own_from_now(chunk, hand_over.leaver_id, successor))
            _put_down(hand_over, "customer", chunk, successor)
            progress(done, len(goes_to))
    return done


def _own_from_now(pks: list[int], before: int, after: int) -> list[int]:
    """Customers that were one person's are another's; what repeats the owner follows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_customer c SET owner_id = u.id, team_id = u.team_id,"
            " department_id = u.department_id, version = c.version + 1, updated_at = now()"
            " FROM accounts_user u WHERE u.id = %s AND c.owner_id = %s AND c.id = ANY(%s)"
            " RETURNING c.id",
            [after, before, pks],
        )
        moved = [row[0] for row in cursor.fetchall()]
    follow_place(moved)
    return moved


def _give_the_rest(holding: Holding, hand_over: HandOver, goes_to: dict[int, int]) -> int:
    """Rows of a kind: with their customer, where that goes; else to the main successor."""
    main = hand_over.main_successor_id or 0
    columns = ("pk", holding.customer) if holding.customer else ("pk",)
    by_successor: dict[int, list[int]] = defaultdict(list)
    for pk, *customer in holding.of(hand_over.leaver_id).values_list(*columns):
        by_successor[goes_to.get(customer[0], main) if customer else main].append(pk)
    for successor, pks in by_successor.items():
        for chunk in _chunks(pks):
            _put_down(hand_over, holding.name, chunk, successor)
            holding.hand(chunk, hand_over.leaver, successor)
    return sum(len(pks) for pks in by_successor.values())


def _put_down(hand_over: HandOver, kind: str, pks: list[int], successor: int) -> None:
    HandOverItem.objects.bulk_create(
        HandOverItem(hand_over=hand_over, kind=kind, object_id=pk, successor_id=successor)
        for pk in pks
    )


def _customers_back(hand_over: HandOver, leaver: User, progress: Progress) -> int:
    items = list(hand_over.items.filter(kind="customer").values_list("object_id", "successor_id"))
    by_successor: dict[int, list[int]] = defaultdict(list)
    for pk, successor in items:
        by_successor[successor].append(pk)
    returned = 0
    for successor, pks in by_successor.items():
        for chunk in _chunks(pks):
            returned += len(_own_from_now(chunk, successor, leaver.pk))
            progress(returned, len(items))
    return returned


def _the_rest_back(holding: Holding, hand_over: HandOver, leaver: User) -> int:
    returned = 0
    items = hand_over.items.filter(kind=holding.name).values_list("object_id", "successor_id")
    by_successor: dict[int, list[int]] = defaultdict(list)
    for pk, successor in items:
        by_successor[successor].append(pk)
    for successor_id, pks in by_successor.items():
        successor = User.objects.get(pk=successor_id)
        for chunk in _chunks(pks):
            kept = holding.of(successor_id).filter(pk__in=chunk).values_list("pk", flat=True)
            held = list(kept)
            holding.hand(held, successor, leaver.pk)
            returned += len(held)
    return returned


def _chunks(pks: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(pks), CHUNK):
        yield pks[start : start + CHUNK]


def may_hand_over(leaver: User, actor: Actor) -> bool:
    """Who may give customers away, and reaches the colleague."""
    scope = actor.scope("assign", "customer")
    if scope is Scope.ALL:
        return True
    if scope is Scope.DEPARTMENT:
        return leaver.department_id in actor.department_ids
    return scope is Scope.TEAM and actor.team_id is not None and leaver.team_id == actor.team_id


def may_deactivate(leaver: User, actor: Actor) -> bool:
    return bool(
        leaver.pk != actor.pk
        and User.objects.visible_to(actor, "edit").filter(pk=leaver.pk).exists()
        and all(role.is_covered_by(actor) for role in leaver.roles.all())
    )


def _demand_reach(leaver: User, actor: Actor) -> None:
    """Every customer must be one that the actor may give away: no hand-over leaves some behind."""
    if not may_hand_over(leaver, actor):
        raise NotAllowed(_("Your role doesn’t hand over what this colleague holds."))
    theirs = Customer.objects.filter(owner=leaver)
    reached = Customer.objects.visible_to(actor, "assign").values("pk")
    if (
        actor.scope("assign", "customer") is not Scope.ALL
        and theirs.exclude(pk__in=reached).exists()
    ):
        raise Refused(
            _(
                "Some of their customers lie outside of what you may give away. Ask an owner to do it."
            )
        )


def _demand_successors(hand_over: HandOver) -> None:
    wanted = {hand_over.main_successor_id}
    if hand_over.rule == HandOver.Rule.EVENLY:
        among = hand_over.plan.get("among", [])
        if not among:
            raise Refused(_("Choose among whom the customers are divided."))
        wanted |= {int(pk) for pk in among}
    if hand_over.rule == HandOver.Rule.BY_FIELD:
        if hand_over.plan.get("field") not in FIELDS:
            raise Refused(_("Choose by what the customers are told apart."))
        wanted |= {int(pk) for pk in hand_over.plan.get("to", {}).values() if pk}
    if None in wanted:
        raise Refused(_("Choose the main successor: who gets what the rule gives nobody."))
    if hand_over.leaver_id in wanted:
        raise Refused(_("Who hands over can’t be a successor."))
    if User.objects.active().filter(pk__in=wanted).count() != len(wanted):
        raise Refused(_("Choose colleagues who work here."))


def _claim(hand_over: HandOver, actor: Actor, state: str) -> HandOver:
    row: HandOver | None = (
        HandOver.objects.visible_to(actor, "edit")
        .select_for_update(of=("self",))
        .select_related("leaver")
        .filter(pk=hand_over.pk)
        .first()
    )
    if row is None:
        raise NotAllowed(_("This hand-over is somebody else’s."))
    if row.state != state:
        raise Refused(_("This hand-over is not in that state any more. Load the page again."))
    return row
