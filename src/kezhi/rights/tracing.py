"""Where a person is: the rows that hang on them, and the rows that merely mention them, over all tables.

What hangs on a person follows from the models' foreign keys and from (kind, id) columns, so that no table can
be forgotten. What mentions them is found by their numbers and addresses, and by their name where nobody else
has it: in every text column of the database, whoever owns the table.
"""

# ruff: noqa: S608  # tables and columns are the database's own names
from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection, models

from kezhi.accounts.models import User
from kezhi.customers.marking import entries_of, marks_of, name_mark
from kezhi.customers.models import Contact, Customer, Identifier
from kezhi.records import registry

Person = Contact | Customer
LOG = ("audit_entry", "audit_change", "audit_sighting")
# Written by this app about an erasure itself, or holding nothing that anybody typed.
NOT_SEARCHED = frozenset(
    {
        *LOG, "audit_seal", "audit_redaction", "rights_erasure", "rights_suppression",
        "customers_donotcontact", "customers_consenttext", "django_migrations", "django_content_type",
        "insight_snapshot", "insight_tiermove", "insight_stagemove", "procrastinate_events",
        "procrastinate_workers", "procrastinate_periodic_defers",
    }
)  # fmt: skip
LEAST_NAME_HAN, LEAST_NAME_LATIN, LEAST_MARK = 2, 5, 5
OF_A_CONTACT = frozenset({"contact", "consent"})
HAN = re.compile(r"[\u3400-\u9fff]")
GAP = r"[-\s().]{0,2}"
SHORTEST = 6


@dataclass
class Trace:
    """`tied`: table → ids of rows that are the person's. `mentions`: table → ids of rows that name them."""

    person: Person
    tied: dict[str, list[int]] = field(default_factory=dict)
    mentions: dict[str, list[Any]] = field(default_factory=dict)
    pattern: str = ""
    own_pattern: str = ""  # with a name that others bear, too: only for rows of their customer

    @property
    def root(self) -> str:
        return "contact" if isinstance(self.person, Contact) else "customer"

    def add_attachments(self, ids: list[int]) -> None:
        """Files that name the person go as a whole, on whichever record they are."""
        known = set(self.tied.get("workbench_attachment", ()))
        if ids:
            self.tied["workbench_attachment"] = sorted(known | set(ids))

    def counts(self) -> dict[str, int]:
        """Rows by table, each counted once."""
        found = {table: len(ids) for table, ids in self.tied.items() if ids}
        for table, ids in self.mentions.items():
            beside = set(ids) - set(self.tied.get(table, ()))
            if beside:
                found[table] = found.get(table, 0) + len(beside)
        return found


def trace(person: Person) -> Trace:
    """Everything about the person. Reads every text column once: work for a job, not for a page."""
    found = Trace(person)
    found.tied = tied_to(person)
    words = _words(person)
    name, is_distinctive = person.name.strip(), is_only_bearer(person)
    found.pattern = pattern_of([*words, *([name] if is_distinctive else [])])
    found.own_pattern = pattern_of([*words, name])
    if found.pattern:
        for table, key, columns in text_columns():
            if ids := _mentioning(table, key, columns, found.pattern):
                found.mentions[table] = ids
        found.add_attachments(found.mentions.get("workbench_attachment", []))
    if not is_distinctive:
        _name_among_their_own(found)
    return found


# ---- what hangs on the person ----


def tied_to(person: Person) -> dict[str, list[int]]:
    """Rows by table that lead to the person: by foreign keys, then by kind and id."""
    root = type(person)
    found: dict[str, list[int]] = {root._meta.db_table: [person.pk]}
    waiting: list[tuple[type[models.Model], list[int]]] = [(root, [person.pk])]
    while waiting:
        target, ids = waiting.pop()
        for model, column in _pointing(target):
            if target is not root and column.remote_field.on_delete is not models.CASCADE:
                continue
            rows = model._base_manager.filter(**{f"{column.attname}__in": ids})
            new = set(rows.values_list("pk", flat=True)) - set(found.get(model._meta.db_table, ()))
            if new:
                found.setdefault(model._meta.db_table, []).extend(sorted(new))
                waiting.append((model, sorted(new)))
    for loose, kind, key in _by_kind_and_id():
        if hanging := _loose(loose, kind, key, root, found):
            known = found.get(loose._meta.db_table, ())
            found[loose._meta.db_table] = sorted({*known, *hanging})
    for table in _BARE if root is Customer else ():
        hanging = _ids(f"SELECT id FROM {table} WHERE customer_id = %s", [person.pk])
        found[table] = sorted({*found.get(table, ()), *hanging})
    return {table: ids for table, ids in found.items() if ids}


