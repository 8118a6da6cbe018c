"""How influence and information are measured: read, checked and published in versions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight.models import InfluenceRules
from kezhi.value.influence.referral import ReferralSettings, share_anyway_of

# Field of the rules: the least and the most it may be.
RANGES: dict[str, tuple[float, float]] = {
    "window_months": (1, 120),
    "share_anyway": (0, 1),
    "saved_acquisition": (0, 1e9),
    "reward": (0, 1e9),
    "generation_decay": (0, 0.95),
    "points_registered": (0, 1000),
    "points_answered": (0, 1000),
    "money_per_point": (0, 1e6),
    "anyway_asked": (0, 1e6),
    "anyway_said": (0, 1e6),
    "exposure": (0, 1),
    "points_feedback": (0, 1000),
    "points_feedback_used": (0, 1000),
    "points_complaint": (0, 1000),
    "points_complaint_used": (0, 1000),
    "points_idea": (0, 1000),
    "points_idea_used": (0, 1000),
}
SHARES = ("share_anyway", "generation_decay", "exposure")


@dataclass(frozen=True, slots=True)
class InfluencePolicy:
    """`window_months`: how long what a referred customer brings counts. `share_anyway`: how many would have
    come by themselves. `saved_acquisition` and `reward` are money per referral; each further generation counts
    `generation_decay` of the one before. Points are for a need that a customer told us, and for one that was
    answered; a point is worth `money_per_point`, 0: points only.

    `anyway_asked` of the referred were asked whether they would have come anyway, `anyway_said` said so: the
    share comes from them, where anybody was asked. `exposure` is the probability that a customer who hears a
    warning over a strong relation leaves. The further points are for a response to a survey, a complaint and
    an idea, and for one that led to an improvement.
    """

    window_months: float = 36.0
    share_anyway: float = 0.5
    saved_acquisition: float = 0.0
    reward: float = 0.0
    generation_decay: float = 0.5
    points_registered: float = 1.0
    points_answered: float = 3.0
    money_per_point: float = 0.0
    anyway_asked: float = 0.0
    anyway_said: float = 0.0
    exposure: float = 0.05
    points_feedback: float = 0.5
    points_feedback_used: float = 3.0
    points_complaint: float = 0.5
    points_complaint_used: float = 3.0
    points_idea: float = 1.0
    points_idea_used: float = 5.0

    def as_json(self) -> dict[str, float]:
        """As it is kept."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> InfluencePolicy:
        """What `as_json` wrote; what is left out keeps its default."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: entry for name, entry in plain.items() if name in known})

    @property
    def anyway(self) -> tuple[float, float | None, float | None]:
        """The share who would have come anyway: by those who were asked, with its interval, else as stated."""
        if self.anyway_asked >= 1:
            return share_anyway_of(int(self.anyway_said), int(self.anyway_asked))
        return self.share_anyway, None, None

    @property
    def points(self) -> dict[str, float]:
        """By kind of contribution, and by kind that led to something."""
        return {
            "need": self.points_registered,
            "need_used": self.points_answered,
            "feedback": self.points_feedback,
            "feedback_used": self.points_feedback_used,
            "complaint": self.points_complaint,
            "complaint_used": self.points_complaint_used,
            "idea": self.points_idea,
            "idea_used": self.points_idea_used,
        }

    def referral(self, annual_rate: float) -> ReferralSettings:
        """As the engine takes them."""
        return ReferralSettings(
            window_months=self.window_months,
            annual_rate=annual_rate,
            share_anyway=self.anyway[0],
            saved_acquisition=self.saved_acquisition,
            reward=self.reward,
            generation_decay=self.generation_decay,
        )


class InvalidInfluence(Refused):
    """`errors` says what to correct: field → sentence."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(next(iter(errors.values())))
        self.errors = errors


def influence_policy() -> InfluencePolicy:
    """The rules in force, the usual ones until somebody published others."""
    current = InfluenceRules.objects.current()
    return InfluencePolicy.from_json(current.rules) if current else InfluencePolicy()


@audited("influence_rules.published")
def publish_influence_rules(
    policy: InfluencePolicy, *, actor: Actor, on: date, reason: str
) -> InfluenceRules:
    """A new version; the next run goes by it. Raises `InvalidInfluence`, and `Refused` if nothing differs."""
    if not actor.may("edit", "value_settings"):
        raise NotAllowed(_("Only an owner changes how value is measured."))
    errors = dict(check_influence(policy))
    if not reason.strip():
        errors["reason"] = _("Say why: colleagues will ask when scores change.")
    if errors:
        raise InvalidInfluence(errors)
    before = influence_policy()
    if policy == before:
        raise Refused(_("Nothing is different from the rules in force."))
    now, then = policy.as_json(), before.as_json()
    note(changed=sorted(name for name in now if now[name] != then[name]))
    return InfluenceRules.objects.create(
        rules=now,
        reason=reason.strip()[:300],
        published_by=person(actor),
    )


def check_influence(policy: InfluencePolicy) -> Iterator[tuple[str, str]]:
    """What is wrong with the rules: field and sentence."""
    for name, (least, most) in RANGES.items():
        number = getattr(policy, name)
        if not math.isfinite(number) or not least <= number <= most:
            shown = 100 if name in SHARES else 1
            yield (
                name,
                _("Enter a number from %(least)s to %(most)s.")
                % {"least": f"{least * shown:g}", "most": f"{most * shown:,.0f}"},
            )
    asked, said = policy.anyway_asked, policy.anyway_said
    if math.isfinite(asked) and math.isfinite(said) and said > asked:
        yield "anyway_said", _("No more can have said so than were asked.")
    for name in ("anyway_asked", "anyway_said"):
        if getattr(policy, name) % 1:
            yield name, _("Type a whole number.")
