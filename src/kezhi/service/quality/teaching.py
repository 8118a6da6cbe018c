"""What colleagues can do and what they learnt: levels, certificates with an end, courses and who lacks them."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.audit.recording import audited
from kezhi.core.actor import Actor, Scope
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.service.models import Course, SkillLevel, TrainingRecord

MOST_PEOPLE = 200
SOON_DAYS = 30


@dataclass(frozen=True)
class Person:
    """A row of the matrix: levels by skill, and what is missing or runs out."""

    user: User
    levels: dict[str, SkillLevel]
    lacking: list[Course] = field(default_factory=list)


def people_of(actor: Actor) -> list[User]:
    """Whose skills the actor may know: their own, their team's if they lead it, their department's, all."""
    rows = User.objects.active()
    scope = actor.scope("read", "training")
    if scope is Scope.NONE:
        return []
    if scope is not Scope.ALL:
        own = rows.filter(pk__in=actor.own_ids) | rows.filter(team__lead_id__in=actor.own_ids)
        if scope is Scope.DEPARTMENT:
            own |= rows.filter(department_id__in=actor.department_ids)
        rows = own.distinct()
    return list(rows.select_related("team", "department").order_by("name_key")[:MOST_PEOPLE])


def matrix(people: Sequence[User], *, on: date) -> tuple[list[str], list[Person]]:
    """The skills that any of them has, and each with their levels and the courses they lack."""
    ids = [person.pk for person in people]
    levels: dict[int, dict[str, SkillLevel]] = {}
    for each in SkillLevel.objects.filter(user_id__in=ids):
        levels.setdefault(each.user_id, {})[each.skill] = each
    skills = sorted(
        {skill for person in people for skill in person.skills}
        | {skill for row in levels.values() for skill in row}
    )
    required = list(Course.objects.filter(is_required=True).order_by("name")[:50])
    valid = _valid(ids, on)
    rows = [
        Person(
            person,
            levels.get(person.pk, {}),
            [
                course
                for course in required
                if (not course.skill or course.skill in person.skills)
                and (person.pk, course.pk) not in valid
            ],
        )
        for person in people
    ]
    return skills, rows


def _valid(ids: Sequence[int], on: date) -> set[tuple[int, int]]:
    passed = TrainingRecord.objects.filter(user_id__in=ids, on__lte=on).exclude(
        result=TrainingRecord.Result.FAILED
    )
    return {
        (user, course)
        for user, course, until in passed.values_list("user_id", "course_id", "expires_on")
        if until is None or until >= on
    }


@audited("skill.set")
def set_skill(
    user: User,
    skill: str,
    level: int,
    *,
    actor: Actor,
    on: date,
    certificate: str = "",
    expires_on: date | None = None,
) -> SkillLevel | None:
    """How well somebody can do something; level 0 takes it away. The person's list of skills follows."""
    _demand(actor, "edit", user)
    skill = skill.strip()[:40]
    if not skill:
        raise Refused(_("Name the skill."))
    if level and level not in SkillLevel.Level.values:
        raise Refused(_("Choose a level."))
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    skills = [each for each in user.skills if each != skill] + ([skill] if level else [])
    if set(skills) != set(user.skills):
        user.skills = skills
        user.save(update_fields=["skills"])
    if not level:
        SkillLevel.objects.filter(user=user, skill=skill).delete()
        return None
    found, _is_new = SkillLevel.objects.update_or_create(
        user=user,
        skill=skill,
        defaults={
            "level": level,
            "certificate": certificate.strip()[:120],
            "expires_on": expires_on,
        },
    )
    return found


@audited("course.kept")
def keep_course(
    course: Course | None,
    name: str,
    name_en: str,
    *,
    skill: str = "",
    valid_months: int = 0,
    is_required: bool = False,
    actor: Actor,
    on: date,
) -> Course:
    """A course, new or changed. What was attended keeps its end."""
    if actor.scope("create", "training") < Scope.DEPARTMENT:
        raise NotAllowed(_("Your role doesn't keep courses."))
    name = name.strip()[:120]
    if not name:
        raise Refused(_("Give the course a name."))
    if not 0 <= valid_months <= 120:
        raise Refused(_("A course holds for 120 months at most; 0 means for good."))
    others = Course.objects.filter(name=name)
    if course is not None:
        others = others.exclude(pk=course.pk)
    if others.exists():
        raise Refused(_("There is a course of this name already."))
    course = course or Course(created_by_id=actor.pk)
    course.name, course.name_en, course.skill = name, name_en.strip()[:120], skill.strip()[:40]
    course.valid_months, course.is_required = valid_months, is_required
    course.save()
    return course


@audited("training.noted")
def note_training(
    course: Course,
    people: Sequence[User],
    result: str,
    *,
    day: date,
    actor: Actor,
    on: date,
    remark: str = "",
) -> int:
    """Who attended on a day; how many. Said twice for a day, the last counts."""
    if result not in TrainingRecord.Result.values:
        raise Refused(_("Choose the result."))
    if day > on:
        raise Refused(_("A training is noted once it took place."))
    if not people:
        raise Refused(_("Choose who attended."))
    until = months_later(day, course.valid_months) if course.valid_months else None
    for person in people:
        _demand(actor, "create", person)
        TrainingRecord.objects.update_or_create(
            course=course,
            user=person,
            on=day,
            defaults={
                "result": result,
                "remark": remark.strip()[:300],
                "expires_on": None if result == TrainingRecord.Result.FAILED else until,
                "created_by_id": actor.pk,
            },
        )
    return len(people)


def months_later(day: date, months: int) -> date:
    """
    >>> months_later(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _demand(actor: Actor, action: str, user: User) -> None:
    scope: Any = actor.scope(action, "training")
    if scope is Scope.ALL:
        return
    if scope is Scope.DEPARTMENT and user.department_id in actor.department_ids:
        return
    raise NotAllowed(_("Your role doesn't keep the training of this colleague."))
