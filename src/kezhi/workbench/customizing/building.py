"""From the company's definitions to the declaration that everything generic reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Value
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Coalesce
from django.utils.functional import lazy
from django.utils.translation import get_language, pgettext_lazy

from kezhi.records import DataClass, Field, FieldKind, Kind
from kezhi.records.fields import Label, Section
from kezhi.workbench.customizing.formula import names_in
from kezhi.workbench.customizing.linking import linked
from kezhi.workbench.models import CustomField, Layout

K = FieldKind
TEXTS = (K.TEXT, K.LONG_TEXT, K.PHONE, K.EMAIL, K.URL)
NUMBERS = (K.INTEGER, K.QUANTITY, K.MONEY, K.SHARE)
SORTABLE = (K.TEXT, K.CHOICE, K.DATE, *NUMBERS)
SEARCHABLE = (K.TEXT, K.LONG_TEXT, K.PHONE, K.EMAIL, K.URL)
LENGTHS = {K.LONG_TEXT: 4000, K.EMAIL: 254, K.PHONE: 40, K.URL: 500}
OTHERS = pgettext_lazy("section of a form", "Custom fields")


def _chosen(zh: str, en: str) -> str:
    return (zh or en) if (get_language() or "").startswith("zh") else (en or zh)


in_language: Callable[[str, str], Label] = lazy(_chosen, str)


class IsoDateField(models.TextField):  # type: ignore[type-arg]
    """A day kept as ISO text: compared as text it keeps its order, and an index serves."""

    def from_db_value(self, entry: str | None, expression: Any, connection: Any) -> date | None:
        return None if entry is None else date.fromisoformat(entry)

    def get_prep_value(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else super().get_prep_value(value)


def number_column() -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=24, decimal_places=6)


def built(definition: CustomField) -> Field:
    """The field of a definition in use."""
    kind = FieldKind(definition.field_kind)
    is_computed = bool(definition.formula)
    return Field(
        name=definition.key,
        label=in_language(definition.label_zh, definition.label_en),
        kind=kind,
        choices=tuple(
            (each["key"], in_language(each["zh"], each["en"])) for each in definition.choices
        ),
        link=definition.link,
        unit=definition.unit,
        help=in_language(definition.help_zh, definition.help_en),
        is_required=definition.is_required,
        is_editable=not is_computed,
        is_searchable=definition.is_searchable and kind in SEARCHABLE,
        is_sortable=definition.is_sortable and kind in SORTABLE,
        is_filterable=True,
        # Sensitive entries are made one at a time: each needs the consent of its person.
        is_importable=not is_computed and definition.data_class != DataClass.SENSITIVE,
        data_class=DataClass(definition.data_class),
        import_names=tuple(
            dict.fromkeys(n for n in (definition.label_zh, definition.label_en) if n)
        ),
        decimals=_decimals(kind, definition.decimals),
        max_length=LENGTHS.get(kind, 200),
        total="sum" if kind in (K.INTEGER, K.QUANTITY, K.MONEY) else "",
        group=definition.group,
        expression=expression_of(definition.key, kind),
        reads=reader_of(definition.key, kind, definition.link),
        takes=("custom",),
        is_custom=True,
    )


def _decimals(kind: FieldKind, said: int | None) -> int | None:
    if kind is K.INTEGER:
        return 0
    if kind in (K.MONEY, K.QUANTITY):
        return 2 if said is None else said
    return (said or 0) if kind is K.SHARE else None


def expression_of(key: str, kind: FieldKind, column: str = "custom") -> Any:
    """The typed entry in SQL, as the indexes of `indexing` have it; `column` may lead over relations."""
    text = KeyTextTransform(key, column)
    if kind is K.INTEGER:
        return Cast(text, models.BigIntegerField())
    if kind in NUMBERS:
        return Cast(text, number_column())
    if kind in (K.PERSON, K.LINK):
        return Cast(text, models.BigIntegerField())
    if kind is K.DATE:
        return Cast(text, IsoDateField())
    if kind is K.BOOLEAN:
        return Coalesce(Cast(text, models.BooleanField()), Value(False))
    if kind is K.MULTI_CHOICE:
        return Func(
            KeyTransform(key, column),
            template="ARRAY(SELECT jsonb_array_elements_text(%(expressions)s))",
            output_field=ArrayField(models.TextField()),
        )
    return Cast(text, models.TextField())


def reader_of(key: str, kind: FieldKind, link: str) -> Callable[[Any], Any]:
    """How the entry is taken from a record."""
    if kind in (K.PERSON, K.LINK):
        other = "person" if kind is K.PERSON else link
        return lambda record: linked(record, other, record.custom.get(key))
    if kind is K.BOOLEAN:
        return lambda record: bool(record.custom.get(key))
    return lambda record: native(kind, record.custom.get(key))


def native(kind: FieldKind, entry: Any) -> Any:
    """What is kept as JSON, as the type that the product works with; None where nothing is kept."""
    if entry is None or entry == "" or entry == []:
        return None
    if kind is K.INTEGER:
        return int(entry)
    if kind in NUMBERS:
        return Decimal(str(entry))
    return date.fromisoformat(entry) if kind is K.DATE else entry


def completed(kind: Kind, definitions: Sequence[CustomField], layout: Layout | None) -> Kind:
    """The declared kind with the company's fields in use, in the company's layout."""
    in_use = [each for each in definitions if each.is_in_use]
    if not in_use and layout is None:
        return kind
    own = {each.name: each for each in kind.fields}
    sources = {each.key: names_in(each.formula) for each in in_use}
    fields = {each.key: built(each) for each in in_use}
    custom = tuple(
        replace(each, derived_from=_groups(each.name, sources, {**own, **fields}))
        for each in fields.values()
    )
    whole = replace(kind, fields=(*kind.fields, *custom))
    form = [*kind.form, *(each.name for each in custom if each.is_editable)] if kind.form else []
    panel = [*kind.properties, *(each.name for each in custom)]
    sections = sections_of(whole, layout)
    order = {name: at for at, name in enumerate(n for each in sections for n in each.fields)}
    left_out = set(layout.not_in_form) if layout else set()
    off_panel = set(layout.not_on_panel) if layout else set()
    columns = [name for name in layout.columns if name in whole] if layout else []
    last = len(order)
    return replace(
        whole,
        form=tuple(
            sorted(
                (n for n in form if n not in left_out or must_stand(whole, n)),
                key=lambda name: order.get(name, last),
            )
        ),
        properties=tuple(
            sorted((n for n in panel if n not in off_panel), key=lambda n: order.get(n, last))
        ),
        columns=tuple(columns) or kind.columns,
        sections=sections,
    )


def _groups(
    name: str, sources: Mapping[str, frozenset[str]], fields: Mapping[str, Field]
) -> tuple[str, ...]:
    """The groups of all that a computed field is computed from, at however many removes."""
    seen: set[str] = set()
    ahead = [name]
    while ahead:
        for source in sources.get(ahead.pop(), ()):
            if source not in seen and source in fields:
                seen.add(source)
                ahead.append(source)
    return tuple(sorted({fields[source].group for source in seen}))


def must_stand(kind: Kind, name: str) -> bool:
    """Whether the form can't do without the field: nothing could be created any more."""
    return kind.field(name).is_required


def placed(kind: Kind) -> list[str]:
    """The fields that a layout orders: those of the form and of the panel, each once."""
    custom = [each.name for each in kind.fields if each.is_custom]
    return list(dict.fromkeys([*kind.form, *kind.properties, *custom]))


def sections_of(kind: Kind, layout: Layout | None) -> tuple[Section, ...]:
    """The sections, whole: what the layout doesn't name follows in the last one."""
    known = placed(kind)
    named: set[str] = set()
    sections = []
    for said in layout.sections if layout else ():
        names = tuple(n for n in said["fields"] if n in known and n not in named)
        named.update(names)
        sections.append(Section(in_language(said["zh"], said["en"]), names))
    rest = [name for name in known if name not in named]
    if not sections:
        own = tuple(n for n in rest if not kind.field(n).is_custom)
        sections.append(Section("", own))
        rest = [name for name in rest if name not in own]
    if rest:
        sections.append(Section(OTHERS, tuple(rest)))
    return tuple(each for each in sections if each.fields)
