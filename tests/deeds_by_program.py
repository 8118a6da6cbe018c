"""Which deeds the operations of the API come to: read from the code, from each handler on.

A deed counts where an operation calls it, by whatever helpers; what a deed calls in turn doesn't.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator, Mapping
from functools import cache, partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from kezhi.api import bulk, records
from kezhi.api import operations as listed
from kezhi.api.operation import Operation
from kezhi.api.operations import operations
from kezhi.api.writes import writes_of
from kezhi.audit import recording
from kezhi.records import registry

# What the handlers that are the same for every kind do by the kind's own deeds.
BY_KIND: dict[Any, tuple[str, ...]] = {
    records.create: ("create",),
    records.edit: ("edit",),
    records.remove: ("delete",),
    bulk.run: ("create", "edit", "delete"),
}
# What lists deeds or operations without doing them.
LISTS = (listed.operations, writes_of, recording.deeds)


@cache
def reached() -> dict[str, list[str]]:
    """Deed → the operations that do it."""
    found: dict[str, list[str]] = {}
    for operation in operations():
        for deed in sorted(deeds_of(operation)):
            found.setdefault(deed, []).append(operation.name)
    return found


def deeds_of(operation: Operation) -> set[str]:
    found, seen = set(), set()
    todo: list[Any] = [operation.handler, *_of_kind(operation)]
    while todo:
        thing = todo.pop()
        deed = getattr(thing, "deed_name", None)
        if isinstance(deed, str):
            found.add(deed)
        elif id(thing) not in seen and not any(thing is each for each in LISTS):
            seen.add(id(thing))
            todo.extend(_within(thing))
    return found


def _of_kind(operation: Operation) -> Iterator[Any]:
    function = operation.handler.func if isinstance(operation.handler, partial) else None
    for name in BY_KIND.get(function, ()):
        yield getattr(writes_of(registry[operation.kind]), name)


def _within(thing: Any) -> Iterator[Any]:
    """What it may call."""
    if isinstance(thing, partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif isinstance(thing, MethodType):
        yield from (thing.__func__, thing.__self__)
    elif isinstance(thing, Mapping):
        yield from (each for each in thing.values() if callable(each))
    elif isinstance(thing, FunctionType):
        if thing.__module__.startswith("kezhi."):
            yield from (cell.cell_contents for cell in thing.__closure__ or ())
            yield from _named(thing.__code__, thing.__globals__)
    elif isinstance(thing, type):
        yield from (each for each in vars(thing).values() if isinstance(each, FunctionType))
    elif type(thing).__module__.startswith("kezhi.api") and hasattr(thing, "__dict__"):
        yield from (each for each in vars(thing).values() if callable(each))


def _named(code: CodeType, names: Mapping[str, Any]) -> Iterator[Any]:
    """The functions that the code names, its own modules' and imported ones, those within it too."""
    base: Any = None
    for step in dis.get_instructions(code):
        if step.opname == "IMPORT_NAME":
            base = sys.modules.get(step.argval)
        elif step.opname == "LOAD_GLOBAL":
            base = names.get(step.argval)
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM"):
            base, owner = getattr(base, step.argval, None), base
            if not isinstance(owner, ModuleType):
                continue
            if step.opname == "IMPORT_FROM":
                yield base
                base = owner
                continue
        else:
            continue
        is_class = isinstance(base, type) and base.__module__.startswith("kezhi.api")
        if is_class or isinstance(base, FunctionType | MethodType | partial | Mapping):
            yield base
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _named(each, names)
