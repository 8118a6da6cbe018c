"""A person is forgotten: rows by their treatment, mentions, files, log; kept is only that it happened.

What the company must keep (orders, costs) stays as facts under a pseudonym. Erasures are written down a second
time in the data folder, because a database restored from an older copy doesn't know them: `reapply` does
them again, and `kezhi restore` calls it.
"""

# ruff: noqa: S608  # tables and columns are the database's own names
from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from kezhi.audit.recording import as_one_batch, audited, note
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.progress import Progress, silent
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.core.restoring import Restored, after_restore
from kezhi.customers.marking import digest, digests
from kezhi.customers.matching_keeping import keep_all
from kezhi.customers.models import Contact, Customer, Standing
from kezhi.records.treatment import treatments
from kezhi.rights import holding_back, log_redacting, remembering
from kezhi.rights.files import Files, forget_in_files
from kezhi.rights.models import DataRequest, Erasure, Suppression
from kezhi.rights.tracing import Person, Trace, logged, marks_of_person, text_columns, trace
from kezhi.workbench.models import Attachment
from kezhi.workbench.searching.filling import close_own_gaps

STEPS = 6
# What the pseudonym is made of: no word of a language, so that it reads alike in both.
PSEUDONYM = "ERASED-{number}"
DELETED = frozenset({"with customer", "by kind and id", "by the clock"})
# Facts that stay, and what of them somebody may have typed about the person.
FREE_TEXTS = {"custom": "'{}'::jsonb", "remark": "''"}


@dataclass
class Plan:
    """What an erasure will do, table by table."""

    deleted: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    redacted: dict[str, int] = field(default_factory=dict)
    logged: int = 0
    files: int = 0
    holds: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "deleted": self.deleted,
            "kept": self.kept,
            "redacted": self.redacted,
            "logged": self.logged,
            "files": self.files,
            "holds": self.holds,
        }


def plan_erasure(person: Person, progress: Progress = silent) -> Plan:
    """The dry run: nothing changes."""
    progress(0, 2, _("Looking for the person"))
    found = trace(person)
    progress(1, 2, _("Looking through the log and the files"))
    plan = _planned(found)
    plan.logged = sum(len(about) + len(named) for about, named in logged(found).values())
    plan.files = Files.of(found).count
    plan.holds = holding_back.reasons_for(person)
    return plan


def _planned(found: Trace) -> Plan:
    plan = Plan()
    for table, ids in found.tied.items():
        goes = _goes(found, table)
        (plan.deleted if goes else plan.kept)[table] = len(ids)
    for table, ids in found.mentions.items():
        gone = set(found.tied.get(table, ())) if _goes(found, table) else set()
        if beside := set(ids) - gone:
            plan.redacted[table] = len(beside)
    return plan


def _goes(found: Trace, table: str) -> bool:
    """Whether tied rows of the table are deleted: those of a contact that belong to its customer stay."""
    if table in ("customers_customer", "customers_standing"):
        return False
    if table == "customers_contact":
        return True
    if found.root == "contact" and table not in CONTACTS_OWN:
        return table in {"workbench_attachment", "workbench_tagging", "workbench_searchdocument"}
    known = treatments().get(table)
    return known is not None and known.erasure in DELETED


# Rows of a contact that are nobody else's; others (a visit, a promise) are the customer's and lose the name.
CONTACTS_OWN = frozenset({"customers_consent", "customers_importantdate", "service_portalaccount"})


@audited("person.erased")
def erase_person(
    person: Person,
    *,
    actor: Actor,
    at: datetime,
    request: DataRequest | None = None,
    again: Erasure | None = None,
    progress: Progress = silent,
) -> Erasure:
    """Forget the person everywhere. Raises `Refused` while a legal hold stands against it.

    Whoever calls has seen to four eyes (`rights.requesting`), except after a restore.
    """
    if not actor.may("edit", "data_right"):
        raise NotAllowed(_("Your role doesn't erase people."))
    if reasons := holding_back.reasons_for(person):
        raise Refused(_("A legal hold stands against it: %(reason)s") % {"reason": reasons[0]})
    told = person  # by its name the log speaks of the deed
    person = type(person)._default_manager.select_for_update(of=("self",)).get(pk=person.pk)
    progress(0, STEPS, _("Looking for the person"))
    found = trace(person)
    erasure = again or _written_down(found, at, request)
    progress(1, STEPS, _("Emptying the log"))
    counts: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('kezhi.erasing', 'on', true)")
    rows = logged(found)
    files = Files.of(found)
    found.add_attachments(files.attached)
    with as_one_batch():
        progress(2, STEPS, _("Taking the name out of rows"))
        counts |= _redact_mentions(found, erasure.pseudonym)
        progress(3, STEPS, _("Deleting rows"))
        customers = _customers_of(found)
        counts |= _delete(found)
        if isinstance(person, Customer):
            counts |= _anonymise(person, found, erasure.pseudonym)
        keep_all(customers)
    counts["log"] = log_redacting.redact(rows, found.pattern, erasure.pseudonym, str(erasure.key))
    progress(4, STEPS, _("Files"))
    counts["files"] = files.count
    erasure.counts = counts
    erasure.save()
    close_own_gaps()
    note(erasure=str(erasure.key), counts=counts)
    progress(5, STEPS, _("Files"))
    pattern, pseudonym = found.pattern, erasure.pseudonym
    told.name = pseudonym
    transaction.on_commit(lambda: forget_in_files(files, pattern, pseudonym))
    transaction.on_commit(lambda: remembering.write_down(erasure))
    return erasure


