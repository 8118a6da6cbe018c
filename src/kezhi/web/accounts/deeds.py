"""The audit log in people's words: what each deed is called, and which fields a change touched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kezhi.accounts.granting import differences
from kezhi.accounts.models import Department, Team, User
from kezhi.audit.models import Change, Entry
from kezhi.catalog.models import Product
from kezhi.core.actor import SYSTEM, Actor
from kezhi.customers.models import Contact
from kezhi.records import Field, FieldKind, Kind, registry
from kezhi.records.fields import FIELD_GROUPS
from kezhi.records.masking import masked
from kezhi.web.accounts import deeds_of_rights
from kezhi.web.accounts.custom_changes import Named, custom_changes, named_in
from kezhi.web.accounts.permissions import ACCESS_LABELS, ACTION_LABELS, SCOPE_LABELS, kind_labels
from kezhi.workbench.filtering.meaning import enumerated

LABELS: dict[str, str | Promise] = {
    "customers.created": gettext_lazy("added customers"),
    "order.told": gettext_lazy("entered the order"),
    "rows.many": gettext_lazy("took many rows in a day"),
    "rows.refused": gettext_lazy("was refused more rows than a day allows"),
    **deeds_of_rights.LABELS,
    "integration.created": gettext_lazy("connected the program"),
    "integration.changed": gettext_lazy("changed the integration"),
    "integration.revoked": gettext_lazy("revoked everything of the integration"),
    "inbound_webhook.created": gettext_lazy("set up the inbound webhook"),
    "inbound_webhook.changed": gettext_lazy("changed the inbound webhook"),
    "inbound_webhook.deleted": gettext_lazy("removed the inbound webhook"),
    "inbound_webhook.secret_rotated": gettext_lazy("renewed the secret of the inbound webhook"),
    "webhook.created": gettext_lazy("set up the webhook"),
    "webhook.changed": gettext_lazy("changed the webhook"),
    "webhook.deleted": gettext_lazy("removed the webhook"),
    "webhook.paused": gettext_lazy("paused the webhook"),
    "webhook.pinged": gettext_lazy("sent a test message by the webhook"),
    "webhook.replayed": gettext_lazy("sent messages again by the webhook"),
    "webhook.resumed": gettext_lazy("resumed the webhook"),
    "webhook.secret_rotated": gettext_lazy("renewed the secret of the webhook"),
    "webhook.stopped": gettext_lazy("stopped the webhook, which nobody receives"),
    "token.issued": gettext_lazy("made a token for"),
    "token.rotated": gettext_lazy("renewed a token of"),
    "token.revoked": gettext_lazy("revoked a token of"),
    "backup.made": gettext_lazy("made a backup"),
    "job.cancelled": gettext_lazy("cancelled the job"),
    "job.repeated": gettext_lazy("started the job again"),
    "company.restored": gettext_lazy("restored the company from a backup"),
    "address.created": gettext_lazy("added the address"),
    "address.deleted": gettext_lazy("deleted the address"),
    "address.edited": gettext_lazy("edited the address"),
    "address.exported": gettext_lazy("exported addresses"),
    "assistant.asked": gettext_lazy("asked by an assistant"),
    "attachment.added": gettext_lazy("attached the file"),
    "attachment.removed": gettext_lazy("removed the file"),
    "attachment.restored": gettext_lazy("took back the removed file"),
    "attachment.swept": gettext_lazy("cleared away files that belong to nothing"),
    "access.requested": gettext_lazy("asked for access to a customer"),
    "card.confirmed": gettext_lazy("took in the business card"),
    "card.read": gettext_lazy("read the business card"),
    "card.reopened": gettext_lazy("reopened the business card"),
    "card.skipped": gettext_lazy("left out the business card"),
    "cards.added": gettext_lazy("added business cards to"),
    "cards.begun": gettext_lazy("began the batch of business cards"),
    "cards.deleted": gettext_lazy("deleted the batch of business cards"),
    "company.changed": gettext_lazy("changed the company’s settings"),
    "company.founded": gettext_lazy("set up the company"),
    "contact.created": gettext_lazy("added the contact"),
    "contact.deleted": gettext_lazy("deleted the contact"),
    "contact.edited": gettext_lazy("edited the contact"),
    "contact.exported": gettext_lazy("exported contacts"),
    "contact.merged": gettext_lazy("merged contacts into"),
    "acquisition_payback.exported": gettext_lazy(
        "exported what winning customers costs and brings"
    ),
    "acquisition_cost.entered": gettext_lazy("entered a cost of winning customers:"),
    "acquisition_cost.edited": gettext_lazy("changed a cost of winning customers:"),
    "acquisition_cost.deleted": gettext_lazy("deleted a cost of winning customers:"),
    "acquisition_cost.exported": gettext_lazy("exported costs of winning customers"),
    "cost.entered": gettext_lazy("entered a cost to serve"),
    "cost.exported": gettext_lazy("exported costs to serve"),
    "customer.confirmed": gettext_lazy("confirmed the data of the customer"),
    "custom_field.changed": gettext_lazy("changed the field"),
    "custom_field.computed": gettext_lazy("computed the formulas of"),
    "custom_field.defined": gettext_lazy("defined the field"),
    "custom_field.deleted": gettext_lazy("deleted the field and its entries"),
    "custom_field.ordered": gettext_lazy("put the fields in order"),
    "custom_field.restored": gettext_lazy("took the field into use again"),
    "custom_field.retired": gettext_lazy("took the field out of use"),
    "customer.created": gettext_lazy("created the customer"),
    "customer.deleted": gettext_lazy("deleted the customer"),
    "customer.edited": gettext_lazy("edited the customer"),
    "customer.exported": gettext_lazy("exported customers"),
    "customer.merged": gettext_lazy("merged another customer into"),
    "customer.moved": gettext_lazy("moved customers along with their owners"),
    "customer.reassigned": gettext_lazy("reassigned the customer"),
    "customer.scored": gettext_lazy("measured how complete the customers’ data are"),
    "customer.shared": gettext_lazy("shared the customer"),
    "customer.unshared": gettext_lazy("ended the share of the customer"),
    "delegation.created": gettext_lazy("set who stands in"),
    "delegation.ended": gettext_lazy("ended standing in"),
    "demo.built": gettext_lazy("built the demo company"),
    "demo.cleared": gettext_lazy("cleared the demo company"),
    "department.changed": gettext_lazy("changed the department"),
    "department.created": gettext_lazy("added the department"),
    "duplicates.cancelled": gettext_lazy("stopped the search for duplicates"),
    "duplicates.ruled": gettext_lazy("changed what is told of colleagues’ customers"),
    "duplicates.searched": gettext_lazy("searched for duplicates"),
    "department.deleted": gettext_lazy("deleted the department"),
    "entry.revealed": gettext_lazy("looked at a masked entry of"),
    "follow_up.changed": gettext_lazy("changed the follow-up"),
    "follow_up.deleted": gettext_lazy("deleted the follow-up"),
    "follow_up.done": gettext_lazy("did the follow-up"),
    "follow_up.exported": gettext_lazy("exported follow-ups"),
    "follow_up.planned": gettext_lazy("planned the follow-up"),
    "follow_up.reopened": gettext_lazy("reopened the follow-up"),
    "hand_over.done": gettext_lazy("handed over everything of"),
    "hand_over.dropped": gettext_lazy("dropped the hand-over of"),
    "hand_over.exported": gettext_lazy("exported the briefs of"),
    "hand_over.prepared": gettext_lazy("prepared the hand-over of"),
    "hand_over.started": gettext_lazy("started the hand-over of"),
    "hand_over.taking_back": gettext_lazy("began to take back the hand-over of"),
    "hand_over.taken_back": gettext_lazy("took back the hand-over of"),
    "history.thinned": gettext_lazy("thinned the history of values"),
    "identifier.created": gettext_lazy("added the identifier"),
    "identifier.deleted": gettext_lazy("deleted the identifier"),
    "identifier.edited": gettext_lazy("edited the identifier"),
    "identifier.exported": gettext_lazy("exported identifiers"),
    "identity.confirmed": gettext_lazy("confirmed who they are"),
    "identity.linked": gettext_lazy("linked an account of single sign-on to"),
    "identity.unlinked": gettext_lazy("unlinked an account of single sign-on from"),
    "identity_provider.removed": gettext_lazy("removed the identity provider"),
    "identity_provider.saved": gettext_lazy("set up the identity provider"),
    "import.cancelled": gettext_lazy("cancelled the import"),
    "import.done": gettext_lazy("imported the file"),
    "import.undone": gettext_lazy("undid the import"),
    "import.uploaded": gettext_lazy("uploaded the file"),
    "important_date.created": gettext_lazy("added the important date"),
    "important_date.deleted": gettext_lazy("deleted the important date"),
    "important_date.edited": gettext_lazy("edited the important date"),
    "important_date.exported": gettext_lazy("exported important dates"),
    "important_date.rolled": gettext_lazy("set the next day of important dates"),
    "index_draft.approved": gettext_lazy("approved the index system"),
    "index_draft.begun": gettext_lazy("began a draft of the index system:"),
    "index_draft.changed": gettext_lazy("changed the draft of the index system"),
    "index_draft.discarded": gettext_lazy("discarded the draft of the index system"),
    "index_draft.judged": gettext_lazy("compared indices in pairs in"),
    "index_draft.published": gettext_lazy("put in force on its day the index system"),
    "index_draft.returned": gettext_lazy("returned to its authors the index system"),
    "index_draft.submitted": gettext_lazy("asked for approval of the index system"),
    "index_draft.withdrawn": gettext_lazy("took back the request to approve the index system"),
    "influence_rules.published": gettext_lazy("published the rules of influence"),
    "interaction.deleted": gettext_lazy("deleted an entry of the timeline"),
    "interaction.edited": gettext_lazy("edited an entry of the timeline"),
    "interaction.exported": gettext_lazy("exported interactions"),
    "interaction.logged": gettext_lazy("wrote on the timeline"),
    "merge.undone": gettext_lazy("undid the merge"),
    "interaction.pinned": gettext_lazy("pinned or unpinned an entry of the timeline"),
    "link.made": gettext_lazy("made a one-time link for"),
    "link.used": gettext_lazy("set a password by one-time link:"),
    "link.withdrawn": gettext_lazy("withdrew the one-time link of"),
    "digest.queued": gettext_lazy("queued the digests"),
    "follow_ups.told": gettext_lazy("told people what is due"),
    "letter.received": gettext_lazy("put a letter on the timeline"),
    "letter.sent": gettext_lazy("wrote a letter"),
    "letter.taken_off": gettext_lazy("took a letter off the timeline"),
    "mail.assigned": gettext_lazy("filed the letter"),
    "mail.confirmed": gettext_lazy("noted that the mail arrived"),
    "mail.ignored": gettext_lazy("set the letter aside"),
    "mail.queued": gettext_lazy("queued the mail"),
    "mail.sent_again": gettext_lazy("sent the mail again"),
    "mail.taken_back": gettext_lazy("took back the mail"),
    "mail.unfiled": gettext_lazy("took the letter off its customer"),
    "mail_account.added": gettext_lazy("set up the mailbox"),
    "mail_account.changed": gettext_lazy("changed the mailbox"),
    "mail_account.paused": gettext_lazy("paused or resumed the mailbox"),
    "mail_account.retired": gettext_lazy("took the mailbox out of use"),
    "mail_template.added": gettext_lazy("added the template"),
    "mail_template.changed": gettext_lazy("changed the template"),
    "mail_template.deleted": gettext_lazy("deleted the template"),
    "notice.forgotten": gettext_lazy("forgot old notices"),
    "notice_preference.changed": gettext_lazy("changed how they are told"),
    "signature.changed": gettext_lazy("changed their signature"),
    "need.answered": gettext_lazy("answered the need"),
    "need.declined": gettext_lazy("declined the need"),
    "need.deleted": gettext_lazy("deleted the need"),
    "need.edited": gettext_lazy("edited the need"),
    "need.exported": gettext_lazy("exported needs"),
    "need.passed_on": gettext_lazy("passed on the need"),
    "need.registered": gettext_lazy("registered the need"),
    "need.reopened": gettext_lazy("reopened the need"),
    "need.started": gettext_lazy("took up the need"),
    "offer.planned": gettext_lazy("planned an offer to"),
    "offer.reconsidered": gettext_lazy("took back the answer to an offer to"),
    "offer.rejected": gettext_lazy("found an offer unfit for"),
    "offer_run.cancelled": gettext_lazy("cancelled the search for offers"),
    "offer_run.started": gettext_lazy("started a search for offers"),
    "order.exported": gettext_lazy("exported orders"),
    "passkey.renamed": gettext_lazy("renamed the passkey"),
    "layout.changed": gettext_lazy("changed the layout"),
    "layout.restored": gettext_lazy("restored the layout"),
    "password.set": gettext_lazy("set the password of"),
    "pair.reopened": gettext_lazy("put two up for review again"),
    "pair.dismissed": gettext_lazy("said that two aren’t the same"),
    "person.changed": gettext_lazy("changed the colleague"),
    "person.created": gettext_lazy("added the colleague"),
    "person.deactivated": gettext_lazy("deactivated the colleague"),
    "person.reactivated": gettext_lazy("reactivated the colleague"),
    "preferences.changed": gettext_lazy("changed how the screen looks"),
    "product.created": gettext_lazy("created the product"),
    "product.deleted": gettext_lazy("deleted the product"),
    "product.edited": gettext_lazy("edited the product"),
    "product.exported": gettext_lazy("exported products"),
    "profile.changed": gettext_lazy("changed the profile"),
    "promise.deleted": gettext_lazy("deleted the promise"),
    "promise.edited": gettext_lazy("edited the promise"),
    "promise.exported": gettext_lazy("exported promises"),
    "promise.made": gettext_lazy("made the promise"),
    "promise.reopened": gettext_lazy("reopened the promise"),
    "promise.settled": gettext_lazy("settled the promise"),
    "recovery_codes.renewed": gettext_lazy("made new recovery codes for"),
    "relation.created": gettext_lazy("added the relation"),
    "relation.deleted": gettext_lazy("deleted the relation"),
    "relation.edited": gettext_lazy("edited the relation"),
    "relation.exported": gettext_lazy("exported relations"),
    "role.changed": gettext_lazy("changed the role"),
    "role.created": gettext_lazy("created the role"),
    "role.deleted": gettext_lazy("deleted the role"),
    "second_factor.added": gettext_lazy("added a second factor for"),
    "second_factor.refused": gettext_lazy("refused a second factor of"),
    "second_factor.removed": gettext_lazy("removed a second factor:"),
    "second_factors.reset": gettext_lazy("reset the second factors of"),
    "segment.changed": gettext_lazy("changed the segment"),
    "segment.counted": gettext_lazy("counted the segment"),
    "segment.created": gettext_lazy("made the segment"),
    "segment.deleted": gettext_lazy("deleted the segment"),
    "segment.frozen": gettext_lazy("froze the segment"),
    "segment.joined": gettext_lazy("added customers to the segment"),
    "segment.parted": gettext_lazy("took customers out of the segment"),
    "segment.refiltered": gettext_lazy("changed the filter of the segment"),
    "segment.thawed": gettext_lazy("let the filter decide on the segment again"),
    "segments.counted": gettext_lazy("counted the segments"),
    "session.ended": gettext_lazy("ended a session of"),
    "sessions.ended": gettext_lazy("ended the sessions of"),
    "sign_in.failed": gettext_lazy("refused a sign-in"),
    "sign_in_rules.changed": gettext_lazy("changed how people sign in"),
    "signed_in": gettext_lazy("signed in"),
    "signed_out": gettext_lazy("signed out"),
    "team.changed": gettext_lazy("changed the team"),
    "team.created": gettext_lazy("added the team"),
    "team.deleted": gettext_lazy("deleted the team"),
    "activity_rate.published": gettext_lazy("published what an activity costs:"),
    "capital_rate.published": gettext_lazy("published what capital costs:"),
    "customer.loss_noted": gettext_lazy("noted why a customer was lost:"),
    "customer.loss_withdrawn": gettext_lazy("took back why a customer was lost:"),
    "shared_cost.entered": gettext_lazy("entered a cost to be shared out:"),
    "shared_cost.withdrawn": gettext_lazy("took back a cost to be shared out:"),
    "win_back_rules.published": gettext_lazy("published how winning back is judged"),
    "tier_override.approved": gettext_lazy("approved the tier by hand of"),
    "tier_override.expired": gettext_lazy("ended the tier by hand that had run out, of"),
    "tier_override.rejected": gettext_lazy("rejected the tier by hand of"),
    "tier_override.requested": gettext_lazy("asked for a tier by hand for"),
    "tier_override.withdrawn": gettext_lazy("withdrew the tier by hand of"),
    "matrix_strategies.published": gettext_lazy("published what is done in the matrix"),
    "tier_policies.published": gettext_lazy("published what tiers are promised"),
    "value_run.cancelled": gettext_lazy("cancelled the value run"),
    "value_run.published": gettext_lazy("published the value run"),
    "value_run.started": gettext_lazy("started the value run"),
    "value_settings.published": gettext_lazy("published value rules"),
    "view.changed": gettext_lazy("changed the view"),
    "view.deleted": gettext_lazy("deleted the view"),
    "view.saved": gettext_lazy("saved the view"),
    "report.saved": gettext_lazy("saved the report"),
    "report.changed": gettext_lazy("changed the report"),
    "report.deleted": gettext_lazy("deleted the report"),
    "report.exported": gettext_lazy("exported a report"),
    "report.scheduled": gettext_lazy("planned to send a report by mail"),
    "report.schedule_paused": gettext_lazy("paused or went on sending a report"),
    "report.schedule_ended": gettext_lazy("ended sending a report"),
    "report.sent": gettext_lazy("sent a report by mail"),
    "dashboard.saved": gettext_lazy("saved the dashboard"),
    "dashboard.changed": gettext_lazy("changed the dashboard"),
    "dashboard.deleted": gettext_lazy("deleted the dashboard"),
    "value_over_time.exported": gettext_lazy("exported value over time"),
    "audit.exported": gettext_lazy("exported the audit log"),
    "bulk.cancelled": gettext_lazy("stopped the change of many records"),
    "bulk.started": gettext_lazy("changed many records"),
    "bulk.undo_started": gettext_lazy("undid the change of many records"),
    "deed.undone": gettext_lazy("undid a change"),
    "delivered_rules.published": gettext_lazy("published the weights of delivered value"),
    "follow_up.assigned": gettext_lazy("gave the follow-up to a colleague"),
    "record.tagged": gettext_lazy("changed the tags of"),
    "study.cancelled": gettext_lazy("stopped the study of answers"),
    "study.started": gettext_lazy("started the study of answers"),
    "survey_answer.exported": gettext_lazy("exported survey answers"),
    "survey_item.created": gettext_lazy("wrote the survey question"),
    "survey_item.deleted": gettext_lazy("deleted the survey question"),
    "survey_item.edited": gettext_lazy("edited the survey question"),
    "survey_item.exported": gettext_lazy("exported survey questions"),
    "tag.changed": gettext_lazy("changed the tag"),
    "tag.created": gettext_lazy("created the tag"),
    "tag.deleted": gettext_lazy("deleted the tag"),
    "tag.merged": gettext_lazy("merged the tag"),
}
OPERATIONS = {
    "insert": pgettext_lazy("change of a row", "new"),
    "update": pgettext_lazy("change of a row", "changed"),
    "delete": pgettext_lazy("change of a row", "deleted"),
}
# Bookkeeping of the database that tells a reader nothing.
SILENT = {
    "version",
    "updated_at",
    "created_at",
    "name_key",
    "path",
    "subject_key",
    "normal",
    "remind_on",
    # A party that the reader may not know.
    "other_id",
}


@dataclass(frozen=True, slots=True)
class ChangedField:
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChangedRow:
    operation: str
    what: str
    fields: tuple[ChangedField, ...]


# Of kinds that need no words of their own.
VERBS: dict[str, str | Promise] = {
    "created": gettext_lazy("created (%(kind)s):"),
    "deleted": gettext_lazy("deleted (%(kind)s):"),
    "edited": gettext_lazy("edited (%(kind)s):"),
    "exported": gettext_lazy("exported: %(kind)s"),
}


def deed_label(entry: Entry) -> str:
    """What the deed is called, in the reader's language."""
    return words_of(entry.deed)


