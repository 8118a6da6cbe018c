"""The form of any kind of record: its controls, what was typed, what it means or why it means nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.core.ids import record_id
from kezhi.core.refusal import Refused
from kezhi.dataio import parsing, problems
from kezhi.dataio.fields import ImportField, Reading
from kezhi.records import Field, FieldKind, Kind, registry
from kezhi.web.records.cells import unit_of
from kezhi.web.records.options import Option, exactly, options
from kezhi.web.requests import PersonRequest
from kezhi.workbench.holding import held
from kezhi.workbench.models import Tag
from kezhi.workbench.operands import FIRST, LAST
from kezhi.workbench.tagging import clean, understood

K = FieldKind
# The macro's control for each kind; the others are text.
CONTROLS = {
    K.LONG_TEXT: "textarea",
    K.PHONE: "tel",
    K.EMAIL: "email",
    K.INTEGER: "number",
    K.QUANTITY: "number",
    K.SHARE: "number",
    K.MONEY: "money",
    K.DATE: "date",
    K.MOMENT: "datetime-local",
    K.BOOLEAN: "checkbox",
    K.CHOICE: "select",
    K.PERSON: "select",
    K.LINK: "link",
    K.MULTI_CHOICE: "several",
    K.TAGS: "tags",
}
SEVERAL = "\n"  # between several entries of one field
WIDE = (K.LONG_TEXT, K.LINK, K.MULTI_CHOICE, K.TAGS)


@dataclass(frozen=True)
class Control:
    """One field of the form as it stands now; `typed` is text as in the request."""

    field: Field
    kind: str
    typed: str = ""
    error: str = ""
    is_required: bool = False
    options: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    rows: list[Option] = dataclasses.field(default_factory=list)
    search: str = ""
    unit: str = ""
    is_wide: bool = False
    chosen: tuple[str, ...] = ()  # of several entries: the keys, or the names of tags


@dataclass(frozen=True)
class FormSection:
    """Controls under a heading; without a title there is none."""

    title: str
    controls: list[Control]


@dataclass
class RecordForm:
    """The controls in the declared order and, after `read`, the typed entries by field name."""

    request: PersonRequest
    kind: Kind
    controls: dict[str, Control]
    entries: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def is_valid(self) -> bool:
        return not any(control.error for control in self.controls.values())

    @property
    def sections(self) -> list[FormSection]:
        """The controls under the headings of the kind's layout; what no section names comes first."""
        left = dict(self.controls)
        found = []
        for section in self.kind.sections:
            its = [left.pop(name) for name in section.fields if name in left]
            if its:
                found.append(FormSection(str(section.title), its))
        return [FormSection("", list(left.values())), *found] if left else found

    @classmethod
    def of(
        cls,
        request: PersonRequest,
        kind: Kind,
        record: Any = None,
        only: Sequence[str] | None = None,
    ) -> RecordForm:
        """With the record's entries, else with the model's defaults and what the address suggests.

        `only` names the fields where not the whole form is asked.
        """
        form = cls(request, kind, {})
        for name in kind.form if only is None else only:
            each = kind.field(name)
            typed = (
                form._typed(each, held(record, each))
                if record is not None
                else form._suggested(each)
            )
            form.controls[name] = form._control(each, typed)
        return form

    def read(self, data: QueryDict) -> RecordForm:
        """Take what was sent; each field is understood or gets its error."""
        for name in list(self.controls):
            each = self.kind.field(name)
            control = self._control(each, _sent(each, data), data.get(f"{name}_search", ""))
            try:
                self.entries[name] = self._entry(control)
            except parsing.Bad as bad:
                words = " ".join(problems.explain(bad.code, {**bad.params, "field": each.label}))
                control = replace(control, error=words.strip())
            except ValueError as error:
                control = replace(control, error=str(error))
            self.controls[name] = control
        return self

    def searching(self, data: QueryDict) -> RecordForm:
        """What was sent, kept without judging it: somebody looked for a record to link."""
        for name in list(self.controls):
            each = self.kind.field(name)
            search = data.get(f"{name}_search", "")
            self.controls[name] = self._control(each, _sent(each, data), search)
        return self

    def _suggested(self, each: Field) -> str:
        if each.name in self.request.GET:
            return self.request.GET[each.name][: each.max_length]
        if each.kind is K.PERSON and each.is_required:
            return str(self.request.actor.pk)
        column = _column(self.kind, each)
        if column is None or not column.has_default():
            return ""
        if callable(column.default) and each.kind is not K.MULTI_CHOICE:
            return ""
        return self._typed(each, column.get_default())

    def _typed(self, each: Field, entry: Any) -> str:
        """As the control holds it; a moment by the company's clock."""
        if isinstance(entry, datetime):
            return f"{entry.astimezone(self.request.company.zone):%Y-%m-%dT%H:%M}"
        return _typed(each, entry)

    def _control(self, each: Field, typed: str, search: str = "") -> Control:
        column = _column(self.kind, each)
        # A choice that the table can't leave open is required, whatever the declaration says.
        is_required = each.is_required or (
            each.kind is K.CHOICE and column is not None and not column.blank
        )
        unit = unit_of(each, self.request.company.currency)
        rows: list[Option] = []
        if each.kind is K.LINK:
            rows = options(
                self.request, registry[each.link].seen_by(self.request.actor), search, [typed]
            )
        return Control(
            each,
            CONTROLS.get(each.kind, "text"),
            typed,
            is_required=is_required,
            options=_options(each),
            rows=rows,
            search=search,
            unit=unit,
            is_wide=each.kind in WIDE,
            chosen=tuple(part for part in typed.split(SEVERAL) if part)
            if each.kind in (K.MULTI_CHOICE, K.TAGS)
            else (),
        )

    def _entry(self, control: Control) -> Any:
        each = control.field
        if each.kind is K.BOOLEAN:
            return bool(control.typed)
        if each.kind is K.LINK:
            return self._linked(control)
        if each.kind is K.PERSON:
            return self._person(control)
        if each.kind is K.MULTI_CHOICE:
            return self._several(control)
        if each.kind is K.TAGS:
            return self._tags(control)
        told = self._moment(control) if each.kind is K.MOMENT else self._parsed(control)
        if told is None:
            if control.is_required:
                raise ValueError(_("Fill this in."))
            return None if _is_null(self.kind, each) else ""
        return self._fitting(each, told)

    def _parsed(self, control: Control) -> Any:
        """As a cell of an imported file is read; None for a blank."""
        each = control.field
        reading = Reading(currency=self.request.company.currency, today=self.request.today)
        accepted = ImportField.of(
            each,
            places=_places(self.kind, each),
            at_least_zero=each.kind is K.INTEGER and not each.is_custom,
        )
        text = parsing.parse(control.typed, accepted, reading)
        return None if text is None else _native(each, text)

    def _moment(self, control: Control) -> datetime | None:
        """Day and time by the company's clock; None for a blank."""
        typed = control.typed.strip()
        if not typed:
            return None
        try:
            told = datetime.fromisoformat(typed[:40])
        except ValueError:
            told = None
        if told is None or not FIRST <= told.date() <= LAST:
            raise ValueError(_("Write day and time as 2026-11-20 09:30."))
        local = told if told.tzinfo else told.replace(tzinfo=self.request.company.zone)
        return local.astimezone(UTC)

    def _fitting(self, each: Field, entry: Any) -> Any:
        """What the table itself would refuse is said here, at the field."""
        column = _column(self.kind, each)
        if column is not None:
            try:
                column.run_validators(entry)
            except ValidationError as error:
                raise ValueError(" ".join(error.messages)) from error
        return entry

    def _linked(self, control: Control) -> Any:
        linked = registry[control.field.link]
        if (pk := record_id(control.typed)) is not None:
            found = linked.visible_to(self.request.actor).filter(pk=pk).first()
            if found is not None:
                return found
        named = exactly(self.request, linked, control.search.strip()) if control.search else []
        if len(named) == 1:
            return named[0]
        if control.search.strip() and control.rows:
            raise ValueError(_("Choose one of those found."))
        if control.is_required or control.search.strip() or control.typed:
            raise ValueError(_("Type a part of the name and choose from the list."))
        return None

    def _person(self, control: Control) -> Any:
        if not control.typed and not control.is_required:
            return None
        person = User.objects.active().filter(pk=record_id(control.typed)).first()
        if person is None:
            raise ValueError(_("Choose a colleague."))
        return person

    def _several(self, control: Control) -> list[str]:
        """In the order of the declaration, whatever the order in which they were ticked."""
        known = [key for key, _label in control.field.choices]
        if any(key not in known for key in control.chosen):
            raise ValueError(_("Choose one of the entries."))
        if control.is_required and not control.chosen:
            raise ValueError(_("Choose at least one."))
        return [key for key in known if key in control.chosen]

    def _tags(self, control: Control) -> list[Tag]:
        """Tags by name; a new name becomes a tag when the form is saved, where the role allows it."""
        try:
            return understood(control.chosen, self.request.actor)
        except Refused as refusal:
            raise ValueError(str(refusal)) from refusal


