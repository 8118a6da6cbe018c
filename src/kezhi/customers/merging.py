"""Two records of one party become one: nothing is lost, and for 30 days it can be taken back exactly.

The survivor keeps its number and takes over what the other had; a field on which they differ is chosen by
the person. The merged record is gone; its code and address lead to the survivor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, models, transaction
from django.utils.translation import gettext as _

from kezhi.audit.recording import as_one_batch, audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.names import name_key
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.customers import merging_references as refs
from kezhi.customers.matching_keeping import keep_all
from kezhi.customers.models import Contact, Customer, DuplicatePair, Merge, PairState, Standing
from kezhi.customers.placing import follow_place
from kezhi.records import registry
from kezhi.workbench.customizing.entering import settle

# Fields of which the survivor keeps the union, and those that follow from others.
UNITED = frozenset({"roles", "skills"})
NOT_CHOSEN = frozenset({"customer", "owner", "team", "department", "tags"})
SUMMED = ("revenue_12m", "contribution_12m", "realised_value")

# What a person refused counts for both: a higher app registers how its opt-outs are joined.
# Called with survivor and merged record before anything moves; changes the survivor only.
strictest: list[Callable[[Any, Any], None]] = []
# Called with (kind, ids) after a merge or its undoing, for what is derived from the rows that moved.
on_merged: list[Callable[[str, Sequence[int]], None]] = []


@dataclass(frozen=True)
class Choice:
    """A field on which two records differ, and what each says."""

    name: str
    survivor: Any
    merged: Any


def suggested_survivor(one: Customer, other: Customer) -> Customer:
    """Who has bought more often, is better known, or is older."""

    def weight(customer: Customer) -> tuple[int, int, int]:
        standing = getattr(customer, "standing", None)
        known = sum(1 for name in _chosen_fields("customer") if getattr(customer, name, None))
        return (standing.occasions if standing else 0, known, -customer.pk)

    return max(one, other, key=weight)


def _chosen_fields(kind: str) -> list[str]:
    declared = registry[kind]
    return [
        each.name
        for each in declared.fields
        if each.is_editable and not each.is_custom and each.name not in NOT_CHOSEN
    ]


def choices(kind: str, survivor: Any, merged: Any) -> list[Choice]:
    """The fields that must be chosen: both are filled in and say different things."""
    found = []
    for name in _chosen_fields(kind):
        if name in UNITED:
            continue
        mine, theirs = getattr(survivor, name, None), getattr(merged, name, None)
        if mine not in (None, "") and theirs not in (None, "") and mine != theirs:
            found.append(Choice(name, mine, theirs))
    for key in sorted(survivor.custom.keys() & merged.custom.keys()):
        if survivor.custom[key] != merged.custom[key]:
            found.append(Choice(f"custom.{key}", survivor.custom[key], merged.custom[key]))
    return found


def counts_of(root: type[models.Model], pk: int) -> dict[str, int]:
    """How many rows of each model hang on a record: what a merge moves."""
    found: dict[str, int] = {}
    for each in refs.references(root):
        if each.model is not Standing and (count := each.rows(pk).count()):
            label = each.model._meta.label_lower
            found[label] = found.get(label, 0) + count
    return found


@audited("customer.merged")
def merge_customers(
    survivor: Customer,
    merged: Customer,
    *,
    actor: Actor,
    at: datetime,
    take: Sequence[str] = (),
    versions: Mapping[int, int] | None = None,
    reason: str = "",
) -> Merge:
    """Everything of `merged` goes to `survivor`; `take` names the fields in which `merged` is right.

    `take` may name `owner` and `custom.<key>`. Needs edit on both and the right to merge; giving the survivor
    another owner needs the right to assign.
    """
    survivor, merged = _claimed(Customer, survivor, merged, actor, versions)
    before_standing = _standing_image(survivor)
    with as_one_batch():
        kept = _Merging("customer", survivor, merged)
        kept.join(take)
        if "owner" in take and merged.owner_id != survivor.owner_id:
            if not Customer.objects.visible_to(actor, "assign").filter(pk=survivor.pk).exists():
                raise NotAllowed(_("Your role doesn't give this customer to another owner."))
            survivor.owner, survivor.team = merged.owner, merged.team
            survivor.department = merged.department
        _join_standing(survivor, merged)
        demoted = _one_primary(survivor, merged)
        pairs = _hand_on_pairs(survivor, merged)
        kept.carry_over()
        _save(survivor)
        follow_place([survivor.pk])
        keep_all([survivor.pk])
    row = kept.row(actor, at, reason)
    row.before["standing"], row.before["demoted"], row.before["pairs"] = (
        before_standing,
        demoted,
        pairs,
    )
    row.after["standing"] = _standing_image(survivor)
    row.owner_id, row.team_id = survivor.owner_id, survivor.team_id
    row.department_id = survivor.department_id
    row.save()
    _told("customer", survivor.pk)
    note(merged=merged.name, code=merged.code, took=sorted(take), rows=row.counts)
    return row


@audited("contact.merged")
def merge_contacts(
    survivor: Contact,
    merged: Contact,
    *,
    actor: Actor,
    at: datetime,
    take: Sequence[str] = (),
    versions: Mapping[int, int] | None = None,
    reason: str = "",
) -> Merge:
    """The same for two entries of one person at one customer."""
    if survivor.customer_id != merged.customer_id:
        raise Refused(_("Only contacts of one customer are merged. Merge the customers first."))
    survivor, merged = _claimed(Contact, survivor, merged, actor, versions)
    with as_one_batch():
        kept = _Merging("contact", survivor, merged)
        kept.join(take)
        survivor.is_primary = survivor.is_primary or merged.is_primary
        kept.carry_over()
        _save(survivor)
        keep_all([survivor.customer_id])
    row = kept.row(actor, at, reason)
    row.owner_id, row.team_id = survivor.owner_id, survivor.team_id
    row.department_id = survivor.department_id
    row.save()
    _told("contact", survivor.pk)
    note(merged=merged.name, took=sorted(take), rows=row.counts)
    return row


def _claimed(
    root: type[models.Model],
    survivor: Any,
    merged: Any,
    actor: Actor,
    versions: Mapping[int, int] | None,
) -> tuple[Any, Any]:
    """Both records under lock, always in the same order: of two merges at once, one finds nothing left."""
    if survivor.pk == merged.pk:
        raise Refused(_("A record can't be merged with itself."))
    if not actor.may("create", "merge"):
        raise NotAllowed(_("Your role doesn't merge records."))
    rows = {}
    for each in sorted((survivor, merged), key=lambda record: record.pk):
        if not root._base_manager.filter(pk=each.pk).exists():
            raise Refused(_("%(name)s was merged or deleted meanwhile.") % {"name": each})
        try:
            rows[each.pk] = claim(
                each, actor=actor, action="edit", version=(versions or {}).get(each.pk)
            )
        except EditConflict:
            raise
        except NotAllowed as error:
            if not root._base_manager.filter(pk=each.pk).exists():
                raise Refused(
                    _("%(name)s was merged or deleted meanwhile.") % {"name": each}
                ) from error
            raise
    scope = actor.scope("create", "merge")
    reached = type(survivor)._default_manager.within(scope, actor, "edit")
    if reached.filter(pk__in=rows).count() < len(rows):
        raise NotAllowed(_("Your role doesn't merge these two records."))
    return rows[survivor.pk], rows[merged.pk]


class _Merging:
    """One merge on its way: what it moved, dropped and changed."""

    def __init__(self, kind: str, survivor: Any, merged: Any) -> None:
        self.kind, self.survivor, self.merged = kind, survivor, merged
        self.root = type(survivor)
        self.before = refs.images(self.root, [survivor.pk])[0]
        self.image = refs.images(self.root, [merged.pk])[0]
        self.moved: list[dict[str, Any]] = []
        self.dropped: list[dict[str, Any]] = []
        self.counts: dict[str, int] = {}

    def join(self, take: Sequence[str]) -> None:
        """The survivor's fields: its own, where it has none or the person chose so the other's."""
        for hook in strictest:
            hook(self.survivor, self.merged)
        for name in _chosen_fields(self.kind):
            mine, theirs = getattr(self.survivor, name), getattr(self.merged, name)
            if name in UNITED:
                setattr(self.survivor, name, list(dict.fromkeys([*mine, *theirs])))
            elif theirs not in (None, "") and (mine in (None, "") or name in take):
                setattr(self.survivor, name, theirs)
        custom = {**self.merged.custom, **self.survivor.custom}
        for key, entry in self.merged.custom.items():
            if f"custom.{key}" in take or self.survivor.custom.get(key) in (None, "", []):
                custom[key] = entry
        self.survivor.custom = custom
        settle(self.kind, self.survivor)

    def carry_over(self) -> None:
        """Every row that points to the merged record, then the record itself."""
        for rows in refs.between(self.root, self.survivor.pk, self.merged.pk):
            self._drop(rows.model, list(rows.values_list("pk", flat=True)))
        for each in refs.references(self.root):
            self._drop(each.model, refs.twins(each, self.merged.pk, self.survivor.pk))
            ids = list(each.rows(self.merged.pk).order_by("pk").values_list("pk", flat=True))
            if ids:
                refs.move(each, ids, self.survivor.pk)
                label = each.model._meta.label_lower
                self.moved.append({"model": label, "field": each.field, "ids": ids})
                self.counts[label] = self.counts.get(label, 0) + len(ids)
        for model in refs.DERIVED:
            self._forget(model)
        refs.drop(self.root, [self.merged.pk])
        refs.check_now()

    def _forget(self, model: type[models.Model]) -> None:
        """Rows derived from the merged record; they are made anew when it comes back."""
        for each in model._meta.local_concrete_fields:
            if each.remote_field is not None and each.remote_field.model is self.root:
                model._base_manager.filter(**{each.attname: self.merged.pk}).delete()

    def _drop(self, model: type[models.Model], ids: Sequence[Any]) -> None:
        if not ids:
            return
        table = model._meta.db_table
        for image in refs.images(model, ids):
            self.dropped.append({"table": table, "row": image})
        refs.drop(model, ids)

    def row(self, actor: Actor, at: datetime, reason: str) -> Merge:
        customer = self.survivor.pk if self.kind == "customer" else self.survivor.customer_id
        return Merge(
            kind=self.kind,
            survivor_id=self.survivor.pk,
            merged_id=self.merged.pk,
            survivor_title=str(self.survivor)[:250],
            merged_title=str(self.merged)[:250],
            merged_code=getattr(self.merged, "code", ""),
            customer_id=customer,
            before={"row": self.before},
            after={"row": refs.images(self.root, [self.survivor.pk])[0]},
            merged=self.image,
            moved=self.moved,
            dropped=self.dropped,
            counts=self.counts,
            reason=reason[:300],
            actor_id=actor.pk,
            at=at,
        )


def _save(survivor: Any) -> None:
    survivor.version += 1
    survivor.name_key = name_key(survivor.name)
    try:
        with transaction.atomic():
            survivor.save()
    except IntegrityError as error:
        raise Refused(_("Another record has one of the chosen entries already.")) from error


def _told(kind: str, *ids: int) -> None:
    for hook in on_merged:
        hook(kind, ids)


# ---- what only customers have ----


def _standing_image(customer: Customer) -> dict[str, Any] | None:
    found = refs.images(Standing, [customer.pk])
    return found[0] if found else None


def _join_standing(survivor: Customer, merged: Customer) -> None:
    """Facts are added up now; what a model estimated is the survivor's until the next run measures anew."""
    mine = Standing.objects.filter(pk=survivor.pk).first()
    theirs = Standing.objects.filter(pk=merged.pk).first()
    if mine is None or theirs is None:
        return
    mine.occasions += theirs.occasions
    for name in SUMMED:
        parts = [part for part in (getattr(mine, name), getattr(theirs, name)) if part is not None]
        setattr(mine, name, sum(parts) if parts else None)
    for name, best in (("first_order_on", min), ("last_order_on", max)):
        days = [day for day in (getattr(mine, name), getattr(theirs, name)) if day is not None]
        setattr(mine, name, best(days) if days else None)
    mine.realised_is_estimate = mine.realised_is_estimate or theirs.realised_is_estimate
    mine.save()