def reapply(restored: Restored) -> int:
    """Do every erasure again whose person came back with an older copy of the database; how many did."""
    remembering.read_back(restored.at)
    done = 0
    for erasure in Erasure.objects.order_by("erased_at", "pk"):
        person = _back(erasure)
        if person is None:
            continue
        erase_person(person, actor=SYSTEM, at=restored.at, again=erasure)
        erasure.reapplied_at = restored.at
        erasure.save(update_fields=["reapplied_at"])
        done += 1
    return done


def register() -> None:
    after_restore("rights.erasures")(reapply)


def _back(erasure: Erasure) -> Person | None:
    """The erased person, if they are there again: by id, and by one of their marks."""
    model: Any = Contact if erasure.root == "contact" else Customer
    found: Person | None = model._default_manager.filter(pk=erasure.root_id).first()
    if found is None:
        return None
    marks = digests(marks_of_person(found))
    return found if marks.keys() & set(erasure.digests) else None


def _written_down(found: Trace, at: datetime, request: DataRequest | None) -> Erasure:
    marks = sorted(digest(mark) for mark in marks_of_person(found.person))
    erasure = Erasure.objects.create(
        key=uuid.uuid4(),
        request=request,
        root=found.root,
        root_id=found.person.pk,
        pseudonym=str(uuid.uuid4()),
        digests=marks,
        erased_at=at,
    )
    erasure.pseudonym = PSEUDONYM.format(number=erasure.pk)
    erasure.save(update_fields=["pseudonym"])
    Suppression.objects.bulk_create(
        Suppression(erasure=erasure, digest=each, since=at) for each in marks
    )
    return erasure


# ---- rows ----


def _redact_mentions(found: Trace, pseudonym: str) -> dict[str, int]:
    """The pseudonym in the place of numbers, addresses and name, in every row that names the person."""
    counts = {}
    known = {table: (key, columns) for table, key, columns in text_columns()}
    for table, ids in found.mentions.items():
        key, columns = known[table]
        words = found.own_pattern
        sets = ", ".join(_redacted(*column) for column in columns)
        with connection.cursor() as cursor:
            cursor.execute(
                f'UPDATE "{table}" SET {sets} WHERE "{key}" = ANY(%(ids)s)',
                {"pattern": words, "pseudonym": pseudonym, "ids": ids},
            )
        counts[f"redacted:{table}"] = len(ids)
    return counts


def _redacted(name: str, type_: str, room: int) -> str:
    if type_ in ("jsonb", "json"):
        return f'"{name}" = kezhi_redact_json("{name}"::jsonb, %(pattern)s, %(pseudonym)s)::{type_}'
    changed = f"regexp_replace(\"{name}\"::text, %(pattern)s, %(pseudonym)s, 'gi')"
    if type_ == "character varying" and room:
        changed = f"left({changed}, {int(room)})"
    return f'"{name}" = ({changed})::{type_}'


def _customers_of(found: Trace) -> list[int]:
    person = found.person
    return [person.pk if isinstance(person, Customer) else person.customer_id]


def _delete(found: Trace) -> dict[str, int]:
    """Tied rows that go, those that point to others first: what can't be deleted yet waits for its turn."""
    counts: dict[str, int] = {}
    waiting = [table for table in found.tied if _goes(found, table)]
    by_table = {model._meta.db_table: model for model in _our_models()}
    for _attempt in range(len(waiting) + 1):
        later = []
        for table in waiting:
            rows = by_table[table]._base_manager.filter(pk__in=found.tied[table])
            try:
                with transaction.atomic():
                    counts[f"deleted:{table}"] = len(found.tied[table])
                    rows.delete()
            except (models.ProtectedError, models.RestrictedError):
                later.append(table)
        if not later or later == waiting:
            break
        waiting = later
    if later:
        raise Refused(
            _("Rows in %(tables)s still point to the person. Tell the maintainers.")
            % {"tables": ", ".join(later)}
        )
    if isinstance(found.person, Customer):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM insight_snapshot WHERE customer_id = %s", [found.person.pk])
            counts["deleted:insight_snapshot"] = cursor.rowcount
    return counts


def _our_models() -> list[type[models.Model]]:
    from django.apps import apps

    return [m for m in apps.get_models(include_auto_created=True) if m._meta.managed]


def _anonymise(customer: Customer, found: Trace, pseudonym: str) -> dict[str, int]:
    """The customer's own row under the pseudonym, and the free texts of the facts that stay."""
    code = f"{pseudonym}-{customer.pk}"[:40]
    blank = {
        column.name: ""
        for column in Customer._meta.concrete_fields
        if isinstance(column, models.CharField | models.TextField)
        and column.name not in ("code", "name", "name_key", "form")
    }
    Customer.objects.filter(pk=customer.pk).update(
        **{
            **blank,
            "code": code,
            "name": pseudonym,
            "name_key": pseudonym.lower(),
            "custom": {},
            "confirmed_on": None,
            "completeness": None,
        }
    )
    place = customer.place
    Standing.objects.filter(pk=customer.pk).delete()
    Standing.objects.create(customer_id=customer.pk, **place)
    counts = {"anonymised:customers_customer": 1}
    for table, ids in found.tied.items():
        if _goes(found, table) or table == "customers_customer":
            continue
        counts |= _empty(table, ids)
    return counts


def _empty(table: str, ids: list[int]) -> dict[str, int]:
    known = {
        column for name, _key, columns in text_columns() if name == table for column, *_ in columns
    }
    sets = [f'"{column}" = {empty}' for column, empty in FREE_TEXTS.items() if column in known]
    if not sets:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE "{table}" SET {", ".join(sets)} WHERE id = ANY(%s)', [ids])
    return {f"kept:{table}": len(ids)}


__all__ = ["Attachment", "Plan", "erase_person", "plan_erasure", "reapply"]