def _sent(each: Field, data: QueryDict) -> str:
    """What the request says of a field; several entries in one text."""
    if each.kind is K.MULTI_CHOICE:
        return SEVERAL.join(data.getlist(each.name))
    if each.kind is K.TAGS:
        # Chips, and what stands in the text box when somebody sends the form without choosing.
        typed = data.get(f"{each.name}_typed", "").replace("，", ",").split(",")
        names = [clean(name) for name in [*data.getlist(each.name), *typed]]
        return SEVERAL.join(name for name in names if name)
    return data.get(each.name, "")


def _options(each: Field) -> list[tuple[str, str]]:
    if each.kind is K.PERSON:
        people = User.objects.active().order_by("name_key").values_list("pk", "name")
        return [(str(pk), name) for pk, name in people]
    has_choices = each.kind in (K.CHOICE, K.MULTI_CHOICE)
    return [(key, str(label)) for key, label in each.choices] if has_choices else []


def _typed(each: Field, entry: Any) -> str:
    """An entry as the control holds it."""
    if entry is None or entry is False:
        return ""
    if entry is True:
        return "1"
    if isinstance(entry, Decimal):
        is_share = each.kind is K.SHARE
        text = f"{entry * 100 if is_share else entry:f}"
        plain = text.rstrip("0").rstrip(".") if "." in text else text
        return f"{plain}%" if is_share else plain
    if isinstance(entry, date):
        return entry.isoformat()
    if each.kind in (K.LINK, K.PERSON):
        return str(entry.pk)
    if isinstance(entry, list | tuple):
        return SEVERAL.join(str(part) for part in entry)
    return str(entry)


def _native(each: Field, text: str) -> Any:
    if each.kind is K.INTEGER:
        return int(text)
    if each.is_number:
        return Decimal(text)
    return date.fromisoformat(text) if each.kind is K.DATE else text


def _column(kind: Kind, each: Field) -> models.Field[Any, Any] | None:
    """The table's column of the field, where it has one of its own."""
    try:
        column = kind.model._meta.get_field(each.path)
    except FieldDoesNotExist:
        return None
    return column if isinstance(column, models.Field) else None


def _is_null(kind: Kind, each: Field) -> bool:
    column = _column(kind, each)
    return column is None or column.null


def _places(kind: Kind, each: Field) -> int:
    column = _column(kind, each)
    return getattr(column, "decimal_places", None) or (each.decimals or 0)
