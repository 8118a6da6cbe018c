"""Every deed runs in one transaction and leaves one audit row in it."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from django.db import connection, models, transaction

from kezhi.audit.models import Entry
from kezhi.core import events
from kezhi.core.actor import Actor
from kezhi.core.repeating import repeated

P = ParamSpec("P")
R = TypeVar("R")

_details: ContextVar[dict[str, Any] | None] = ContextVar("kezhi_audit_details", default=None)
_heard: ContextVar[list[uuid.UUID] | None] = ContextVar("kezhi_audit_heard", default=None)
deeds: dict[str, Callable[..., Any]] = {}
# What apps above put in order at the end of the outermost deed, in its transaction.
on_finishing: list[Callable[[], None]] = []


def audited(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function a deed: `@audited("quote.issued") def issue_quote(quote, *, actor, on)`.

    The subject is the first positional argument if it is a record, else what the deed returns. A deed called
    by another deed joins its transaction and writes its own row. `reason=` is kept when the deed takes one.
    A deed that the database gave up for another one's sake is repeated.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def deed(*args: P.args, **kwargs: P.kwargs) -> R:
            return repeated(lambda: once(*args, **kwargs), (*args, *kwargs.values()))

        def once(*args: P.args, **kwargs: P.kwargs) -> R:
            actor: Actor = kwargs["actor"]  # type: ignore[assignment]
            key = uuid.uuid4()
            token = _details.set({})
            try:
                with transaction.atomic():
                    outer, heard_by = _begin(str(key), name)
                    outcome = function(*args, **kwargs)
                    records = [a for a in (*args, outcome) if isinstance(a, models.Model)]
                    subject = records[0] if records else None
                    _write(name, key, actor, subject, str(kwargs.get("reason", "") or ""))
                    if heard_by:
                        events.tell(heard_by, events.Event(key, name, records))
                    for finish in on_finishing if not outer else ():
                        finish()
                    _mark(outer)
            finally:
                _details.reset(token)
            if (heard := _heard.get()) is not None:
                heard.append(key)
            return outcome

        deed.deed_name = name  # type: ignore[attr-defined]
        deeds[name] = deed
        return deed

    return decorate


def traced_by(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a step that leaves its trace elsewhere: in the row of the deed `name`, which it prepares or
    calls, or in a row that it writes itself by `record`. The test that demands a trace asks for this."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        function.traced_by = name  # type: ignore[attr-defined]
        return function

    return decorate


@contextmanager
def listening() -> Iterator[list[uuid.UUID]]:
    """The keys of the deeds that are done within, in the order in which they end: an undo asks for them."""
    keys: list[uuid.UUID] = []
    token = _heard.set(keys)
    try:
        yield keys
    finally:
        _heard.reset(token)


@contextmanager
def as_one_batch() -> Iterator[None]:
    """Within a deed: the rows changed here leave no before and after each; the deed's own row tells them.

    Nothing is to be undone after an exception: the mark ends with the transaction.
    """
    _set_bulk("on")
    yield
    _set_bulk("")


def _set_bulk(mark: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('kezhi.bulk', %s, true)", [mark])


def note(**detail: Any) -> None:
    """Add JSON-able facts to the audit row of the deed that is running."""
    details = _details.get()
    if details is None:
        raise RuntimeError("note() outside a deed")
    details.update(detail)


def record(deed: str, *, actor: Actor, subject: models.Model | None = None, **detail: Any) -> None:
    """A row for what isn't a change: an export, a reveal, a sign-in."""
    Entry.objects.create(
        key=uuid.uuid4(),
        deed=deed,
        actor_id=actor.pk,
        actor_name=actor.name,
        detail={**detail, **_by_program(actor)},
        **_subject(subject),
    )


@traced_by("its own rows")
def record_each(deed: str, subjects: Sequence[models.Model], *, actor: Actor) -> None:
    """Within a deed that did the same to many records at once: a row each, and whoever listens is told."""
    entries = [
        Entry(
            key=uuid.uuid4(),
            deed=deed,
            actor_id=actor.pk,
            actor_name=actor.name,
            detail={**_in_place_of(actor, subject), **_by_program(actor)},
            **_subject(subject),
        )
        for subject in subjects
    ]
    Entry.objects.bulk_create(entries)
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(name) FROM core_listening WHERE %s = ANY(deeds)", [deed])
        (heard_by,) = cursor.fetchone()
    if heard_by:
        for entry, subject in zip(entries, subjects, strict=True):
            events.tell(heard_by, events.Event(entry.key, deed, [subject]))


def _begin(key: str, name: str) -> tuple[str, list[str]]:
    """Tell the triggers which deed runs; returns the one that ran before, and who listens to deeds of that
    name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(current_setting('kezhi.deed', true), ''), set_config('kezhi.deed', %s, true),"
            " (SELECT array_agg(name) FROM core_listening WHERE %s = ANY(deeds))",
            [key, name],
        )
        outer, _key, heard_by = cursor.fetchone()
    return str(outer), heard_by or []


def _mark(key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('kezhi.deed', %s, true)", [key])


def _write(
    name: str, key: uuid.UUID, actor: Actor, subject: models.Model | None, reason: str
) -> None:
    Entry.objects.create(
        key=key,
        deed=name,
        actor_id=actor.pk,
        actor_name=actor.name,
        reason=reason[:500],
        detail={
            **(_details.get() or {}),
            **_in_place_of(actor, subject),
            **_by_program(actor),
        },
        **_subject(subject),
    )


def _in_place_of(actor: Actor, subject: models.Model | None) -> dict[str, Any]:
    """Whose place the actor took: they may touch the record only because its owner is away."""
    if subject is None:
        return {}
    owner = getattr(subject, "assignee_id", None) or getattr(subject, "owner_id", None)
    principal = actor.acts_for(owner) if isinstance(owner, int) else None
    if principal is None:
        return {}
    return {"in_place_of": principal.pk, "in_place_of_name": principal.name}


def _by_program(actor: Actor) -> dict[str, Any]:
    """Through which integration the actor did it, where it was a program of theirs."""
    if actor.program is None:
        return {}
    return {"by_integration": actor.program.pk, "by_integration_name": actor.program.name}


def _subject(subject: models.Model | None) -> dict[str, Any]:
    if subject is None:
        return {}
    return {
        "subject_kind": subject._meta.model_name or "",
        "subject_id": subject.pk if isinstance(subject.pk, int) else None,
        "subject_title": str(subject)[:250],
    }
