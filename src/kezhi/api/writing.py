"""Records as JSON: one reader a field, put together once a request and called once a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from kezhi.accounts.models import User
from kezhi.api.calling import Call
from kezhi.audit.sightings import Seen, note_sighting
from kezhi.records import DataClass, Field, FieldKind, Kind, registry
from kezhi.workbench import tagging
from kezhi.workbench.customizing import linking
from kezhi.workbench.holding import held

K = FieldKind
Reader = Callable[[Any], Any]
COLUMNS_BESIDE = ("version",)


def key_of(kind: Kind) -> str:
    """The field by which other systems name a record of the kind, beside its id; empty where there is none."""
    for each in kind.fields:
        column = own_column(kind, each) if each.kind is K.CODE else None
        if column is not None and column.unique:
            return each.name
    return ""


def own_column(kind: Kind, each: Field) -> models.Field[Any, Any] | None:
    """The table's column of the field, where it has one of its own."""
    try:
        column = kind.model._meta.get_field(each.path)
    except FieldDoesNotExist:
        return None
    return column if isinstance(column, models.Field) else None


def has_version(kind: Kind) -> bool:
    return any(column.attname == "version" for column in kind.model._meta.concrete_fields)


class Writer:
    """Writes records of a kind with the chosen fields; `attach` first gives a whole page what it needs."""

    def __init__(self, kind: Kind, fields: Sequence[Field]) -> None:
        self.kind, self.fields = kind, fields
        self._readers = [(each.name, _reader(each)) for each in fields]
        self._has_version = has_version(kind)

    def attach(self, records: Sequence[Any], call: Call) -> None:
        if any(each.kind is K.TAGS for each in self.fields):
            tagging.attach(self.kind.name, records)
        linking.attach(records, self.fields, call.actor)
        self._note_seen(records, call)

    def write(self, record: Any) -> dict[str, Any]:
        plain = {"id": record.pk}
        if self._has_version:
            plain["version"] = record.version
        for name, read in self._readers:
            plain[name] = read(record)
        return plain

    def _note_seen(self, records: Sequence[Any], call: Call) -> None:
        """Who reads personal data by a program leaves the same trace as on a page."""
        personal = [
            each
            for each in self.fields
            if each.data_class is DataClass.PERSONAL and not each.is_masked
        ]
        if not personal:
            return
        title = self.kind.field(self.kind.title)
        seen = [
            Seen(self.kind.name, record.pk, str(held(record, title) or record)[:60])
            for record in records
            if any(held(record, each) is not None for each in personal)
        ]
        note_sighting(seen, actor=call.actor, on=call.today, where="api")

    def needed(self) -> list[str]:
        """The columns that the fields are read from: the rest isn't fetched for a list."""
        paths = ["pk", *(COLUMNS_BESIDE if self._has_version else ())]
        for each in (*self.fields, self.kind.field(self.kind.title)):
            if each.kind is K.TAGS:
                continue
            if each.reads is not None:
                paths += each.takes
                continue
            paths.append(each.path)
            if each.kind is K.PERSON:
                paths.append(f"{each.path}__name")
            if each.kind is K.LINK:
                linked = registry.declared(each.link)
                names = {linked.title, key_of(linked)} - {""}
                found = (linked.field(name) for name in names)
                read = {path for field in found for path in (field.takes or (field.path,))}
                paths += [f"{each.path}__{path}" for path in sorted(read)]
        return list(dict.fromkeys(paths))


def _reader(each: Field) -> Reader:
    if each.is_masked:
        return lambda record: held(record, each)
    if each.reads is not None or each.kind is K.TAGS:
        return lambda record: plain(held(record, each), each)
    if "__" in each.path or each.kind in (K.LINK, K.PERSON):
        return lambda record: plain(held(record, each), each)
    get = attrgetter(each.path)

    def read(record: Any) -> Any:
        entry = get(record)
        if entry is None or entry == "":
            return None
        # The commonest first; bool is an int.
        if isinstance(entry, str | int):
            return entry
        return plain(entry, each)

    return read


def plain(entry: Any, each: Field) -> Any:
    """An entry as JSON has it: decimals as text, so that no digit is lost on the way."""
    if entry is None or isinstance(entry, str | int):
        return entry
    if isinstance(entry, Decimal):
        return format(entry, "f")
    if isinstance(entry, float):
        return round(entry, 6)
    if isinstance(entry, datetime):
        return moment(entry)
    if isinstance(entry, date):
        return entry.isoformat()
    if each.kind is K.TAGS:
        return [tag.name for tag in entry]
    if isinstance(entry, list | tuple):
        return list(entry)
    if each.kind is K.PERSON:
        return who(entry)
    if each.kind is K.LINK:
        return named(entry, registry.declared(each.link))
    return str(entry)


def named(record: Any, kind: Kind) -> dict[str, Any]:
    """A record that another one points to."""
    key = key_of(kind)
    told = {"id": record.pk}
    if key:
        told["key"] = held(record, kind.field(key))
    title = held(record, kind.field(kind.title))
    told["name"] = str(title if title is not None else record)
    return told


def who(person: User | None) -> dict[str, Any] | None:
    """A colleague."""
    return {"id": person.pk, "name": person.name} if person is not None else None


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
