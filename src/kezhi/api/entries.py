"""What a program sent for the fields of a record: understood exactly, or told what is wrong, field by field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.api.calling import Call, pointer
from kezhi.api.problems import Problem
from kezhi.api.writing import key_of, own_column
from kezhi.core.refusal import Refused
from kezhi.dataio import parsing, problems
from kezhi.dataio.fields import ImportField, Reading
from kezhi.records import Field, FieldKind, Kind, registry
from kezhi.workbench.operands import FIRST, LAST
from kezhi.workbench.tagging import clean, understood

K = FieldKind
NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,20})?")
LARGEST = 2**63 - 1
MOST_TAGS = 50
Problems = list[tuple[str, str]]


class Wrong(ValueError):
    """The sentence for the field."""


@dataclass
class Fields:
    """Reads entries for some fields of a kind. Links that were looked up once are kept for a whole bulk.

    `beside` reads what a new record takes that isn't a field of it.
    """

    call: Call
    kind: Kind
    names: Sequence[str]
    required: frozenset[str] = frozenset()
    known: dict[tuple[str, Any], Any] = field(default_factory=dict)
    beside: Mapping[str, Callable[[Call, Any], Any]] = field(default_factory=dict)
    _accepted: dict[str, ImportField] = field(default_factory=dict)

    def read(self, sent: Any, *, is_new: bool, at: str = "") -> tuple[dict[str, Any], Problems]:
        """The entries by field name, and what is wrong; whatever can't be written is refused by name."""
        if not isinstance(sent, dict):
            return {}, [(at, _("Send an object of fields."))]
        entries: dict[str, Any] = {}
        wrong: Problems = []
        for name, entry in sent.items():
            place = f"{at}/{pointer(name)}"
            is_beside = is_new and name in self.beside
            if name not in self.names and not is_beside:
                wrong.append((place, _("There is no such field to write here.")))
                continue
            try:
                entries[name] = (
                    self.beside[name](self.call, entry)
                    if is_beside
                    else self._entry(self.kind.field(name), entry)
                )
            except parsing.Bad as bad:
                about = {**bad.params, "field": self.kind.field(name).label}
                wrong.append((place, " ".join(problems.explain(bad.code, about)).strip()))
            except (Wrong, Refused) as reason:
                wrong.append((place, str(reason)))
        if is_new:
            told = {place for place, _said in wrong}
            missing = (f"{at}/{name}" for name in self._missing(entries))
            wrong += [(place, _("Fill this in.")) for place in missing if place not in told]
        else:
            wrong += [
                (f"{at}/{name}", _("Fill this in."))
                for name, entry in entries.items()
                if entry in (None, "", []) and self.is_required(self.kind.field(name))
            ]
        return entries, wrong

    def is_required(self, each: Field) -> bool:
        """Whether a record can't be without it: by its declaration, or because its table can't."""
        column = own_column(self.kind, each)
        is_open = column is None or column.blank or column.has_default()
        is_asked = each.is_required or each.name in self.required
        return is_asked or (each.kind is K.CHOICE and not is_open)

    def must_be_given(self, each: Field) -> bool:
        """Whether a new record needs it said: no default stands in, nor the person who asks."""
        column = own_column(self.kind, each)
        has_default = column is not None and column.has_default()
        return self.is_required(each) and not has_default and each.kind is not K.PERSON

    def _missing(self, entries: Mapping[str, Any]) -> list[str]:
        return [
            name
            for name in self.names
            if entries.get(name) in (None, "", []) and self.must_be_given(self.kind.field(name))
        ]

    def _entry(self, each: Field, entry: Any) -> Any:
        if each.kind is K.BOOLEAN:
            if not isinstance(entry, bool):
                raise Wrong(_("Send true or false."))
            return entry
        if each.kind is K.MULTI_CHOICE:
            return _several(each, entry)
        if each.kind is K.TAGS:
            return tags(entry, self.call)
        if entry is None:
            return self._nothing(each)
        if each.kind is K.LINK:
            return self.linked(each.link, entry)
        if each.kind is K.PERSON:
            return self.person(entry)
        return self._fitting(each, self._plain(each, entry))

    def _nothing(self, each: Field) -> Any:
        column = own_column(self.kind, each)
        return None if column is None or column.null else ""

    def _plain(self, each: Field, entry: Any) -> Any:
        if each.kind is K.CHOICE:
            if not isinstance(entry, str) or entry not in dict(each.choices):
                raise Wrong(_("Send the key of one of the choices."))
            return entry
        if each.is_number:
            return self._number(each, entry)
        if each.kind is K.MOMENT:
            return moment(entry)
        if not isinstance(entry, str):
            raise Wrong(_("Send a text."))
        if each.kind is K.DATE:
            return day(entry)
        text = parsing.parse(entry, self._of(each), self._reading)
        return self._nothing(each) if text is None else text

    def _number(self, each: Field, entry: Any) -> Any:
        number = decimal(entry)
        is_whole = number == number.to_integral_value() and abs(number) <= LARGEST
        if each.kind is K.INTEGER and not is_whole:
            raise Wrong(_("Send a whole number."))
        text = f"{number * 100:f}%" if each.kind is K.SHARE else f"{number:f}"
        read = parsing.parse(text, self._of(each), self._reading)
        if read is None:
            return None
        return int(read) if each.kind is K.INTEGER else Decimal(read)

    def _of(self, each: Field) -> ImportField:
        known = self._accepted.get(each.name)
        if known is None:
            column = own_column(self.kind, each)
            places = getattr(column, "decimal_places", None) or (each.decimals or 0)
            at_least_zero = each.kind is K.INTEGER and not each.is_custom
            known = self._accepted[each.name] = ImportField.of(
                each, places=places, at_least_zero=at_least_zero
            )
        return known

    @property
    def _reading(self) -> Reading:
        return Reading(currency=self.call.company.currency, today=self.call.today)

    def _fitting(self, each: Field, entry: Any) -> Any:
        """What the table itself would refuse is said here, at the field."""
        column = own_column(self.kind, each)
        if column is not None and entry not in (None, ""):
            try:
                column.run_validators(entry)
            except ValidationError as error:
                raise Wrong(" ".join(error.messages)) from error
        return entry

    def linked(self, kind: str, sent: Any) -> Any:
        """A record that the actor sees, by id (7, or {"id": 7}) or by key ({"key": "C-00007"})."""
        by, wanted = reference(sent)
        if (kind, wanted) not in self.known:
            found = find(self.call, kind, by, wanted)
            if found is None:
                raise Wrong(_("There is no such record, or it is somebody else’s."))
            self.known[kind, wanted] = found
        return self.known[kind, wanted]

    def person(self, sent: Any) -> User:
        """A colleague who works here, by id or by sign-in name as the key."""
        by, wanted = reference(sent)
        if ("person", wanted) not in self.known:
            where = {"pk": wanted} if by == "id" else {"login": wanted}
            person = User.objects.active().filter(**where).first()
            if person is None:
                raise Wrong(_("Choose a colleague."))
            self.known["person", wanted] = person
        person_: User = self.known["person", wanted]
        return person_