def doer(name: str) -> str:
    """Who did it, as the log holds it; what Kezhi does by itself goes by its name in the reader's language."""
    return _("Kezhi") if name == SYSTEM.name else name


def subject_of(entry: Entry) -> str:
    """What it was done to, in words; nothing where people did it to themselves."""
    title: str = entry.subject_title
    if title in registry:
        return str(registry.declared(title).label_plural)
    return "" if title == entry.actor_name else title


def words_of(deed: str) -> str:
    """The words of a deed; of a kind's simple deeds they follow from its name."""
    if deed in LABELS:
        return str(LABELS[deed])
    kind, _sep, verb = deed.partition(".")
    if kind in registry and verb in VERBS:
        return str(VERBS[verb]) % {"kind": registry.declared(kind).label}
    return deed


def changed_rows(changes: Iterable[Change], reader: Actor) -> dict[str, list[ChangedRow]]:
    """By deed key, what the database kept, as far as the reader may know it.

    Ids of people and places become their names; a field that the reader sees in part is masked here, too.
    """
    changes = list(changes)
    # Of rows that came or went no field is told.
    told = [change for change in changes if change.operation == "update"]
    names = _names(told)
    kinds = [(change, _kind_of(change.table_name)) for change in told]
    linked = named_in(kinds, reader)
    rows: dict[str, list[ChangedRow]] = {}
    for change in changes:
        rows.setdefault(change.deed_key, []).append(_row(change, names, reader, linked))
    return rows


