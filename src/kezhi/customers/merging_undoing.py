"""A merge taken back within 30 days: both records as they were, with what was theirs.

What was written since stays with the survivor, unless it says itself whose it is (talk with a contact who
goes back). A field that somebody changed since is left as it is, and said.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from kezhi.audit.recording import as_one_batch, audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers import merging_references as refs
from kezhi.customers.matching_keeping import keep_all
from kezhi.customers.merging import on_merged
from kezhi.customers.models import Contact, Customer, DuplicatePair, Merge, Standing
from kezhi.customers.placing import follow_place
from kezhi.records import registry

ROOTS: dict[str, type[models.Model]] = {"customer": Customer, "contact": Contact}
BOOKKEEPING = frozenset({"version", "updated_at", "completeness", "name_key"})


@audited("merge.undone")
def undo_merge(merge: Merge, *, actor: Actor, at: datetime) -> Merge:
    """Take the two records apart again; `merge.kept` says what stayed as it was because it changed since."""
    row = Merge.objects.select_for_update().filter(pk=merge.pk).first()
    if row is None or not actor.may("create", "merge"):
        raise NotAllowed(_("Your role doesn't merge records."))
    root = ROOTS[row.kind]
    manager: Any = root._default_manager
    survivor = (
        manager.visible_to(actor, "edit")
        .select_for_update(of=("self",))
        .filter(pk=row.survivor_id)
        .first()
    )
    if survivor is None:
        if not root._base_manager.filter(pk=row.survivor_id).exists():
            raise Refused(
                _("%(name)s was merged or deleted meanwhile.") % {"name": row.survivor_title}
            )
        raise NotAllowed(_("Your role doesn't change this record."))
    if row.undone_at is not None:
        raise Refused(_("This merge was undone already."))
    if not row.is_undoable(at):
        raise Refused(_("A merge can be undone for %(days)s days.") % {"days": 30})
    try:
        with transaction.atomic(), as_one_batch():
            kept = _take_apart(row, root, survivor)
    except IntegrityError as error:
        raise Refused(
            _("It can’t come back: something took its place, or what it belonged to is gone.")
        ) from error
    row.undone_at, row.undone_by_id, row.kept = at, actor.pk, kept
    row.save()
    for hook in on_merged:
        hook(row.kind, (row.survivor_id, row.merged_id))
    note(merged=row.merged_title, survivor=row.survivor_title, kept=kept)
    return row


def _take_apart(row: Merge, root: type[models.Model], survivor: Any) -> list[str]:
    table = root._meta.db_table
    now = refs.images(root, [survivor.pk])[0]
    kept = _restore_survivor(row, root, now)
    refs.put_back(table, row.merged)
    _move_back(row, root)
    for dropped in row.dropped:
        _put_back_once(dropped["table"], dropped["row"])
    if row.kind == "customer":
        kept += _restore_standing(row)
        Contact.objects.filter(
            pk__in=row.before["demoted"], customer=row.merged_id, is_primary=False
        ).update(is_primary=True)
        _restore_pairs(row)
        ids = [row.survivor_id, row.merged_id]
        follow_place(ids)
        keep_all(ids)
    else:
        keep_all([row.customer_id])
    refs.check_now()
    return kept


def _restore_survivor(row: Merge, root: type[models.Model], now: dict[str, Any]) -> list[str]:
    """Each column that the merge changed, unless somebody changed it again; the labels of those."""
    before, after = row.before["row"], row.after["row"]
    table = root._meta.db_table
    if now["version"] == after["version"]:
        refs.restore(table, "id", before)
        return []
    kept, back = [], dict(now)
    for name in before:
        if before[name] == after.get(name) or name in BOOKKEEPING or name == "id":
            continue
        if now.get(name) == after.get(name):
            back[name] = before[name]
        elif name == "custom":
            back[name], edited = _custom(before[name], after[name], now[name])
            kept += edited
        else:
            kept.append(_label(row.kind, name))
    back["version"] = int(now["version"]) + 1
    if back["name"] == before["name"]:
        back["name_key"] = before["name_key"]
    refs.restore(table, "id", back)
    return kept


def _custom(
    before: dict[str, Any], after: dict[str, Any], now: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    back, edited = dict(now), []
    for key in before.keys() | after.keys():
        if before.get(key) == after.get(key):
            continue
        if now.get(key) != after.get(key):
            edited.append(key)
        elif key in before:
            back[key] = before[key]
        else:
            back.pop(key, None)
    return back, edited


def _label(kind: str, column: str) -> str:
    name = column.removesuffix("_id")
    declared = registry[kind]
    return str(declared.field(name).label) if name in declared else name


def _move_back(row: Merge, root: type[models.Model]) -> None:
    """Rows that still hang on the survivor go back; those that were moved on or deleted since don't."""
    moved_contacts: Sequence[int] = ()
    for each in row.moved:
        model = apps.get_model(each["model"])
        reference = next(
            known
            for known in refs.references(root)
            if known.model is model and known.field == each["field"]
        )
        still = reference.rows(row.survivor_id).filter(pk__in=each["ids"])
        refs.move(reference, list(still.values_list("pk", flat=True)), row.merged_id)
        if model is Contact:
            moved_contacts = each["ids"]
    if moved_contacts:
        _follow_contacts(row, moved_contacts)


def _follow_contacts(row: Merge, contacts: Sequence[int]) -> None:
    """What was written since with a person who goes back, goes with them."""
    for each in refs.references(Customer):
        names = {field.name for field in each.model._meta.local_concrete_fields}
        if each.kind_column or "contact" not in names or each.field != "customer":
            continue
        since = each.rows(row.survivor_id).filter(
            contact__in=contacts, contact__customer=row.merged_id
        )
        refs.move(each, list(since.values_list("pk", flat=True)), row.merged_id)


def _put_back_once(table: str, image: dict[str, Any]) -> None:
    """A row that came into being again since is left; what it pointed to may be gone, too."""
    try:
        with transaction.atomic():
            refs.put_back(table, image)
    except IntegrityError:
        return


def _restore_standing(row: Merge) -> list[str]:
    """What was added up is taken apart; a run that measured since stays, and measures anew next time."""
    before, after = row.before.get("standing"), row.after.get("standing")
    found = refs.images(Standing, [row.survivor_id])
    if not before or not found:
        return []
    now = found[0]
    if now["run_id"] == (after or {}).get("run_id"):
        refs.restore(Standing._meta.db_table, "customer_id", before)
        return []
    return [_("the value, which the next run measures anew")]


def _restore_pairs(row: Merge) -> None:
    about = row.before.get("pairs") or {}
    DuplicatePair.objects.filter(pk__in=about.get("made", ())).delete()
    for image in about.get("theirs", ()):
        _put_back_once(DuplicatePair._meta.db_table, image)