def reference(sent: Any) -> tuple[str, Any]:
    """How a record is pointed to: ("id", 7) or ("key", "C-00007")."""
    if isinstance(sent, dict):
        named = {name: entry for name, entry in sent.items() if name in ("id", "key")}
        if "id" in named:
            sent = named["id"]
        elif isinstance(named.get("key"), str):
            key = named["key"].strip()
            if not 0 < len(key) <= 200:
                raise Wrong(_("Send an id, or an object with id or key."))
            return "key", key
    if isinstance(sent, int) and not isinstance(sent, bool) and 0 <= sent <= LARGEST:
        return "id", sent
    raise Wrong(_("Send an id, or an object with id or key."))


def find(call: Call, kind_name: str, by: str, wanted: Any, action: str = "read") -> Any:
    """The record, as far as the actor may do `action` on it; None else."""
    kind = registry.declared(kind_name)
    if not call.actor.may("read", kind_name):
        return None
    rows = kind.visible_to(call.actor, action)
    if by == "id":
        return rows.filter(pk=wanted).first()
    key = key_of(kind)
    return rows.filter(**{kind.field(key).path: wanted}).first() if key else None


def decimal(entry: Any) -> Decimal:
    """A number, or a text that says one in plain digits."""
    if isinstance(entry, bool) or not isinstance(entry, int | Decimal | str):
        raise Wrong(_('Send a number, or a text such as "1234.50".'))
    if isinstance(entry, str):
        if not NUMBER.fullmatch(entry):
            raise Wrong(_('Send a number, or a text such as "1234.50".'))
        return Decimal(entry)
    if isinstance(entry, int):
        if abs(entry) > 10**30:
            raise Wrong(_("This number is too large."))
        return Decimal(entry)
    if not entry.is_finite() or entry.adjusted() > 30:
        raise Wrong(_("This number is too large."))
    # What is smaller than any of our columns can hold is nothing.
    return entry if entry.adjusted() > -30 else Decimal(0)


def day(entry: Any) -> date:
    try:
        found = date.fromisoformat(entry) if isinstance(entry, str) else None
    except ValueError:
        found = None
    if found is None or not FIRST <= found <= LAST:
        raise Wrong(_("Send a day such as 2026-11-20."))
    return found


def moment(entry: Any) -> datetime:
    try:
        found = datetime.fromisoformat(entry) if isinstance(entry, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not FIRST <= found.date() <= LAST:
        raise Wrong(_("Send a moment with its offset, such as 2026-11-20T09:30:00+08:00."))
    return found.astimezone(UTC)


def _several(each: Field, entry: Any) -> list[str]:
    known = [key for key, _label in each.choices]
    if entry is None:
        entry = []
    if not isinstance(entry, list) or any(key not in known for key in entry):
        raise Wrong(_("Send a list of keys of the choices."))
    return [key for key in known if key in entry]


def tags(entry: Any, call: Call) -> list[Any]:
    names = [] if entry is None else entry
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Wrong(_("Send a list of tags."))
    if len(names) > MOST_TAGS:
        raise Wrong(_("At most %(count)d tags.") % {"count": MOST_TAGS})
    cleaned = (clean(name[:200]) for name in names)
    return understood([name for name in cleaned if name], call.actor)


def must_be_right(wrong: Problems) -> None:
    if wrong:
        raise Problem("invalid", errors=wrong)