def _row(
    change: Change, names: dict[str, dict[int, str]], reader: Actor, linked: Named
) -> ChangedRow:
    declared = _kind_of(change.table_name)
    kind = declared.seen_by(reader) if declared is not None else None
    if change.table_name == "accounts_role":
        return ChangedRow(str(OPERATIONS[change.operation]), _("Role"), tuple(_permissions(change)))
    fields: list[ChangedField] = []
    if change.operation == "update":
        for column, after in (change.after or {}).items():
            if column == "custom" and kind is not None:
                before = (change.before or {}).get(column) or {}
                told = custom_changes(kind, before, after or {}, linked)
                fields.extend(ChangedField(*each) for each in told)
                continue
            label = _label(kind, column)
            if label and not _is_hidden(declared, kind, column):
                before = (change.before or {}).get(column)
                fields.append(
                    ChangedField(
                        label,
                        _shown(kind, column, before, names),
                        _shown(kind, column, after, names),
                    )
                )
    what = str(kind.label) if kind else _thing(change.table_name)
    return ChangedRow(str(OPERATIONS[change.operation]), what, tuple(fields))


def _kind_of(table: str) -> Kind | None:
    return next((kind for kind in registry if kind.model._meta.db_table == table), None)


def _thing(table: str) -> str:
    """A word for rows that are no records of their own."""
    words = {
        "accounts_user": _("Colleague"),
        "accounts_user_roles": _("Role of a colleague"),
        "accounts_role": _("Role"),
        "accounts_department": _("Department"),
        "accounts_team": _("Team"),
        "accounts_company": _("Company"),
        "accounts_share": _("Share"),
        "accounts_delegation": _("Standing in"),
        "customers_handover": _("Hand-over"),
        "catalog_category": _("Product category"),
        "ledger_orderline": _("Order line"),
        "insight_valuesettings": _("Value rules"),
        "insight_influencerules": _("Rules of influence"),
        "insight_offeranswer": _("Answer to an offer"),
        "workbench_customfield": _("Field"),
        "workbench_layout": _("Layout"),
    }
    return words.get(table, table)


