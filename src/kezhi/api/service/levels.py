"""What is promised by when, who gets what, and what departments agreed: read, and set by who may."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.accounts.models import Department
from kezhi.api.calling import Call, answered
from kezhi.api.entries import Wrong
from kezhi.api.leafing import leafed, only_parameters
from kezhi.api.members import (
    MAYBE_REFERENCE,
    REFERENCE,
    Member,
    Read,
    choice,
    department,
    listed,
    optional,
    or_null,
    person,
    whole,
    words,
    yes,
)
from kezhi.api.problems import not_found
from kezhi.api.records import done, etag
from kezhi.api.sending import must_be_seen, sent, told_at
from kezhi.api.service.clocks import department as told_department
from kezhi.api.writing import moment, who
from kezhi.catalog.models import Category
from kezhi.core.ids import record_id
from kezhi.service.clocks.promising import (
    EVERY_TIER,
    LONGEST_MINUTES,
    MOST_STEP,
    InvalidPromises,
    Promises,
    Rules,
    publish_service_levels,
)
from kezhi.service.models import Clock, InternalLevel, RoutingRule, Ticket
from kezhi.service.needs.finding import delete_rule, save_rule
from kezhi.service.needs.requesting import delete_level, save_level

MOST_PROMISES = 400
MOST_WORDS = 40


def levels(call: Call) -> HttpResponse:
    """The version in force, and what follows from it, the tiers' policies and the usual working day."""
    only_parameters(call)
    return answered(_levels())


def publish(call: Call) -> HttpResponse:
    """A new version, in force at once for tickets opened from now on."""
    told = sent(call, LEVELS)
    promises = Promises(
        {(row["type"], row["tier"], row["clock"]): row["minutes"] for row in told["promises"]},
        {
            (row["type"], row["clock"]): row["measure"]
            for row in told["promises"]
            if row["measure"] != Clock.Measure.BUSINESS
        },
    )
    told_at(
        lambda: publish_service_levels(
            promises,
            actor=call.actor,
            at=call.at,
            reason=told["reason"],
            step_minutes=told["step_minutes"],
            last_resort=told["last_resort"],
        ),
        InvalidPromises,
        {"step": "/step_minutes", "last_resort": "/last_resort", "reason": "/reason"},
        "/promises",
    )
    return answered(_levels())


def _levels() -> dict[str, Any]:
    rules = Rules()
    held = rules.levels
    return {
        "version": held.pk if held is not None else None,
        "published_at": moment(held.published_at) if held is not None else None,
        "published_by": who(held.published_by) if held is not None else None,
        "reason": held.reason if held is not None else None,
        "step_minutes": rules.step_minutes,
        "last_resort": who(held.last_resort) if held is not None else None,
        "promises": [
            {
                "type": ticket_type,
                "tier": tier,
                "clock": clock,
                "minutes": minutes,
                "measure": str(rules.promises.measure(ticket_type, clock)),
            }
            for (ticket_type, tier, clock), minutes in sorted(rules.promises.minutes.items())
        ],
        "in_force": list(_in_force(rules)),
    }


def _in_force(rules: Rules) -> list[dict[str, Any]]:
    found = []
    for ticket_type in Ticket.Type.values:
        for tier in EVERY_TIER:
            for clock in Clock.Kind.values:
                promise = rules.promised(ticket_type, tier, clock)
                if promise is not None:
                    found.append(
                        {
                            "type": ticket_type,
                            "tier": tier,
                            "clock": clock,
                            "minutes": promise.minutes,
                            "measure": str(promise.measure),
                            "source": promise.source,
                        }
                    )
    return found


def _promise(call: Call, row: Mapping[str, Any]) -> dict[str, Any]:
    for name, known in (
        ("type", Ticket.Type.values),
        ("tier", EVERY_TIER),
        ("clock", Clock.Kind.values),
        ("measure", Clock.Measure.values),
    ):
        if row.get(name, "" if name == "tier" else "business") not in known:
            raise Wrong(_("“%(name)s” takes one of its keys.") % {"name": name})
    minutes = whole(LONGEST_MINUTES).read(call, row.get("minutes"))
    return {
        "type": row["type"],
        "tier": row.get("tier", ""),
        "clock": row["clock"],
        "minutes": minutes,
        "measure": row.get("measure", "business"),
    }


# ---- rules, agreements, departments ----