def _pointing(target: type[models.Model]) -> Iterator[tuple[type[models.Model], Any]]:
    for model in apps.get_models(include_auto_created=True):
        is_ours = model.__module__.startswith("kezhi.") and model._meta.db_table not in _SNAPSHOTS
        # What has several columns for a key is derived from rows that are found themselves.
        if not is_ours or isinstance(model._meta.pk, models.CompositePrimaryKey):
            continue
        for each in model._meta.local_concrete_fields:
            if each.remote_field is not None and each.remote_field.model is target:
                yield model, each


# Numbers only, millions of rows: they go with the customer by their own statement.
_SNAPSHOTS = frozenset({"insight_snapshot"})


# Tables of lower apps, which name the customer without a foreign key.
_BARE = ("accounts_share", "messaging_incoming", "messaging_outgoing")
# How tables name a record without a foreign key.
_PAIRS = (("kind", "object_id"), ("about_kind", "about_id"))


def _by_kind_and_id() -> list[tuple[type[models.Model], str, str]]:
    """Tables with such a pair of columns, and the pair."""
    found = []
    for model in apps.get_models():
        names = {each.name for each in model._meta.local_concrete_fields}
        if model.__module__.startswith("kezhi.") and model._meta.db_table not in LOG:
            found += [(model, kind, key) for kind, key in _PAIRS if {kind, key} <= names]
    return found


def _loose(
    model: type[models.Model],
    kind_column: str,
    key_column: str,
    root: type[models.Model],
    tied: dict[str, list[int]],
) -> list[int]:
    """What hangs on the tied records. A visit to a contact is the customer's, and so are its files."""
    found: list[int] = []
    for kind, ids in kinds_of(tied).items():
        if root is Contact and kind not in OF_A_CONTACT:
            continue
        rows = model._base_manager.filter(**{kind_column: kind, f"{key_column}__in": ids})
        found.extend(rows.values_list("pk", flat=True))
    return sorted(found)


def kinds_of(tied: dict[str, list[int]]) -> dict[str, list[int]]:
    """The tied rows that are records of a kind, by its name."""
    tables = {kind.model._meta.db_table: kind.name for kind in registry}
    return {tables[table]: ids for table, ids in tied.items() if table in tables}


# ---- what mentions the person ----


def is_only_bearer(person: Person) -> bool:
    """Whether the name is long enough, and in nobody else's: only then it says who is meant."""
    name = person.name.strip()
    least = LEAST_NAME_HAN if HAN.search(name) else LEAST_NAME_LATIN
    if len(name) < least:
        return False
    contacts = Contact.objects.filter(name__icontains=name)
    customers = Customer.objects.filter(name__icontains=name)
    if isinstance(person, Contact):
        contacts = contacts.exclude(pk=person.pk)
    else:
        customers = customers.exclude(pk=person.pk)
    others = (contacts, customers, User.objects.filter(name__icontains=name))
    return not any(rows.exists() for rows in others)


def _words(person: Person) -> list[str]:
    """Numbers and addresses by which they are known, as typed and in one form; their documents' numbers."""
    found = {str(entry).strip() for name, entry in entries_of(person).items() if name != "name"}
    found |= {mark[2:] for mark in marks_of(entries_of(person))}
    if isinstance(person, Customer):
        rows = Identifier.objects.filter(customer=person)
        found |= set(rows.values_list("number", flat=True))
        found.add(person.code if person.code and not person.code.startswith("C-") else "")
    return sorted(word for word in found if len(word) >= LEAST_MARK)


def pattern_of(words: list[str]) -> str:
    """One expression for PostgreSQL and Python alike. Numbers are found with blanks and dashes within."""
    parts = []
    for word in dict.fromkeys(words):
        digits = re.sub(r"\D", "", word)
        if len(digits) >= 7 and len(digits) >= len(re.sub(r"\s", "", word)) - 5 and "@" not in word:
            parts.append(r"(?<!\d)" + GAP.join(digits) + r"(?!\d)")
            continue
        parts.append(_escaped(word))
        inside = json.dumps(word, ensure_ascii=False)[1:-1]
        if inside != word:
            parts.append(_escaped(inside))
    return "|".join(sorted(parts, key=len, reverse=True))


def _escaped(word: str) -> str:
    return re.sub(r"([.^$*+?()\[\]{}|\\])", r"\\\1", word)