def _field_of(kind: Kind | None, column: str) -> Field | None:
    name = column.removesuffix("_id")
    return kind.field(name) if kind is not None and name in kind else None


def _is_hidden(declared: Kind | None, seen: Kind | None, column: str) -> bool:
    return _field_of(declared, column) is not None and _field_of(seen, column) is None


def _permissions(change: Change) -> Iterable[ChangedField]:
    """What a change of a role permits and shows more or less than before."""
    before, after = change.before or {}, change.after or {}
    labels = kind_labels()
    if "name" in after and change.operation == "update":
        yield ChangedField(_("Name"), str(before.get("name", "")), str(after["name"]))
    if "grants" in before or "grants" in after:
        for kind, action, was, became in differences(
            before.get("grants") or {}, after.get("grants") or {}
        ):
            what = f"{labels.get(kind, kind)} · {ACTION_LABELS[action]}"
            yield ChangedField(what, _scope(was), _scope(became))
    if "field_rules" in before or "field_rules" in after:
        for kind, group, was, became in differences(
            before.get("field_rules") or {}, after.get("field_rules") or {}
        ):
            what = f"{labels.get(kind, kind)} · {FIELD_GROUPS.get(group, group)}"
            yield ChangedField(
                what, str(ACCESS_LABELS[was or "edit"]), str(ACCESS_LABELS[became or "edit"])
            )
    if "is_second_factor_required" in after and change.operation == "update":
        required = bool(after["is_second_factor_required"])
        words = {True: _("yes"), False: _("no")}
        yield ChangedField(_("Second factor required"), words[not required], words[required])


