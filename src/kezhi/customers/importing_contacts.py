"""Contacts from a file: the customer by code or exact name, never created; the person by name within it.

A blank cell never erases what is there. Whoever the file calls the main contact of a customer is the only one
afterwards, as when somebody says so by hand.
"""

# ruff: noqa: S608  # tables and columns are the code's own names; what a user typed goes as a parameter
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _

from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused
from kezhi.customers.importing import PLACED, hold_customers, refer_to_customers
from kezhi.customers.matching_keeping import keep
from kezhi.customers.models import Contact, Interaction
from kezhi.dataio import custom_columns
from kezhi.dataio.fields import ImportField, declared_fields
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.registry import Counts, Option
from kezhi.dataio.staging import Work
from kezhi.dataio.undoing import created_ids, delete_created, demand_unchanged, restore
from kezhi.records import registry

TABLE = "customers_contact"
NEXT_ID = "nextval('customers_contact_id_seq')"
EXAMPLES = {
    "name": ("Wang Min", "王敏"),
    "customer": ("C-0001", "C-0001"),
    "title": ("Purchasing manager", "采购经理"),
    "decision_role": ("Buyer", "购买者"),
    "phone": ("13800001111", "13800001111"),
    "email": ("wang@example.com", "wang@example.com"),
    "wechat": ("wangmin88", "wangmin88"),
    "is_primary": ("yes", "是"),
}
# Beside the labels of the reader's language.
ROLE_WORDS = {
    **dict.fromkeys(("购买者", "采购", "采购员", "采购者", "采购人", "buyer", "purchaser"), "buyer"),
    **dict.fromkeys(("使用者", "使用人", "用户", "user", "end user"), "user"),
    **dict.fromkeys(
        ("决策者", "决策人", "决策", "拍板人", "decider", "decision maker", "decision-maker"), "decider"
    ),
    **dict.fromkeys(("影响者", "影响人", "推荐人", "influencer"), "influencer"),
}  # fmt: skip
TEXTS = ("title", "decision_role", "phone", "email", "wechat", "remark")
OF_THE_ROW = "c.customer_id = s.customer_id AND c.name = s.name"


