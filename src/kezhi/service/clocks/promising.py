"""What is promised by when: per type of ticket, tier and clock; published in versions.

The first answer's promise comes from the tier policy where nothing else is said; a later answer is promised as
the first. Nobody waits without a clock: where there is no policy either, a working day holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import User, person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models.standing import Tier
from kezhi.insight.policies import policies_in_force
from kezhi.service.models import Clock, InternalLevel, ServiceLevels, Ticket

Kind, Measure = Clock.Kind, Clock.Measure
ANSWERS = (Kind.FIRST_ANSWER, Kind.NEXT_ANSWER)
A_WORKING_DAY = 8 * 60
LONGEST_MINUTES = 366 * 24 * 60
MOST_STEP = 30 * 24 * 60
EVERY_TIER = ("", *Tier.values)


@dataclass(frozen=True, slots=True)
class Promise:
    """So many minutes of the hours that `measure` names; `source` says who promised it."""

    minutes: int
    measure: str
    source: str = ""


@dataclass(frozen=True)
class Promises:
    """What a version says. `minutes` by (type, tier, clock), tier "" for customers of any tier that isn't
    named; `measures` by (type, clock)."""

    minutes: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    measures: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        kept: dict[str, Any] = {}
        for (ticket_type, clock), measure in sorted(self.measures.items()):
            kept.setdefault(ticket_type, {}).setdefault("measures", {})[clock] = measure
        for (ticket_type, tier, clock), minutes in sorted(self.minutes.items()):
            tiers = kept.setdefault(ticket_type, {}).setdefault("tiers", {})
            tiers.setdefault(tier, {})[clock] = minutes
        return kept

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Promises:
        """What `as_json` wrote."""
        minutes = {
            (ticket_type, tier, clock): count
            for ticket_type, entry in kept.items()
            for tier, clocks in entry.get("tiers", {}).items()
            for clock, count in clocks.items()
        }
        measures = {
            (ticket_type, clock): measure
            for ticket_type, entry in kept.items()
            for clock, measure in entry.get("measures", {}).items()
        }
        return cls(minutes, measures)

    def measure(self, ticket_type: str, clock: str) -> str:
        return self.measures.get((ticket_type, clock), Measure.BUSINESS)


class InvalidPromises(Refused):
    """`errors` says where: the control's name → sentence."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(next(iter(errors.values())))
        self.errors = errors


class Rules:
    """Everything that decides what is promised, read once: the version in force, the tiers' policies and what
    departments have agreed."""

    def __init__(self) -> None:
        self.levels = ServiceLevels.objects.current()
        self.promises = Promises.from_json(self.levels.promises) if self.levels else Promises()
        self.hours_by_tier = {
            tier: policy.response_hours for tier, policy in policies_in_force().items()
        }
        self._agreed = {
            (each.providing_id, each.requesting_id): each for each in InternalLevel.objects.all()
        }

    @property
    def step_minutes(self) -> int:
        return self.levels.step_minutes if self.levels is not None else 120

    def promised(self, ticket_type: str, tier: str, clock: str) -> Promise | None:
        """What is promised of this clock to a customer of this tier; None when nothing is."""
        kept = self.promises
        for of in (tier, ""):
            minutes = kept.minutes.get((ticket_type, of, clock))
            if minutes is not None and (of or not self._has_policy(tier, clock)):
                return Promise(minutes, kept.measure(ticket_type, clock), "level")
        if clock == Kind.NEXT_ANSWER:
            first = self.promised(ticket_type, tier, Kind.FIRST_ANSWER)
            measure = kept.measure(ticket_type, clock)
            return Promise(first.minutes, measure, first.source) if first else None
        if clock != Kind.FIRST_ANSWER:
            return None
        measure = kept.measure(ticket_type, clock)
        if tier in self.hours_by_tier:
            return Promise(self.hours_by_tier[tier] * 60, measure, "policy")
        return Promise(A_WORKING_DAY, measure, "usual")

    def agreed(
        self, providing: Iterable[int], requesting: Iterable[int], clock: str
    ) -> Promise | None:
        """What a department agreed with another: the nearest of each that has an agreement.

        Both are paths from the root down. What isn't agreed between them is promised as to everybody.
        """
        askers = [*reversed(list(requesting)), None]
        for provider in reversed(list(providing)):
            for asker in askers:
                level = self._agreed.get((provider, asker))
                minutes = _minutes_of(level, clock) if level else None
                if level is not None and minutes is not None:
                    return Promise(minutes, level.measure, "agreement")
        return None

    def _has_policy(self, tier: str, clock: str) -> bool:
        """A tier's policy comes before what is said for all tiers alike."""
        return clock == Kind.FIRST_ANSWER and tier in self.hours_by_tier


@audited("service_levels.published")
def publish_service_levels(
    promises: Promises,
    *,
    actor: Actor,
    at: datetime,
    reason: str,
    step_minutes: int,
    last_resort: User | None,
) -> ServiceLevels:
    """A new version, in force at once for tickets opened from now on, and for those that are open when their
    clocks are worked out anew by `recomputing`.

    Raises `InvalidPromises`, and `Refused` when nothing is different.
    """
    if not actor.may("edit", "service_level"):
        raise NotAllowed(_("Your role doesn’t change service levels."))
    errors = dict(check_promises(promises))
    if not 1 <= step_minutes <= MOST_STEP:
        errors["step"] = _("Enter a time from one minute to 30 days.")
    if last_resort is None or not last_resort.is_active:
        errors["last_resort"] = _("Choose a colleague who works here.")
    if not reason.strip():
        errors["reason"] = _("Say why: colleagues will ask what changed.")
    if errors:
        raise InvalidPromises(errors)
    before = ServiceLevels.objects.current()
    wanted = promises.as_json()
    if before is not None and (before.promises, before.step_minutes, before.last_resort) == (
        wanted,
        step_minutes,
        last_resort,
    ):
        raise Refused(_("Nothing is different from the version in force."))
    note(before=before.pk if before else None)
    return ServiceLevels.objects.create(
        promises=wanted,
        step_minutes=step_minutes,
        last_resort=last_resort,
        reason=reason.strip()[:300],
        published_at=at,
        published_by=person(actor),
    )


def check_promises(promises: Promises) -> Iterator[tuple[str, str]]:
    """What is wrong with them: the control (`fault-S-solution`) and a sentence."""
    for (ticket_type, tier, clock), minutes in promises.minutes.items():
        is_known = ticket_type in Ticket.Type.values and tier in EVERY_TIER and clock in Kind.values
        if not is_known or not 1 <= minutes <= LONGEST_MINUTES:
            yield (
                f"{ticket_type}-{tier}-{clock}",
                _("Enter a time from one minute to a year."),
            )
    for (ticket_type, clock), measure in promises.measures.items():
        if measure not in Measure.values:
            yield f"{ticket_type}-{clock}-measure", _("Choose which hours count.")


def _minutes_of(level: InternalLevel, clock: str) -> int | None:
    if clock in ANSWERS:
        return level.first_answer_minutes
    return level.solution_minutes if clock == Kind.SOLUTION else None


def named_person() -> User | None:
    """Who gets what nobody else answers for: the person named, or the owner who has been here longest."""
    levels = ServiceLevels.objects.current()
    if levels is not None and levels.last_resort is not None and levels.last_resort.is_active:
        named: User = levels.last_resort
        return named
    return User.objects.active().filter(roles__key="owner").order_by("pk").first()
