"""`kezhi doctor`: what an administrator would look at, looked at, each with what to do about it.

Checks only read. One that itself fails is a finding, not a fault of the whole.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)


class Health(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, in words, and what to do where it isn't good."""

    check: str
    title: str
    health: Health
    says: str
    remedy: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """What a check found; its name and title are its registration's."""

    health: Health
    says: str
    remedy: str = ""
    details: dict[str, Any] = field(default_factory=dict)


Check = Callable[[datetime], Said]
_checks: dict[str, tuple[str | Promise, Check]] = {}


def check(name: str, title: str | Promise) -> Callable[[Check], Check]:
    """Register `check(at) -> Said`; apps above and beside this one may, too."""

    def register(look: Check) -> Check:
        _checks[name] = (title, look)
        return look

    return register


def good(says: str, **details: Any) -> Said:
    return Said(Health.GOOD, says, "", details)


def warning(says: str, remedy: str, **details: Any) -> Said:
    return Said(Health.WARNING, says, remedy, details)


def bad(says: str, remedy: str, **details: Any) -> Said:
    return Said(Health.BAD, says, remedy, details)


def look(*, at: datetime, only: Iterable[str] = ()) -> list[Finding]:
    """Every finding, in the order of registration."""
    wanted = set(only)
    return [
        _looked_at(name, title, function, at)
        for name, (title, function) in _checks.items()
        if not wanted or name in wanted
    ]


def names() -> list[str]:
    return list(_checks)


def worst(findings: Iterable[Finding]) -> Health:
    order = list(Health)
    return max((each.health for each in findings), key=order.index, default=Health.GOOD)


def _looked_at(name: str, title: str | Promise, function: Check, at: datetime) -> Finding:
    try:
        # A question that fails mustn't spoil the next one's transaction.
        with transaction.atomic():
            said = function(at)
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "?"
        said = bad(
            _("This couldn’t be looked at: %(reason)s") % {"reason": reason},
            _("See whether the database answers, and look again."),
        )
    except Exception as error:
        logger.exception("The check %s failed", name)
        said = bad(
            _("This couldn’t be looked at: %(reason)s") % {"reason": error},
            _("See the log of the process for details."),
        )
    return Finding(name, str(title), said.health, said.says, said.remedy, said.details)


def ask(question: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(question, parameters)
        return cursor.fetchall()