@cache
def _listed() -> tuple[tuple[str, str, tuple[tuple[str, str, int], ...]], ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.relname, k.attname, array_agg(a.attname::text ORDER BY a.attnum),
                      array_agg(format_type(a.atttypid, NULL) ORDER BY a.attnum),
                      array_agg(CASE WHEN a.atttypmod > 4 THEN a.atttypmod - 4 ELSE 0 END
                                ORDER BY a.attnum)
               FROM pg_class c
               JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
               JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND array_length(i.indkey, 1) = 1
               JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = i.indkey[0]
               JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                AND a.attgenerated = ''
               WHERE c.relkind = 'r' AND a.attnum <> k.attnum
                 AND format_type(a.atttypid, NULL) IN ('text', 'character varying', 'jsonb', 'json',
                     'text[]', 'character varying[]')
                 AND (a.atttypmod < 0 OR a.atttypmod - 4 >= %s)
               GROUP BY c.relname, k.attname ORDER BY c.relname""",
            [SHORTEST],
        )
        return tuple(
            (table, key, tuple(zip(names, types, lengths, strict=True)))
            for table, key, names, types, lengths in cursor.fetchall()
            if table not in NOT_SEARCHED
        )


def text_columns() -> tuple[tuple[str, str, tuple[tuple[str, str, int], ...]], ...]:
    """Table, its key, and its text columns: name, type, room (0: any). Read from the database itself."""
    return _listed()


def _mentioning(
    table: str, key: str, columns: tuple[tuple[str, str, int], ...], pattern: str
) -> list[Any]:
    texts = ", ".join(f'"{name}"::text' for name, _type, _room in columns)
    return _ids(
        f'SELECT "{key}" FROM "{table}" WHERE concat_ws(chr(31), {texts}) ~* %s ORDER BY 1',
        [pattern],
    )


def _name_among_their_own(found: Trace) -> None:
    """A common name counts in the rows of the customer whose person it is."""
    if isinstance(found.person, Customer):
        return
    customer = found.person.customer
    near = tied_to(customer)
    for table, key, columns in text_columns():
        ids = near.get(table)
        if not ids or table == "customers_contact":
            continue
        texts = ", ".join(f'"{name}"::text' for name, _type, _room in columns)
        more = _ids(
            f'SELECT "{key}" FROM "{table}" WHERE "{key}" = ANY(%s)'
            f" AND concat_ws(chr(31), {texts}) ~* %s",
            [ids, found.own_pattern],
        )
        if more:
            found.mentions[table] = sorted({*found.mentions.get(table, ()), *more})


def _ids(query: str, params: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return [row[0] for row in cursor.fetchall()]


# ---- the log ----


def logged(found: Trace) -> dict[str, tuple[list[int], list[int]]]:
    """Table of the log → ids of rows that are about the person's rows, and of rows that mention them."""
    kinds = kinds_of(found.tied)
    about: dict[str, list[int]] = defaultdict(list)
    with connection.cursor() as cursor:
        for kind, ids in kinds.items():
            model = registry.declared(kind).model._meta.model_name
            cursor.execute(
                "SELECT id FROM audit_entry WHERE subject_kind = %s AND subject_id = ANY(%s)",
                [model, ids],
            )
            about["audit_entry"] += [row[0] for row in cursor.fetchall()]
            cursor.execute(
                "SELECT id FROM audit_sighting WHERE kind = %s AND object_id = ANY(%s)", [kind, ids]
            )
            about["audit_sighting"] += [row[0] for row in cursor.fetchall()]
        for table, ids in found.tied.items():
            cursor.execute(
                "SELECT id FROM audit_change WHERE table_name = %s AND row_id = ANY(%s)",
                [table, ids],
            )
            about["audit_change"] += [row[0] for row in cursor.fetchall()]
    texts = {
        "audit_entry": "subject_title, reason, detail::text",
        "audit_change": "before::text, after::text",
        "audit_sighting": "title",
    }
    result = {}
    for table, columns in texts.items():
        mine = sorted(set(about[table]))
        named: list[int] = []
        if found.pattern:
            named = _ids(
                f"SELECT id FROM {table} WHERE concat_ws(chr(31), {columns}) ~* %s", [found.pattern]
            )
        result[table] = (mine, sorted(set(named) - set(mine)))
    return result


def marks_of_person(person: Person) -> set[str]:
    """What tells the person again: numbers, addresses, the code; a contact's name at its customer.

    The bare name of a customer does not: others may bear it.
    """
    found = {mark for mark in marks_of(entries_of(person)) if mark[0] != "a"}
    if isinstance(person, Contact):
        found.add(name_mark(person.name, person.customer.name))
    else:
        found.add(f"k:{person.code.lower()}")
    return found