def _one_primary(survivor: Customer, merged: Customer) -> list[int]:
    """A customer has one main contact: the survivor's own, if it has one."""
    if not Contact.objects.filter(customer=survivor, is_primary=True).exists():
        return []
    demoted = Contact.objects.filter(customer=merged, is_primary=True)
    ids = list(demoted.values_list("pk", flat=True))
    demoted.update(is_primary=False)
    return ids


def _hand_on_pairs(survivor: Customer, merged: Customer) -> dict[str, Any]:
    """What was found or decided about the merged customer holds for the survivor."""
    theirs = list(
        DuplicatePair.objects.filter(models.Q(first=merged) | models.Q(second=merged)).order_by(
            "pk"
        )
    )
    kept = refs.images(DuplicatePair, [pair.pk for pair in theirs])
    made = []
    for pair in theirs:
        other = pair.second_id if pair.first_id == merged.pk else pair.first_id
        if other == survivor.pk:
            continue
        first, second = sorted((survivor.pk, other))
        fresh, is_new = DuplicatePair.objects.get_or_create(
            first_id=first,
            second_id=second,
            defaults={
                "score": pair.score,
                "reasons": pair.reasons,
                "stake": pair.stake,
                "group": pair.group,
                "state": pair.state,
                "decided_at": pair.decided_at,
                "decided_by_id": pair.decided_by_id,
                "reason": pair.reason,
            },
        )
        if is_new:
            made.append(fresh.pk)
    return {"theirs": kept, "made": made}