@dataclass(frozen=True)
class ContactLoader:
    kind: str = "contact"
    one_of: Sequence[Sequence[str]] = ()
    options: Sequence[Option] = ()

    @property
    def extra(self) -> dict[str, str]:
        return {
            "customer_id": "bigint",
            "contact_id": "bigint",
            "outcome": "text",
            "name_key": "text",
        }

    @property
    def rows_of(self) -> str:
        return "SELECT row, contact_id, outcome FROM import_staging"

    def fields(self) -> Sequence[ImportField]:
        return declared_fields(
            "contact", EXAMPLES, {"decision_role": {"words": ROLE_WORDS}}, with_custom=True
        )

    def link(self, batch: ImportBatch) -> str:
        return registry["contact"].list_url()

    # ---- what each row refers to ----

    def resolve(self, work: Work) -> Counts:
        refer_to_customers(work, "contact")
        custom_columns.resolve(self.kind, work)
        # One row may name the customer by code, the other by name: that is no contradiction.
        cells = ["customer_id", *(name for name in work.columns if name != "customer")]
        work.find_twins("s.customer_id, s.name", "s.name", cells)
        work.fold_twins("name")
        self._match(work)
        self._settle_primary(work)
        work.run(
            f"""UPDATE import_staging s SET outcome = CASE
                  WHEN s.contact_id IS NULL THEN 'created'
                  WHEN EXISTS (SELECT 1 FROM {TABLE} c WHERE c.id = s.contact_id AND ({self._differs(work)}))
                  THEN 'updated' ELSE 'unchanged' END
                WHERE outcome IS NULL"""
        )
        custom_columns.reject_incomplete(self.kind, work)
        return Counts.of(work.counts())

    def _match(self, work: Work) -> None:
        work.run(
            f"""CREATE TEMP TABLE import_named ON COMMIT DROP AS
                SELECT s.row, min(c.id) AS id, count(*) AS hits
                FROM import_staging s JOIN {TABLE} c ON {OF_THE_ROW}
                WHERE s.outcome IS NULL GROUP BY s.row"""
        )
        work.reject(
            "several_contacts",
            "name",
            "SELECT s.row, s.name, jsonb_build_object('text', s.name) FROM import_staging s"
            " JOIN import_named n USING (row) WHERE n.hits > 1",
        )
        work.run(
            "UPDATE import_staging s SET contact_id = n.id FROM import_named n WHERE n.row = s.row"
        )

    def _settle_primary(self, work: Work) -> None:
        """A customer has one main contact: the one that the file names, if it names one."""
        if not work.has("is_primary"):
            return
        work.reject(
            "two_primary",
            "is_primary",
            """SELECT row, name, jsonb_build_object('row', first_row) FROM (
                 SELECT row, name, first_value(row) OVER (PARTITION BY customer_id ORDER BY row) AS first_row
                 FROM import_staging WHERE is_primary AND outcome IS NULL) named
               WHERE row <> first_row""",
        )
        work.run(
            """UPDATE import_staging s SET is_primary = false FROM import_staging named
               WHERE s.is_primary IS NULL AND named.is_primary AND named.customer_id = s.customer_id"""
        )

    def _columns(self, work: Work) -> list[str]:
        return [name for name in (*TEXTS, "is_primary") if work.has(name)]

    def _differs(self, work: Work) -> str:
        parts = [
            f'(s."{name}" IS NOT NULL AND c."{name}" IS DISTINCT FROM s."{name}")'
            for name in self._columns(work)
        ]
        if custom_columns.matched(self.kind, work):
            parts.append(custom_columns.differs(self.kind, work, "c"))
        return " OR ".join(parts) or "false"

    # ---- writing ----

    def write(self, work: Work) -> None:
        work.run("DELETE FROM import_staging WHERE outcome NOT IN ('created', 'updated')")
        hold_customers(work)
        if work.fetch(
            f"SELECT 1 FROM import_staging s JOIN {TABLE} c ON {OF_THE_ROW}"
            " WHERE s.outcome = 'created' LIMIT 1"
        ):
            # No constraint keeps two imports at once from adding the same person.
            raise Refused(
                _(
                    "Somebody changed the same records at this moment. Nothing was imported; import again."
                )
            )
        self._demote(work)
        self._update(work)
        self._insert(work)
        keep(
            "contact",
            [row[0] for row in work.fetch("SELECT DISTINCT customer_id FROM import_staging")],
        )

    def _demote(self, work: Work) -> None:
        """Who was the main contact and isn't in the file gives way to the one that the file names."""
        former = f"""SELECT c.id FROM {TABLE} c JOIN import_staging s ON s.customer_id = c.customer_id
                     WHERE s.is_primary AND c.is_primary
                       AND NOT EXISTS (SELECT 1 FROM import_staging t WHERE t.contact_id = c.id)"""
        if work.has("is_primary") and work.keep_before(TABLE, former):
            work.run(
                f"""UPDATE {TABLE} SET is_primary = false, version = version + 1, updated_at = now()
                    WHERE id IN ({former})"""
            )

    def _update(self, work: Work) -> None:
        changed = "SELECT contact_id FROM import_staging WHERE outcome = 'updated'"
        if not work.keep_before(TABLE, changed):
            return
        sets = [f'"{name}" = coalesce(s."{name}", c."{name}")' for name in self._columns(work)]
        sets.append(f"custom = c.custom || {custom_columns.entries(self.kind, work)}")
        work.run(
            f"""UPDATE {TABLE} c SET {", ".join(sets)}, version = c.version + 1, updated_at = now()
                FROM import_staging s WHERE s.outcome = 'updated' AND s.contact_id = c.id"""
        )

    def _insert(self, work: Work) -> None:
        work.run(f"UPDATE import_staging SET contact_id = {NEXT_ID} WHERE outcome = 'created'")
        work.fill_name_keys("import_staging", "outcome = 'created'")
        filled = ", ".join(f"coalesce(s.{name}, '')" for name in TEXTS)
        work.run(
            f"""INSERT INTO {TABLE} (id, customer_id, name, name_key, {", ".join(TEXTS)}, is_primary,
                  custom, owner_id, team_id, department_id, version, created_at, updated_at)
                SELECT s.contact_id, c.id, s.name, s.name_key, {filled}, coalesce(s.is_primary, false),
                  {custom_columns.entries(self.kind, work)},
                  c.owner_id, c.team_id, c.department_id, 1, now(), now()
                FROM import_staging s JOIN customers_customer c ON c.id = s.customer_id
                WHERE s.outcome = 'created' ORDER BY s.row"""
        )
        work.keep_created(TABLE, "SELECT contact_id FROM import_staging WHERE outcome = 'created'")

    # ---- taking it back ----

    def undo(self, batch: ImportBatch, *, actor: Actor) -> None:
        created = created_ids(batch, TABLE)
        demand_unchanged(TABLE, created)
        _demand_unmentioned(created)
        # The owner is the customer's and may be another by now.
        restored = restore(batch, TABLE, except_columns={"id", "updated_at", "created_at", *PLACED})
        concerned = _customers_of([*restored, *created])
        delete_created(batch, TABLE)
        keep("contact", concerned)
        _leave_one_primary(restored)


def _customers_of(contacts: list[int]) -> list[int]:
    rows = Contact.objects.filter(pk__in=contacts).values_list("customer_id", flat=True)
    return list(rows.distinct())


def _demand_unmentioned(created: list[int]) -> None:
    """What was talked about with a new contact would no longer say with whom."""
    talk = Interaction.objects.filter(contact_id__in=created).select_related("contact").first()
    if talk is not None and talk.contact is not None:
        raise Refused(
            _("“%(name)s” has %(what)s by now. Delete those first, or keep the import.")
            % {"name": talk.contact.name, "what": _("interactions")}
        )


def _leave_one_primary(restored: list[int]) -> None:
    """Somebody may have named another main contact since the import; their word counts."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE {TABLE} c SET is_primary = false WHERE c.id = ANY(%s) AND c.is_primary
                AND EXISTS (SELECT 1 FROM {TABLE} o WHERE o.customer_id = c.customer_id
                            AND o.is_primary AND o.id <> ALL(%s))""",
            [restored, restored],
        )
