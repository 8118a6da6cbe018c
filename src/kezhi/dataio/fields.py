"""What a kind of record accepts from a file: its import fields. The owner of the kind declares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import override

from kezhi.core.normal_form import normal_form
from kezhi.records import Field, FieldKind, registry

Label = str | Promise
TAG_NAMES = ("标签", "标记", "標籤", "tags", "tag", "labels")
LONGEST_TAGS = 4_000  # fifty tags of sixty characters, with what stands between them


@dataclass(frozen=True)
class ImportField:
    """One field: how it is called in files, what its cells contain, and what must hold.

    `names` are headings, in any language, that mean this field; the first ones serve as headings of the sample
    file. A CODE identifies a record: a number that a spreadsheet has rounded is refused there. `places` is how
    many decimals are kept. `words` maps further words, by `plain_word`, to the stored entry of a choice.
    """

    name: str
    label: Label
    kind: FieldKind = FieldKind.TEXT
    names: Sequence[str] = ()
    is_required: bool = False
    max_length: int = 200
    places: int = 2
    at_least_zero: bool = False
    largest: int = 32_000  # of whole numbers
    not_after_today: bool = False
    choices: Sequence[tuple[str, Label]] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    example: str = ""
    example_zh: str = ""
    group: str = "general"  # of the kind: who may not edit the group may not fill it from a file
    is_custom: bool = False

    @classmethod
    def of(cls, declared: Field, **changes: Any) -> ImportField:
        """The import field of a declared field of the kind."""
        given: dict[str, Any] = {
            "name": declared.name,
            "label": declared.label,
            "kind": declared.kind,
            "names": tuple(declared.import_names),
            "is_required": declared.is_required,
            "max_length": declared.max_length,
            "places": 2 if declared.decimals is None else declared.decimals,
            "choices": tuple(declared.choices),
            "group": declared.group,
            "is_custom": declared.is_custom,
        }
        if declared.is_custom:
            # A file that brings records up to date needn't repeat what they have; new ones must have it.
            given.update(is_required=False, largest=10**13 - 1)
        further = {plain_word(said): key for said, key in changes.get("words", {}).items()}
        words = {**_words(declared), **further}
        return cls(**{**given, **changes, "words": words})

    def heading(self, language: str) -> str:
        """The heading in a sample file: the first name that is (or isn't) Chinese."""
        wants_chinese = language.startswith("zh")
        for name in self.names:
            if wants_chinese != name.isascii():
                return name
        return self.name if self.names else str(self.label)


def _words(declared: Field) -> dict[str, str]:
    """A file may name a choice in either language, whatever the reader's."""
    words: dict[str, str] = {}
    for language in ("zh-hans", "en"):
        with override(language):
            words |= {plain_word(str(label)): key for key, label in declared.choices}
    return words


def plain_word(text: str) -> str:
    """What two ways to write a choice have in common: neither case nor the width of signs tells them apart."""
    return normal_form("NFKC", text).strip().casefold()


@dataclass(frozen=True)
class Reading:
    """How the cells of one column are to be understood beyond what its field says."""

    factor: Decimal = Decimal(1)  # the heading says 万元: every cell counts ten thousand
    day_first: bool | None = None  # of 03/04/2025; None: not known
    words: Mapping[str, str] = field(default_factory=dict)  # what the user said unknown words mean
    currency: str = "CNY"
    today: date | None = None


def declared_fields(
    kind: str,
    examples: Mapping[str, tuple[str, str]],
    changes: Mapping[str, Mapping[str, Any]],
    *,
    with_custom: bool = False,
) -> list[ImportField]:
    """The importable fields of a kind; by their names, an example (English, Chinese) and changes.

    `with_custom`: the company's own fields and tags, too, by a loader that writes them.
    """
    fields = []
    for declared in registry[kind].fields:
        if declared.is_importable and not declared.is_custom:
            english, chinese = examples.get(declared.name, ("", ""))
            more = changes.get(declared.name, {})
            fields.append(ImportField.of(declared, example=english, example_zh=chinese, **more))
    return [*fields, *own_fields(kind)] if with_custom else fields


def own_fields(kind: str) -> list[ImportField]:
    """What a company adds to the records of a kind: its custom fields, and tags where they take them."""
    fields = []
    for declared in registry[kind].fields:
        if declared.kind is FieldKind.TAGS:
            more: dict[str, Any] = {"names": TAG_NAMES, "max_length": LONGEST_TAGS}
            fields.append(
                ImportField.of(declared, example="VIP; tea", example_zh="重点; 茶", **more)
            )
        elif declared.is_importable and declared.is_custom:
            fields.append(ImportField.of(declared))
    return fields