def _scope(name: str) -> str:
    return str(SCOPE_LABELS[name]) if name else "—"


def _label(kind: Kind | None, column: str) -> str:
    if column in SILENT:
        return ""
    known = _field_of(kind, column)
    if known is not None:
        return str(known.label)
    words = {
        "team_id": _("Team"),
        "department_id": _("Department"),
        "owner_id": _("Owner"),
        "name": _("Name"),
        "email": _("E-mail"),
        "login": _("Sign-in name"),
        "title": _("Position"),
        "is_active": _("May sign in"),
        "language": _("Language"),
        "time_zone": _("Time zone"),
        "done_by_id": _("Done by"),
        "skills": _("Skills"),
        "head_id": _("Head"),
        "lead_id": _("Lead"),
        "parent_id": _("Below"),
        "until": _("Until"),
        "may_edit": _("May work on it"),
    }
    return words.get(column, "")


PEOPLE = {
    "head_id",
    "lead_id",
    "owner_id",
    "assignee_id",
    "author_id",
    "done_by_id",
    "made_by_id",
    "settled_by_id",
    "handler_id",
}
SOURCES: dict[str, Any] = {
    "team_id": Team,
    "department_id": Department,
    "parent_id": Department,
    "handling_department_id": Department,
    "contact_id": Contact,
    "product_id": Product,
}