@dataclass(frozen=True)
class Register:
    """Rows of one form: all of them listed, each made, changed and deleted by who sets what is promised."""

    rows: Any  # the manager of the model
    related: tuple[str, ...]
    members: Mapping[str, Member]
    save: Callable[..., Any]
    delete: Callable[..., Any]
    told: Callable[[Any], dict[str, Any]]

    def show_all(self, call: Call) -> HttpResponse:
        page = leafed(call, self.rows.select_related(*self.related))
        return answered({"items": [self.told(each) for each in page.rows], "next": page.next})

    def create(self, call: Call) -> HttpResponse:
        made = self._saved(call, None, sent(call, self.members))
        return answered(self.told(made), 201, etag(made))

    def edit(self, call: Call) -> HttpResponse:
        row, said = self._one(call), sent(call, optional(self.members))
        must_be_seen(call, row)
        saved = self._saved(call, row, said)
        return answered(self.told(saved), headers=etag(saved))

    def remove(self, call: Call) -> HttpResponse:
        row = self._one(call)
        must_be_seen(call, row, is_demanded=True)
        done(lambda: self.delete(row, actor=call.actor))
        return HttpResponse(status=204)

    def _saved(self, call: Call, row: Any, said: dict[str, Any]) -> Any:
        return done(lambda: self.save(row, said, actor=call.actor))

    def _one(self, call: Call) -> Any:
        pk = record_id(call.parts["id"])
        row = self.rows.filter(pk=pk).first() if pk is not None else None
        if row is None:
            raise not_found()
        return row


def departments(call: Call) -> HttpResponse:
    """The departments, so that tickets can be passed on to them."""
    page = leafed(call, Department.objects.select_related("head"))
    items = [
        {"id": each.pk, "name": each.name, "parent": each.parent_id, "head": who(each.head)}
        for each in page.rows
    ]
    return answered({"items": items, "next": page.next})


def _rule(rule: RoutingRule) -> dict[str, Any]:
    category = rule.category
    return {
        "id": rule.pk,
        "version": rule.version,
        "name": rule.name,
        "position": rule.position,
        "is_active": rule.is_active,
        "types": list(rule.types),
        "words": list(rule.words),
        "category": category.name if category is not None else None,
        "requesting": told_department(rule.requesting),
        "person": who(rule.person),
        "department": told_department(rule.department),
        "skill": rule.skill or None,
    }


def _agreement(level: InternalLevel) -> dict[str, Any]:
    return {
        "id": level.pk,
        "version": level.version,
        "providing": told_department(level.providing),
        "requesting": told_department(level.requesting),
        "first_answer_minutes": level.first_answer_minutes,
        "solution_minutes": level.solution_minutes,
        "measure": str(level.measure),
        "agreement": level.agreement,
    }


def _category(call: Call, told: Any) -> Category:
    found = Category.objects.filter(name=told).first() if isinstance(told, str) else None
    if found is None:
        raise Wrong(_("There is no category of this name."))
    return found


def _type(call: Call, told: Any) -> str:
    return str(choice(Ticket.Type.values).read(call, told))


def _word(call: Call, told: Any) -> str:
    return str(words(40).read(call, told))


def _maybe(read: Read) -> Member:
    return Member(or_null(read), MAYBE_REFERENCE)


MINUTES = Member(or_null(whole(LONGEST_MINUTES).read), {"type": ["integer", "null"], "minimum": 0})
PROMISE: dict[str, dict[str, Any]] = {
    "type": {"type": "string", "enum": list(Ticket.Type.values)},
    "tier": {"type": "string", "enum": list(EVERY_TIER)},
    "clock": {"type": "string", "enum": list(Clock.Kind.values)},
    "minutes": {"type": "integer", "minimum": 1, "maximum": LONGEST_MINUTES},
    "measure": {"type": "string", "enum": list(Clock.Measure.values)},
}
LEVELS: dict[str, Member] = {
    "promises": listed(_promise, {"type": "object", "properties": PROMISE}, MOST_PROMISES),
    "step_minutes": Member(whole(MOST_STEP).read, whole(MOST_STEP).schema, is_required=True),
    "last_resort": Member(person, REFERENCE, is_required=True),
    "reason": words(300, is_required=True),
}
RULE: dict[str, Member] = {
    "name": words(80, is_required=True),
    "position": whole(10_000),
    "is_active": Member(yes, {"type": "boolean"}),
    "types": listed(_type, PROMISE["type"], len(Ticket.Type.values), is_required=False),
    "words": listed(_word, {"type": "string", "maxLength": 40}, MOST_WORDS, is_required=False),
    "category": Member(or_null(_category), {"type": ["string", "null"]}),
    "requesting": _maybe(department),
    "person": _maybe(person),
    "department": _maybe(department),
    "skill": words(40),
}
AGREEMENT: dict[str, Member] = {
    "providing": Member(department, REFERENCE, is_required=True),
    "requesting": _maybe(department),
    "first_answer_minutes": MINUTES,
    "solution_minutes": MINUTES,
    "measure": choice(Clock.Measure.values),
    "agreement": words(300, is_required=True),
}
# Who gets a new ticket: the first rule that fits, by its position.
RULES = Register(
    rows=RoutingRule.objects,
    related=("category", "requesting", "person", "department"),
    members=RULE,
    save=save_rule,
    delete=delete_rule,
    told=_rule,
)
# What departments agreed to do for each other, and by when.
AGREEMENTS = Register(
    rows=InternalLevel.objects,
    related=("providing", "requesting"),
    members=AGREEMENT,
    save=save_level,
    delete=delete_level,
    told=_agreement,
)
