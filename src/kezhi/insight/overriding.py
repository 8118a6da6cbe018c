"""Tiers by hand: asked for, approved or rejected, withdrawn, run out; and what a run makes of them.

The tier of the score stays beneath (`Snapshot.tier_by_score`): the hysteresis of the next run starts from
it, and a customer goes back to it when the tier by hand ends.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note, traced_by
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import may_reach
from kezhi.customers.models import Customer, Standing
from kezhi.customers.models.standing import Tier
from kezhi.insight.models import Snapshot, TierMove, TierOverride, ValueRun
from kezhi.value.tiers import NO_TIER, Override, Tiering, with_overrides

State = TierOverride.State


class InvalidOverride(Refused):
    """`errors` says what to correct: field → sentence."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(next(iter(errors.values())))
        self.errors = errors


@audited("tier_override.requested")
def request_override(
    customer: Customer, tier: str, *, actor: Actor, on: date, until: date | None, reason: str
) -> TierOverride:
    """Ask that the customer stands in this tier through `until`, at most twelve months from today.

    Raises `InvalidOverride`, and `Refused` while another request for the customer waits.
    """
    if not may_request(actor, customer):
        raise NotAllowed(_("Your role doesn't set this customer's tier."))
    standing = Standing.objects.get(pk=customer.pk)
    errors = {}
    if tier not in Tier.values:
        errors["tier"] = _("Choose a tier.")
    if until is None:
        errors["until"] = _("Choose the last day on which it holds.")
    elif not on <= until <= longest(on):
        errors["until"] = _("Choose a day from today to twelve months from today.")
    if not reason.strip():
        errors["reason"] = _("Say why the score doesn't tell it.")
    if errors or until is None:
        raise InvalidOverride(errors)
    holds = TierOverride.objects.in_force().filter(customer=customer).first()
    if holds is None and standing.tier == tier:
        raise Refused(_("The customer stands in this tier already."))
    if holds is not None and (holds.tier, holds.until) == (tier, until):
        raise Refused(_("This tier is in force by hand already, through the same day."))
    note(tier=tier, until=until.isoformat())
    try:
        with transaction.atomic():
            return TierOverride.objects.create(
                customer=customer,
                tier=tier,
                tier_before=standing.tier,
                until=until,
                reason=reason.strip()[:300],
                requested_on=on,
                requested_by=person(actor),
            )
    except IntegrityError as error:
        raise Refused(
            _("Another tier is waiting for approval. Withdraw that request first.")
        ) from error


@audited("tier_override.approved")
def approve_override(override: TierOverride, *, actor: Actor, on: date) -> TierOverride:
    """The customer stands in the tier at once; the runs until its last day keep to it.

    Nobody approves their own request, but an owner. A tier by hand that is in force is replaced.
    """
    override = _decide(override, actor=actor)
    if not may_approve(actor, override):
        raise NotAllowed(_("Somebody else has to approve your request."))
    if override.until < on:
        raise Refused(_("Its last day has passed. Ask for the tier anew."))
    earlier = TierOverride.objects.in_force().filter(customer=override.customer_id)
    earlier.update(state=State.REPLACED, ended_on=on, ended_by=person(actor))
    override.state, override.approved_on = State.IN_FORCE, on
    override.approved_by = person(actor)
    override.save()
    _place(override.customer_id, override.tier, on=on)
    note(tier=override.tier, until=override.until.isoformat())
    return override


@audited("tier_override.rejected")
def reject_override(override: TierOverride, *, actor: Actor, on: date, reason: str) -> TierOverride:
    """Whoever asked reads why."""
    override = _decide(override, actor=actor)
    if not reason.strip():
        raise InvalidOverride({"reason": _("Say why: whoever asked for it will read it.")})
    return _end(override, State.REJECTED, on=on, by=actor, decision=reason)


@audited("tier_override.withdrawn")
def withdraw_override(
    override: TierOverride, *, actor: Actor, on: date, reason: str = ""
) -> TierOverride:
    """By whoever asked for it, or who may approve it. The customer goes back to the tier of the score."""
    override = claim(override, actor=actor, action="read")
    if not may_withdraw(actor, override):
        raise NotAllowed(_("Your role doesn't withdraw this tier."))
    was_in_force = override.is_in_force
    if not (was_in_force or override.is_waiting):
        raise Refused(_("This has been decided already."))
    override = _end(override, State.WITHDRAWN, on=on, by=actor, decision=reason)
    if was_in_force:
        _place(override.customer_id, None, on=on)
    return override


@audited("tier_override.expired")
def expire_override(override: TierOverride, *, actor: Actor, on: date) -> None:
    """Its last day is over; a run has put the customer back in the tier of the score."""
    note(tier=override.tier, until=override.until.isoformat())
    _end(override, State.EXPIRED, on=on, by=actor)


def may_request(actor: Actor, customer: Customer) -> bool:
    """Whether the actor may ask for a tier of this customer."""
    return actor.sees("customer", "value") and may_reach(actor, "create", "tier_override", customer)


def may_approve(actor: Actor, override: TierOverride) -> bool:
    """Of those whose role approves: not one's own, unless one sets the rules themselves."""
    is_own = override.requested_by_id is not None and override.requested_by_id == actor.pk
    return not is_own or actor.may("edit", "value_settings")


def may_withdraw(actor: Actor, override: TierOverride) -> bool:
    """Whoever asked, or who may approve."""
    if override.requested_by_id is not None and override.requested_by_id == actor.pk:
        return True
    return bool(TierOverride.objects.visible_to(actor, "edit").filter(pk=override.pk).exists())


