"""What lists are filtered by though no column shows it: whether a customer is in a segment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from kezhi.core.actor import Access, Actor
from kezhi.records import Condition, Field, Kind
from kezhi.records.fields import Label

if TYPE_CHECKING:
    from kezhi.workbench.filtering.meaning import Asking

Answer = tuple[Q, str, tuple[Field, ...]]


@dataclass(frozen=True)
class Question(Field):
    """`means` gives the predicate, the operand in words and the fields that the predicate reads; it raises
    `Unusable` for what this actor can't ask. `options` are the entries to choose from; `needs` is what the
    actor must be allowed."""

    comparisons: tuple[str, ...] = ("in",)
    means: Callable[[Condition, Asking], Answer] | None = None
    options: Callable[[Actor], Sequence[tuple[str, Label]]] | None = None
    needs: tuple[str, str] | None = None


_questions: dict[str, dict[str, Question]] = {}
_of_every_kind: list[Callable[[Kind], Sequence[Question]]] = []


def ask_of_every_kind(questions: Callable[[Kind], Sequence[Question]]) -> None:
    """What is asked of each kind by what it is made of; said once, by `workbench` itself."""
    _of_every_kind.append(questions)


def ask(kind: str, question: Question) -> None:
    """A kind of record is filtered by this, too."""
    _questions.setdefault(kind, {})[question.name] = question


def questions_of(kind: Kind, actor: Actor | None = None) -> list[Question]:
    every = [*_questions.get(kind.name, {}).values()]
    every += [each for questions in _of_every_kind for each in questions(kind)]
    return [each for each in every if actor is None or _may_ask(kind, each, actor)]


def _may_ask(kind: Kind, question: Question, actor: Actor) -> bool:
    """Whoever doesn't see a group of fields in full can't ask by way of it, either."""
    is_allowed = question.needs is None or actor.may(*question.needs)
    return is_allowed and actor.access(kind.name, question.group) >= Access.READ
