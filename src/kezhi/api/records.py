"""Records of any kind: read, created, changed, deleted, one by one or many at once, by the pages' deeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import DataError, IntegrityError, transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.api.calling import Call, answered
from kezhi.api.entries import Fields, must_be_right
from kezhi.api.listing import chosen_fields
from kezhi.api.problems import Problem, not_found
from kezhi.api.taking import take
from kezhi.api.writes import Writes, writes_of
from kezhi.api.writing import Writer, has_version, key_of
from kezhi.core.ids import record_id
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.records import Kind
from kezhi.service.tickets.opening import first_words
from kezhi.workbench.customizing import linking
from kezhi.workbench.holding import held

Outcome = TypeVar("Outcome")
LONGEST_KEY = 200


def show(call: Call, kind_name: str) -> HttpResponse:
    kind = call.kind(kind_name)
    record = visible(call, kind)
    fields = chosen_fields(call, kind, [each.name for each in kind.fields])
    writer = Writer(kind, fields)
    writer.attach([record], call)
    take(1, call)
    content = writer.write(record)
    if not call.parameter("fields"):
        content |= beside(kind, record)
    return answered(content, headers=etag(record))


def create(call: Call, kind_name: str) -> HttpResponse:
    kind = call.kind(kind_name)
    call.must_may("create", kind_name)
    writes = writes_of(kind)
    fields = new_fields(call, kind, writes)
    record = create_one(call, writes, fields, call.object())
    headers = etag(record) | {"Location": f"/api/v1/{kind.address}/{record.pk}"}
    return answered(full(call, kind, record), 201, headers)


def edit(call: Call, kind_name: str) -> HttpResponse:
    kind = call.kind(kind_name)
    record = visible(call, kind, "edit")
    writes = writes_of(kind)
    fields = Fields(call, kind, writes.changeable, writes.required)
    saved = edit_one(call, writes, fields, record, call.object(), expected_version(call))
    return answered(full(call, kind, saved), headers=etag(saved))


def remove(call: Call, kind_name: str) -> HttpResponse:
    kind = call.kind(kind_name)
    record = visible(call, kind, "delete")
    version = expected_version(call, is_demanded=has_version(kind))
    delete_one(call, writes_of(kind), record, version)
    return HttpResponse(status=204)


def new_fields(call: Call, kind: Kind, writes: Writes) -> Fields:
    """Reads what a new record is told."""
    beside = {name: member.read for name, member in writes.beside.items()}
    return Fields(call, kind, writes.names, writes.required, beside=beside)


# ---- one deed, with what may go wrong told ----


def create_one(call: Call, writes: Writes, fields: Fields, sent: Any, at: str = "") -> Any:
    entries, wrong = fields.read(sent, is_new=True, at=at)
    must_be_right(wrong)
    given = {name: entry for name, entry in entries.items() if entry not in (None, "", [])}
    assert writes.create is not None
    deed = writes.create
    return done(lambda: deed(call, given))


def edit_one(
    call: Call,
    writes: Writes,
    fields: Fields,
    record: Any,
    sent: Any,
    version: int | None,
    at: str = "",
) -> Any:
    entries, wrong = fields.read(sent, is_new=False, at=at)
    must_be_right(wrong)
    changes = {}
    for name, entry in entries.items():
        if (entry if entry not in ("", []) else None) != held(record, fields.kind.field(name)):
            changes[name] = entry
    if version is not None and version != getattr(record, "version", version):
        raise Problem("changed-meanwhile", _("Somebody changed it since. Read it again."))
    if not changes:
        return record
    assert writes.edit is not None
    deed = writes.edit
    return done(lambda: deed(call, record, changes, version))


def delete_one(call: Call, writes: Writes, record: Any, version: int | None) -> None:
    if version is not None and version != getattr(record, "version", version):
        raise Problem("changed-meanwhile", _("Somebody changed it since. Read it again."))
    assert writes.delete is not None
    deed = writes.delete
    done(lambda: deed(call, record))


def done(deed: Callable[[], Outcome]) -> Outcome:
    """The deed in a transaction of its own (a savepoint within another), its refusals as problems."""
    try:
        with transaction.atomic():
            return deed()
    except NotAllowed as denied:
        raise Problem("forbidden", str(denied)) from denied
    except EditConflict as conflict:
        raise Problem("changed-meanwhile", str(conflict)) from conflict
    except Refused as refusal:
        raise Problem("refused", str(refusal)) from refusal
    except IntegrityError as error:
        raise Problem(
            "refused",
            _("This contradicts what is there: a number is taken, or something is missing."),
        ) from error
    except DataError as error:
        raise Problem("invalid", _("An entry is longer or larger than its field.")) from error


# ---- the record ----


def visible(call: Call, kind: Kind, action: str = "read") -> Any:
    """The record of the address, 404 for what isn't there or is a stranger's, 403 for what isn't permitted."""
    rows = kind.visible_to(call.actor).select_related(*kind.select_related)
    record = rows.filter(**_where(kind, call.parts["id"])).first()
    if record is None:
        raise not_found()
    if action != "read" and not kind.visible_to(call.actor, action).filter(pk=record.pk).exists():
        raise Problem("forbidden", _("This integration, or its owner, isn’t permitted this."))
    linking.attach([record], kind.fields, call.actor)
    return record


def _where(kind: Kind, reference: str) -> dict[str, Any]:
    """By id, or as `key:C-00042` by the key that other systems know."""
    if reference.startswith("key:"):
        key, wanted = key_of(kind), reference.removeprefix("key:")
        if key and 0 < len(wanted) <= LONGEST_KEY:
            return {kind.field(key).path: wanted}
        raise not_found()
    pk = record_id(reference)
    if pk is None:
        raise not_found()
    return {"pk": pk}


def full(call: Call, kind: Kind, record: Any) -> dict[str, Any]:
    """The record as it is now, with all that the actor may know of it."""
    rows = kind.model._default_manager.select_related(*kind.select_related)
    fresh = rows.get(pk=record.pk)
    writer = Writer(kind, list(kind.fields))
    writer.attach([fresh], call)
    return writer.write(fresh) | beside(kind, fresh)


# What stands beside the fields of a record that is answered by itself.
BESIDE: dict[str, Callable[[Any], dict[str, Any]]] = {
    "ticket": lambda ticket: {"text": first_words(ticket)},
}


def beside(kind: Kind, record: Any) -> dict[str, Any]:
    found = BESIDE.get(kind.name)
    return found(record) if found is not None else {}


def etag(record: Any) -> dict[str, str]:
    version = getattr(record, "version", None)
    return {} if version is None else {"ETag": f'"{version}"'}


def expected_version(call: Call, *, is_demanded: bool = False) -> int | None:
    """What `If-Match` says; None for `*` and for nothing."""
    said = str(call.request.META.get("HTTP_IF_MATCH", "")).strip()
    if not said and is_demanded:
        raise Problem(
            "precondition-required",
            _("Send If-Match with the ETag that you saw, or * to delete whatever it is by now."),
        )
    if said in ("", "*"):
        return None
    version = record_id(said.removeprefix("W/").strip('"'))
    if version is None:
        raise Problem("changed-meanwhile", _("This ETag isn’t of this record."))
    return version