def longest(on: date) -> date:
    """The last day that a tier asked for today may hold.

    >>> longest(date(2028, 2, 29))
    datetime.date(2029, 2, 28)
    """
    try:
        return on.replace(year=on.year + 1)
    except ValueError:
        return on.replace(year=on.year + 1, day=28)


# ---- in a run ----


def overrides_for(run: ValueRun) -> list[TierOverride]:
    """The tiers by hand that this run keeps to, locked until it is published.

    The run that pages will read takes what is in force now; one of a past day what was in force then.
    """
    if not is_latest(run):
        return list(TierOverride.objects.held_on(run.as_of).order_by("pk"))
    # Who approves meanwhile waits, so that no decision is lost between this run and the next.
    locked = TierOverride.objects.open().select_for_update(of=("self",)).order_by("pk")
    return [each for each in locked if each.is_in_force and each.until >= run.as_of]


def hold_what_was_decided(run: ValueRun) -> None:
    """A tier that was approved while the run worked holds, although the run doesn't know of it yet."""
    current = TierOverride.objects.in_force().filter(until__gte=run.as_of)
    for each in current.exclude(customer__standing__tier=F("tier")):
        Standing.objects.filter(pk=each.customer_id).update(
            tier=each.tier, previous_tier=each.tier_before, tier_since=each.approved_on
        )


def is_latest(run: ValueRun) -> bool:
    """Whether the run is, or becomes by being published, the one that pages read."""
    later = ValueRun.objects.readable().filter(as_of__gt=run.as_of).exclude(pk=run.pk)
    return not run.is_backfill and not later.exists()


def decided_on(day: date) -> list[int]:
    """The customers whose tier people set that day, or let go: those moves aren't the run's to take back."""
    ended = Q(ended_on=day, approved_on__isnull=False, state__in=(State.WITHDRAWN, State.REPLACED))
    rows = TierOverride.objects.filter(Q(approved_on=day) | ended)
    return list(rows.values_list("customer_id", flat=True))


def tier_columns(
    customers: pa.Table, overrides: list[TierOverride], on: date
) -> dict[str, pa.Array | pa.ChunkedArray]:
    """`tier`, `is_by_hand` and `tier_by_score` of a measurement, with what was given by hand."""
    by_score = customers["tier"]
    nobody = pa.array(np.zeros(customers.num_rows, dtype=np.bool_))
    if not overrides:
        empty = pa.array([""] * customers.num_rows, pa.string())
        return {"tier": by_score, "is_by_hand": nobody, "tier_by_score": empty}
    names = tuple(Tier.values)
    place_of = pc.index_in(by_score, value_set=pa.array(names, pa.string()))
    codes = np.asarray(pc.fill_null(place_of, NO_TIER).to_numpy(), dtype=np.int8)
    ids = np.asarray(customers["customer"].to_numpy(), dtype=np.int64)
    order = np.argsort(ids, kind="stable")
    given = [Override(each.customer_id, each.tier, each.until) for each in overrides]
    tiering = Tiering(names, codes[order], np.full_like(codes, NO_TIER), ())
    held, marked = with_overrides(tiering, ids[order], given, on=on)
    tier, by_hand = np.empty_like(held), np.empty_like(marked)
    tier[order], by_hand[order] = held, marked
    words = pa.array([*names, ""], pa.string())  # NO_TIER, −1, is the last
    beneath = np.where(by_hand, codes, NO_TIER)
    return {
        "tier": words.take(pa.array(tier % len(words))),
        "is_by_hand": pa.array(by_hand),
        "tier_by_score": words.take(pa.array(beneath % len(words))),
    }


@traced_by("tier_override.expired")
def expire_overrides(run: ValueRun, *, actor: Actor) -> int:
    """End those whose last day lies before the run that pages now read; returns how many.

    A request that nobody decided by its last day ends, too.
    """
    over = list(TierOverride.objects.open().filter(until__lt=run.as_of).order_by("pk"))
    for override in over:
        expire_override(override, actor=actor, on=run.as_of)
    return len(over)


# ---- steps ----


def _decide(override: TierOverride, *, actor: Actor) -> TierOverride:
    if not TierOverride.objects.visible_to(actor, "edit").filter(pk=override.pk).exists():
        raise NotAllowed(_("Your role doesn't approve tiers by hand."))
    override = claim(override, actor=actor, action="edit")
    if not override.is_waiting:
        raise Refused(_("This has been decided already."))
    return override


def _end(
    override: TierOverride, state: State, *, on: date, by: Actor, decision: str = ""
) -> TierOverride:
    override.state, override.ended_on = state, on
    override.ended_by, override.decision = person(by), decision.strip()[:300]
    override.save()
    return override


def _place(customer_id: int, tier: str | None, *, on: date) -> None:
    """Put the customer in a tier by hand, or back in that of the score; what was measured stays as it was."""
    standing = Standing.objects.select_for_update(of=("self",)).get(pk=customer_id)
    run = ValueRun.objects.latest_published()
    by_score = scored_tier(customer_id, run) if tier is None else ""
    held, became = standing.tier, tier or by_score
    if held == became:
        return
    standing.tier, standing.previous_tier, standing.tier_since = became, held, on
    standing.save(update_fields=["tier", "previous_tier", "tier_since"])
    if run is not None and became:
        TierMove.objects.create(
            customer_id=customer_id, run=run, moved_on=on, before=held, after=became
        )


def scored_tier(customer_id: int, run: ValueRun | None) -> str:
    """The tier that the run's score gives; "" for who wasn't measured or has no score."""
    rows = (
        Snapshot.objects.filter(run=run, customer=customer_id) if run else Snapshot.objects.none()
    )
    snapshot = rows.only("tier", "is_by_hand", "tier_by_score").first()
    if snapshot is None:
        return ""
    return snapshot.tier_by_score if snapshot.is_by_hand else snapshot.tier