@audited("pair.dismissed")
def dismiss_pair(
    pair: DuplicatePair, *, actor: Actor, at: datetime, reason: str = ""
) -> DuplicatePair:
    """The two aren't the same; no scan and no import lists them again."""
    pair = _claimed_pair(pair, actor)
    pair.state, pair.decided_at, pair.reason = PairState.DISMISSED, at, reason[:300]
    pair.decided_by_id = actor.pk
    pair.save()
    return pair


@audited("pair.reopened")
def reopen_pair(pair: DuplicatePair, *, actor: Actor) -> DuplicatePair:
    """Undo of `dismiss_pair`."""
    pair = _claimed_pair(pair, actor)
    pair.state, pair.decided_at, pair.decided_by_id, pair.reason = PairState.OPEN, None, None, ""
    pair.save()
    return pair


def _claimed_pair(pair: DuplicatePair, actor: Actor) -> DuplicatePair:
    rows = DuplicatePair.objects.visible_to(actor, "edit").select_for_update(of=("self",))
    found: DuplicatePair | None = rows.filter(pk=pair.pk).first()
    if found is None:
        raise NotAllowed(_("Your role doesn't decide about duplicates."))
    return found


def survivor_of(kind: str, merged_id: int) -> int | None:
    """Where a merged record's address leads now, over several merges."""
    seen: set[int] = set()
    at: int | None = merged_id
    while at is not None and at not in seen:
        seen.add(at)
        row = Merge.objects.filter(kind=kind, merged_id=at, undone_at=None).order_by("-pk").first()
        if row is None:
            break
        at = row.survivor_id
    return at if at != merged_id else None


# Codes of merged customers, and the customer whom each means now: a query of `code` and `id`.
FORMER_CODES = """
    WITH RECURSIVE chain AS (
      SELECT merged_code AS code, survivor_id AS id FROM customers_merge
      WHERE kind = 'customer' AND undone_at IS NULL AND merged_code <> ''
      UNION SELECT c.code, m.survivor_id FROM chain c
      JOIN customers_merge m ON m.kind = 'customer' AND m.undone_at IS NULL AND m.merged_id = c.id)
    SELECT c.code, c.id FROM chain c JOIN customers_customer t ON t.id = c.id
    WHERE NOT EXISTS (SELECT 1 FROM customers_customer o WHERE o.code = c.code)"""


def codes_gone(codes: Sequence[str]) -> dict[str, int]:
    """Those of these codes that were a merged customer's, and whom they mean now."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT f.code, f.id FROM ({FORMER_CODES}) f WHERE f.code = ANY(%s)",  # noqa: S608
            [list(codes)],
        )
        return dict(cursor.fetchall())