def _names(changes: list[Change]) -> dict[str, dict[int, str]]:
    """Names for the ids that occur, one query a kind of id."""
    asked: dict[str, set[int]] = {}
    for change in changes:
        for side in (change.before or {}, change.after or {}):
            for column in (*PEOPLE, *SOURCES, "customer_id"):
                if isinstance(side.get(column), int):
                    asked.setdefault("person" if column in PEOPLE else column, set()).add(
                        side[column]
                    )
    customer = apps.get_model("customers", "Customer")
    models = {"person": User, "customer_id": customer, **SOURCES}
    return {
        source: dict(models[source]._default_manager.filter(pk__in=ids).values_list("pk", "name"))
        for source, ids in asked.items()
    }


def _shown(kind: Kind | None, column: str, cell: Any, names: dict[str, dict[int, str]]) -> str:
    if cell is None or cell == "":
        return "—"
    if column in PEOPLE or column in SOURCES or column == "customer_id":
        return names.get("person" if column in PEOPLE else column, {}).get(cell, _("(gone)"))
    known = _field_of(kind, column)
    if isinstance(cell, bool):
        return _("yes") if cell else _("no")
    if known is not None and known.is_masked:
        return masked(known, cell)
    if known is not None and known.kind in {FieldKind.CHOICE, FieldKind.TIER}:
        return str(dict(known.choices).get(cell, cell))
    if isinstance(cell, list):
        words = dict(known.choices) if known is not None else {}
        return enumerated([str(words.get(each, each)) for each in cell])
    return str(cell)
