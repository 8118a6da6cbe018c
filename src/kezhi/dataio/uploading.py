"""A file comes in: stored under a name that nobody chose, understood, its columns matched to fields."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import Company, User
from kezhi.audit.recording import audited, note, traced_by
from kezhi.core.actor import Access, Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.dataio import guessing, parsing
from kezhi.dataio.fields import ImportField, Reading
from kezhi.dataio.models import BatchState, ImportBatch, RememberedMapping
from kezhi.dataio.problems import FileRefused
from kezhi.dataio.reading import MAX_BYTES, Choices, Table, open_table
from kezhi.dataio.registry import Loader, answers, default_options, loader_of
from kezhi.dataio.typing import Column
from kezhi.records import FieldKind, registry

MAX_WORDS = 30


def demand_permission(actor: Actor, kind: str) -> None:
    if not actor.may("import", kind):
        raise NotAllowed(_("Your role doesn't import these records. Ask a manager to do it."))


@audited("import.uploaded")
def upload(
    kind: str,
    file_name: str,
    chunks: Iterable[bytes],
    *,
    actor: Actor,
    on: date,
    choices: Mapping[str, Any] | None = None,
) -> ImportBatch:
    """Take in a file and match its columns; nothing is imported. Raises `FileRefused` and keeps nothing."""
    demand_permission(actor, kind)
    batch = ImportBatch(
        kind=kind,
        file_name=_shown_name(file_name),
        actor_id=actor.pk,
        choices=dict(choices or {}),
        size=0,
    )
    try:
        batch.size, batch.sha256 = _store(batch.path, chunks)
        understand(batch, on=on)
    except BaseException:
        batch.delete_files()
        raise
    batch.save()
    note(kind=kind, size=batch.size, sha256=batch.sha256)
    return batch


def _shown_name(name: str) -> str:
    """What the user called the file, for show only: no folders, nothing that turns text around."""
    bare = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in bare if c.isprintable()).strip()[:250] or "table"


def _store(path: Path, chunks: Iterable[bytes]) -> tuple[int, str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > MAX_BYTES:
                raise FileRefused("too_big", limit=MAX_BYTES >> 20)
            digest.update(chunk)
            file.write(chunk)
    return size, digest.hexdigest()


def fields_of(batch: ImportBatch) -> list[ImportField]:
    """What whoever brought the file may fill: without the fields that their role only reads, or less."""
    loader = loader_of(batch.kind)
    person = User.objects.filter(pk=batch.actor_id).first() if batch.actor_id else None
    if person is None:
        return list(loader.fields())
    needed = {name for group in loader.one_of for name in group}
    return [
        field
        for field in loader.fields()
        if field.is_required
        or field.name in needed
        or person.access(batch.kind, field.group) is Access.EDIT
    ]


def understand(batch: ImportBatch, *, on: date) -> Table:
    """Find out what the file is and guess its mapping; fills the batch without saving it."""
    loader = loader_of(batch.kind)
    fields = fields_of(batch)
    taken = {field.name for field in fields}
    others = [each for each in registry[batch.kind].fields if each.name not in taken]
    vocabulary = guessing.Headings(fields, others)
    table = open_table(batch.path, Choices(**batch.choices), vocabulary.is_known)
    facts = asdict(table)
    facts.update(path=table.path.name, sample=None)
    batch.facts = facts
    batch.options = {**default_options(loader), **batch.options}
    matches = guessing.guess(table.headings, table.sample, vocabulary)
    remembered = RememberedMapping.objects.filter(
        kind=batch.kind, signature=guessing.signature(table.headings)
    ).first()
    if remembered is not None:
        known = {h: f for h, f in remembered.fields.items() if not f or f in vocabulary.fields}
        matches = guessing.apply_remembered(matches, table.headings, known)
    batch.mapping = [
        {
            "field": match.field,
            "confidence": match.confidence,
            "reason": match.reason,
            "factor": str(match.factor),
            "day_first": None,
            "words": {},
        }
        for match in matches
    ]
    batch.facts["is_remembered"] = remembered is not None
    batch.preview = {"sample": [list(map(cut, row)) for row in table.sample[:50]]}
    batch.state = BatchState.UPLOADED
    return table


def cut(text: str) -> str:
    """A cell as a preview keeps it."""
    # The database keeps no NUL.
    return (text if len(text) <= 200 else text[:199] + "…").replace("\0", "·")


def table_of(batch: ImportBatch) -> Table:
    """The understood file again, without looking at it anew."""
    facts = {k: v for k, v in batch.facts.items() if k not in {"is_remembered", "sample"}}
    path = batch.path.parent / facts.pop("path")
    if not path.is_file():
        raise Refused(_("The uploaded file is no longer there. Upload it again."))
    for name in ("headings", "sheets"):
        facts[name] = tuple(facts[name])
    facts["skipped"] = tuple(tuple(row) for row in facts["skipped"])
    return Table(path=path, **facts)


@traced_by("import.done")
def reread(batch: ImportBatch, choices: Mapping[str, Any], *, actor: Actor, on: date) -> None:
    """The user says how the file is to be read: encoding, delimiter, sheet, heading row."""
    _demand_open(batch, actor)
    before = batch.choices
    batch.choices = dict(choices)
    try:
        understand(batch, on=on)
    except FileRefused:
        batch.choices = before
        raise
    batch.save()


@traced_by("import.done")
def match_columns(
    batch: ImportBatch,
    mapping: Sequence[Mapping[str, Any]],
    options: Mapping[str, Any],
    *,
    actor: Actor,
) -> None:
    """Set what each column means; the file has to be checked again before the import."""
    _demand_open(batch, actor)
    fields = {field.name: field for field in fields_of(batch)}
    if len(mapping) != len(batch.mapping):
        raise Refused(_("The columns of the file have changed. Load the page again."))
    changed = []
    for old, new in zip(batch.mapping, mapping, strict=True):
        name = str(new.get("field", "") or "")
        if name and name not in fields:
            raise FileRefused("no_such_field", field=name, fields=", ".join(sorted(fields)))
        is_same = name == old["field"]
        changed.append(
            {
                "field": name,
                "confidence": old["confidence"] if is_same else ("sure" if name else "none"),
                "reason": old["reason"] if is_same else "",
                "factor": str(Decimal(str(new.get("factor", old["factor"])) or "1")),
                "day_first": new.get("day_first", old["day_first"]),
                "words": _words(new.get("words", old["words"]), fields.get(name)),
            }
        )
    known_options = answers(loader_of(batch.kind))
    batch.mapping = changed
    batch.options = {
        name: answer(options.get(name, batch.options.get(name, default)))
        for name, (default, answer) in known_options.items()
    }
    batch.state = BatchState.UPLOADED
    batch.save()


def _words(words: Mapping[str, Any], field: ImportField | None) -> dict[str, str]:
    """What words of the file mean, as far as the field knows the meaning."""
    known = {key for key, _label in field.choices} if field else set()
    return {str(k)[:200]: str(v) for k, v in list(words.items())[:MAX_WORDS] if v in known}


def _demand_open(batch: ImportBatch, actor: Actor) -> None:
    demand_permission(actor, batch.kind)
    if not batch.is_open:
        raise Refused(_("This import is under way or finished and can't be changed."))


def remember(batch: ImportBatch) -> None:
    """The next file with the same headings is matched like this one."""
    headings = batch.facts["headings"]
    RememberedMapping.objects.update_or_create(
        kind=batch.kind,
        signature=guessing.signature(headings),
        defaults={
            "fields": {
                heading: entry["field"]
                for heading, entry in zip(headings, batch.mapping, strict=True)
                if heading
            }
        },
    )


def mapping_trouble(batch: ImportBatch) -> FileRefused | None:
    """Why the mapping can't work as it stands, if so; the file isn't read for it."""
    try:
        _chosen(batch)
    except FileRefused as refusal:
        return refusal
    return None


def _chosen(batch: ImportBatch) -> dict[str, int]:
    """Field → position of its column; raises `FileRefused` when one is missing or chosen twice."""
    loader = loader_of(batch.kind)
    fields = {field.name: field for field in fields_of(batch)}
    chosen: dict[str, int] = {}
    for index, entry in enumerate(batch.mapping):
        name = entry["field"]
        if name and name not in fields:
            raise FileRefused("no_such_field", field=name, fields=", ".join(sorted(fields)))
        if name in chosen:
            raise FileRefused("field_twice", field=str(fields[name].label))
        if name:
            chosen[name] = index
    _demand_fields(batch, loader, fields, chosen)
    return chosen


def columns_of(batch: ImportBatch, table: Table, *, on: date) -> list[Column]:
    """The matched columns with how their cells are meant; raises `FileRefused` when the mapping can't work."""
    fields = {field.name: field for field in fields_of(batch)}
    chosen = _chosen(batch)
    company = Company.current()
    columns = []
    for name, index in chosen.items():
        entry = batch.mapping[index]
        day_first = entry["day_first"]
        if day_first is None and fields[name].kind == FieldKind.DATE:
            day_first = _day_first(table, index)
        reading = Reading(
            factor=Decimal(entry["factor"]),
            day_first=day_first,
            words=entry["words"],
            currency=company.currency if company else "CNY",
            today=on,
        )
        columns.append(Column(index, fields[name], reading))
    return columns


