"""Who spoke with whom when, and what is still to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.random import Generator

from kezhi.demo import words
from kezhi.demo.buying import DAYS, Buying, Story
from kezhi.demo.contacts import Contact
from kezhi.demo.customers import Customer
from kezhi.demo.goods import GOODS
from kezhi.demo.names import pick
from kezhi.demo.people import PEOPLE

ZONE = ZoneInfo("Asia/Shanghai")
AGENTS = tuple(person.login for person in PEOPLE if person.role == "service_agent")
AGENT_ABROAD = AGENTS[-1]


@dataclass(frozen=True)
class Interaction:
    """`contact` is a position in the list of contacts; `author` a sign-in name."""

    customer: int
    contact: int
    channel: str
    text: str
    at: datetime
    author: str


@dataclass(frozen=True)
class FollowUp:
    """`done_at` is None while it is open."""

    customer: int
    subject: str
    due_on: date
    assignee: str
    done_at: datetime | None = None
    outcome: str = ""


@dataclass(frozen=True)
class _Scene:
    rng: Generator
    customers: list[Customer]
    contacts: list[Contact]
    contacts_of: dict[int, list[int]]
    story: Story

    def say(
        self, customer: int, day: int, lines: tuple[words.Line, ...], *, agent: bool = False
    ) -> Interaction:
        who = self.customers[customer]
        contact = int(self.rng.choice(self.contacts_of[customer]))
        channel, text = lines[int(self.rng.integers(len(lines)))]
        good, other = (GOODS[int(each)] for each in self.rng.integers(len(GOODS), size=2))
        author = who.owner
        if agent or not author:
            author = AGENT_ABROAD if who.is_abroad else AGENTS[0]
        text = text.format(
            who=self.contacts[contact].name,
            good=good.name.split(" ")[0],
            other=other.category,
            count=int(self.rng.integers(3, 60)),
            share=int(self.rng.integers(4, 16)),
            good_share=round(float(self.rng.uniform(95, 99.8)), 1),
        )
        return Interaction(customer, contact, channel, text, self.moment(day), author)

    def moment(self, day: int) -> datetime:
        """Within office hours; never later than nine in the morning of today."""
        minutes = (
            int(self.rng.integers(9 * 60, 18 * 60))
            if day < DAYS - 1
            else int(self.rng.integers(510, 540))
        )
        on = self.story.first + timedelta(days=day)
        local = datetime.combine(on, time(minutes // 60, minutes % 60), ZONE)
        return local.astimezone(UTC)


def imagine_talk(
    rng: Generator,
    customers: list[Customer],
    contacts: list[Contact],
    buying: Buying,
    story: Story,
) -> tuple[list[Interaction], list[FollowUp]]:
    """Interactions in the order of their time, and follow-ups."""
    contacts_of: dict[int, list[int]] = {}
    for position, contact in enumerate(contacts):
        contacts_of.setdefault(contact.customer, []).append(position)
    scene = _Scene(rng, customers, contacts, contacts_of, story)
    said: list[Interaction] = []
    to_do: list[FollowUp] = []
    days_of = np.split(buying.day[np.argsort(buying.customer, kind="stable")], _ends(buying))
    for customer in range(len(customers)):
        days = days_of[customer]
        if len(days) == 0:
            said += _prospect(scene, customer)
            to_do += _plans(scene, customer, "prospect", 0.4)
            continue
        said += _relationship(scene, customer, days, buying)
        to_do += _done_before(scene, customer, days)
        to_do += _plans(scene, customer, *_occasion(customer, days, buying))
    said = [each for each in said if each.at.date() <= story.today]
    return sorted(said, key=lambda each: each.at), to_do


def _ends(buying: Buying) -> np.ndarray:
    return np.cumsum(np.bincount(buying.customer, minlength=len(buying.discount)))[:-1]


def _prospect(scene: _Scene, customer: int) -> list[Interaction]:
    lines = words.ABROAD[:1] if scene.customers[customer].is_abroad else words.PROSPECT
    days = scene.rng.integers(DAYS - 400, DAYS - 3, size=int(scene.rng.integers(1, 4)))
    return [scene.say(customer, int(day), lines) for day in days]


def _relationship(
    scene: _Scene, customer: int, days: np.ndarray, buying: Buying
) -> list[Interaction]:
    rng, abroad = scene.rng, scene.customers[customer].is_abroad
    first, last = int(days[0]), int(days[-1])
    routine = words.ABROAD if abroad else words.ROUTINE
    opening = words.ABROAD[:1] if abroad else words.OPENING
    said = [
        scene.say(customer, max(0, first - int(gap)), opening)
        for gap in rng.integers(1, 30, size=int(rng.integers(1, 3)))
    ]
    months = max(1.0, (last - first) / 30)
    rate = 0.14 + 0.13 * float(np.log10(max(buying.usual_spend[customer], 1000) / 1000))
    rate *= min(2.0, 0.5 + len(days) / months / 4)
    for day in rng.integers(first, last + 1, size=int(rng.poisson(rate * months))):
        said.append(scene.say(customer, int(day), routine, agent=rng.random() < 0.15))
    if abroad:
        return said
    trouble = 0.09 if buying.is_difficult[customer] else 0.008
    for day in days[rng.random(len(days)) < trouble]:
        said.append(scene.say(customer, min(int(day) + 1, DAYS - 2), words.COMPLAINT, agent=True))
    rise = scene.story.day(scene.story.rise)
    if first < rise + 60 and last > rise and rng.random() < 0.35:
        said.append(scene.say(customer, rise + int(rng.integers(-20, 35)), words.RISE))
    if buying.is_silent[customer] or buying.is_fading[customer]:
        said += _trouble_lately(scene, customer, last, is_silent=bool(buying.is_silent[customer]))
    return said


def _trouble_lately(
    scene: _Scene, customer: int, last: int, *, is_silent: bool
) -> list[Interaction]:
    """What lies behind the silence can be read on the timeline."""
    rng = scene.rng
    earlier = sorted(max(0, last - int(gap)) for gap in rng.integers(1, 60, size=2))
    # Then nobody asked for two weeks: that is what the list of today is for.
    room = DAYS - 16 - last if is_silent else 0
    later = sorted(last + 1 + int(rng.integers(0, room)) for _line in range(2)) if room > 1 else []
    return [
        *_in_turn(scene, customer, earlier, words.FADING),
        *_in_turn(scene, customer, later, words.SILENT),
    ]


def _in_turn(
    scene: _Scene, customer: int, days: list[int], lines: tuple[words.Line, ...]
) -> list[Interaction]:
    """A different line each day, in the order in which they were written."""
    chosen = sorted(scene.rng.choice(len(lines), size=len(days), replace=False).tolist())
    return [
        scene.say(customer, day, (lines[line],)) for day, line in zip(days, chosen, strict=True)
    ]


def _occasion(customer: int, days: np.ndarray, buying: Buying) -> tuple[str, float]:
    """What kind of follow-up a customer is likely to have open, and how likely."""
    if buying.is_silent[customer]:
        return "risk", 0.25
    if buying.is_fading[customer]:
        return "risk", 0.5
    if days[0] > DAYS - 60:
        return "new", 0.35
    if days[-1] < DAYS - 200:
        return "prospect", 0.03
    return "routine", 0.04 + 0.02 * float(np.log10(max(buying.usual_spend[customer], 1000) / 1000))


def _plans(scene: _Scene, customer: int, occasion: str, chance: float) -> list[FollowUp]:
    """Open follow-ups: some overdue, some due today, most in the next two weeks."""
    rng, who = scene.rng, scene.customers[customer]
    if who.is_abroad:
        chance = min(0.5, 4 * chance)  # one person looks after all of them
    if not who.owner or rng.random() >= chance:
        return []
    subjects = words.PLANNED["abroad" if who.is_abroad else occasion]
    place = rng.random()
    if place < 0.15:
        offset = -int(rng.integers(1, 12))
    elif place < 0.38:
        offset = 0
    else:
        offset = int(rng.integers(1, 18))
    due_on = _working(scene.story.today + timedelta(days=offset)) if offset else scene.story.today
    return [FollowUp(customer, pick(rng, subjects), due_on, who.owner)]


def _done_before(scene: _Scene, customer: int, days: np.ndarray) -> list[FollowUp]:
    rng, who = scene.rng, scene.customers[customer]
    if not who.owner or rng.random() >= 0.28:
        return []
    day = int(rng.integers(days[0], max(days[-1], days[0] + 1)))
    due_on = _working(scene.story.first + timedelta(days=day))
    late = int(rng.choice(4, p=(0.6, 0.2, 0.12, 0.08)))
    day = min(scene.story.day(due_on) + late, DAYS - 2)
    subjects = words.PLANNED["abroad" if who.is_abroad else "routine"]
    outcomes = words.OUTCOMES_ABROAD if who.is_abroad else words.OUTCOMES
    return [
        FollowUp(
            customer, pick(rng, subjects), due_on, who.owner, scene.moment(day), pick(rng, outcomes)
        )
    ]


def _working(day: date) -> date:
    return day + timedelta(days=max(0, 7 - day.isoweekday()) if day.isoweekday() > 5 else 0)