def _demand_fields(
    batch: ImportBatch, loader: Loader, fields: Mapping[str, ImportField], chosen: Mapping[str, int]
) -> None:
    twins = [e for e in batch.mapping if e["reason"] == "same_heading" and not e["field"]]
    for name, field in fields.items():
        if field.is_required and name not in chosen:
            if twins:
                index = batch.mapping.index(twins[0])
                raise FileRefused("duplicate_headings", heading=batch.facts["headings"][index])
            raise FileRefused("field_missing", field=str(field.label))
    for group in loader.one_of:
        if not any(name in chosen for name in group):
            labels = ", ".join(str(fields[name].label) for name in group)
            raise FileRefused("one_field_of", fields=labels)


def _day_first(table: Table, index: int) -> bool | None:
    """Look through the whole column when its sample has dates such as 03/04/2025."""
    seen = [row[index] for row in table.sample if index < len(row)]
    if not any(parsing.YEAR_LAST.fullmatch(text.strip()) for text in seen):
        return None
    texts: set[str] = set()
    for batch in table.batches():
        texts.update(batch.columns[index].unique().to_pylist())
        if len(texts) > 100_000:
            break
    return parsing.day_comes_first(sorted(texts))


def earlier_import(batch: ImportBatch) -> ImportBatch | None:
    """The last finished import of exactly this file, if there is one."""
    return (
        ImportBatch.objects.filter(kind=batch.kind, sha256=batch.sha256, state=BatchState.DONE)
        .exclude(pk=batch.pk)
        .order_by("-id")
        .first()
    )
