"""Customers from a file: matched by code, else by credit code, else by name; created or brought up to date.

A blank cell never erases what is there. A file without codes gives new customers codes from the sequence and
finds them again by name, so that importing it twice changes nothing.
"""

# ruff: noqa: S608  # tables and columns are the code's own names; what a user typed goes as a parameter
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.core.actor import Actor, Scope
from kezhi.core.refusal import Refused
from kezhi.customers import deduplicating_import
from kezhi.customers.matching_keeping import keep
from kezhi.customers.merging import FORMER_CODES
from kezhi.customers.models import Contact, Customer, FollowUp, Interaction
from kezhi.customers.placing import follow_place
from kezhi.dataio import custom_columns
from kezhi.dataio.fields import ImportField, declared_fields
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.people import resolve_people
from kezhi.dataio.registry import Counts, Option
from kezhi.dataio.staging import Work
from kezhi.dataio.undoing import created_ids, demand_unchanged, restore
from kezhi.records import registry

TABLE = "customers_customer"
EXAMPLES = {
    "name": ("Anhui Tea Co., Ltd.", "安徽茶业有限公司"),
    "code": ("C-0001", "C-0001"),
    "form": ("Company", "企业"),
    "credit_code": ("91340100MA2N0T7C0M", "91340100MA2N0T7C0M"),
    "phone": ("0551-62820000", "0551-62820000"),
    "email": ("buy@example.com", "caigou@example.com"),
    "industry": ("Food", "食品"),
    "region": ("Anhui", "安徽"),
    "city": ("Hefei", "合肥"),
    "address": ("88 Tea Road", "蜀山区茶叶路 88 号"),
    "source": ("Exhibition", "展会"),
    "payment_days": ("30", "30"),
    "yearly_demand": ("120000.00", "120000.00"),
}
FORM_WORDS = {
    "企业": "company", "公司": "company", "单位": "company", "对公": "company", "company": "company",
    "b2b": "company",
    "个人": "person", "自然人": "person", "对私": "person", "person": "person", "individual": "person",
    "b2c": "person",
}  # fmt: skip
ROLE_WORDS = {
    "客户": "customer", "customer": "customer", "client": "customer",
    "供应商": "supplier", "supplier": "supplier", "vendor": "supplier",
    "分销商": "distributor", "经销商": "distributor", "代理商": "distributor", "渠道": "distributor",
    "distributor": "distributor", "dealer": "distributor",
    "内部客户": "internal", "内部": "internal", "internal": "internal",
    "竞争者": "competitor", "竞争对手": "competitor", "competitor": "competitor",
    "影响者": "influencer", "相关利益者": "influencer", "influencer": "influencer",
}  # fmt: skip
PLACED = ("owner_id", "team_id", "department_id")


@dataclass(frozen=True)
class CustomerLoader:
    kind: str = "customer"
    one_of: Sequence[Sequence[str]] = ()
    options: Sequence[Option] = (
        Option(
            "match_names",
            gettext_lazy("Rows without code and credit code: find existing customers by name"),
            True,
        ),
        *deduplicating_import.OPTIONS,
    )

    @property
    def extra(self) -> dict[str, str]:
        return {
            "owner_id": "bigint",
            "customer_id": "bigint",
            "outcome": "text",
            "name_key": "text",
            "new_code": "text",
        }

    @property
    def rows_of(self) -> str:
        return "SELECT row, customer_id, outcome FROM import_staging"

    def fields(self) -> Sequence[ImportField]:
        return declared_fields(
            "customer",
            EXAMPLES,
            {
                "payment_days": {"at_least_zero": True},
                "yearly_demand": {"at_least_zero": True},
                "form": {"words": FORM_WORDS},
                "roles": {"words": ROLE_WORDS},
            },
            with_custom=True,
        )

    def link(self, batch: ImportBatch) -> str:
        return registry["customer"].list_url(sort="-created_at")

    # ---- what each row refers to ----

    def resolve(self, work: Work) -> Counts:
        if work.has("owner"):
            resolve_people(work, "owner")
        custom_columns.resolve(self.kind, work)
        self._reject_repeated(work)
        self._match(work)
        self._reject_taken(work)
        self._reject_out_of_reach(work)
        self._decide(work)
        custom_columns.reject_incomplete(self.kind, work)
        details = deduplicating_import.compare(work)
        if details.get("likely_updated"):
            self._decide(work)
        return Counts.of(work.counts(), details)

    def _decide(self, work: Work) -> None:
        work.run(
            f"""UPDATE import_staging s SET outcome = CASE
                  WHEN s.customer_id IS NULL THEN 'created'
                  WHEN EXISTS (SELECT 1 FROM {TABLE} c WHERE c.id = s.customer_id AND ({self._differs(work)}))
                  THEN 'updated' ELSE 'unchanged' END
                WHERE outcome IS NULL"""
        )
        # Statistics from before say that no row has an outcome: joins would read the table once per row.
        work.staging.ready()

    def _columns(self, work: Work) -> list[str]:
        own = {each.name for each in custom_columns.matched(self.kind, work)}
        return [name for name in work.columns if name not in {"owner", "code", *own}]

    def _differs(self, work: Work) -> str:
        parts = [
            f'(s."{name}" IS NOT NULL AND c."{name}"::text IS DISTINCT FROM {_cell(name)}::text)'
            for name in self._columns(work)
        ]
        if work.has("code"):
            # Found by credit code or name, so the file may bring the code that was missing.
            parts.append("(s.code IS NOT NULL AND c.code IS DISTINCT FROM s.code)")
        if work.has("owner"):
            parts.append("(s.owner_id IS NOT NULL AND c.owner_id IS DISTINCT FROM s.owner_id)")
        if custom_columns.matched(self.kind, work):
            parts.append(custom_columns.differs(self.kind, work, "c"))
        return " OR ".join(parts) or "false"

    def _reject_repeated(self, work: Work) -> None:
        """The same customer in two rows: equal rows are one, different ones contradict each other."""
        key = (
            "coalesce('c' || s.code, 't' || s.credit_code, 'n' || lower(s.name))"
            if work.options.get("match_names", True)
            else "coalesce('c' || s.code, 't' || s.credit_code, 'r' || s.row)"
        )
        work.find_twins(
            key,
            "coalesce(s.code, s.credit_code, s.name)",
            list(work.columns),
            "CASE WHEN s.code IS NOT NULL THEN 'code' WHEN s.credit_code IS NOT NULL THEN 'credit_code'"
            " ELSE 'name' END",
        )
        for field in ("code", "credit_code", "name"):
            work.fold_twins(field, f"field = '{field}'")

    def _match(self, work: Work) -> None:
        work.run(
            f"UPDATE import_staging s SET customer_id = c.id FROM {TABLE} c WHERE c.code = s.code"
        )
        # The other system still has both: what it says of the merged one is the survivor's row to say.
        work.run(
            f"""UPDATE import_staging s SET customer_id = f.id, outcome = 'repeated'
                FROM ({FORMER_CODES}) f WHERE f.code = s.code AND s.customer_id IS NULL"""
        )
        work.run(
            f"""UPDATE import_staging s SET customer_id = c.id FROM {TABLE} c
                WHERE s.customer_id IS NULL AND s.code IS NULL AND s.credit_code IS NOT NULL
                  AND c.credit_code = s.credit_code AND c.credit_code <> '' -- as its index says"""
        )
        ways = ("c.name = s.name", "lower(c.name) = lower(s.name)")
        for equal in ways if work.options.get("match_names", True) else ():
            work.run("DROP TABLE IF EXISTS pg_temp.import_named")
            work.run(
                f"""CREATE TEMP TABLE import_named ON COMMIT DROP AS
                    SELECT s.row, min(c.id) AS id, count(*) AS hits FROM import_staging s
                    JOIN {TABLE} c ON {equal}
                    WHERE s.customer_id IS NULL AND s.code IS NULL AND s.outcome IS NULL
                      AND (s.credit_code IS NULL OR c.credit_code = '')
                    GROUP BY s.row"""
            )
            work.reject(
                "several_references",
                "name",
                "SELECT s.row, s.name, jsonb_build_object('text', s.name) FROM import_staging s"
                " JOIN import_named n USING (row) WHERE n.hits > 1",
            )
            work.run(
                "UPDATE import_staging s SET customer_id = n.id FROM import_named n WHERE n.row = s.row"
            )

        # A row with the code and a row with the credit code may turn out to be the same customer.
        work.reject(
            "same_row_again",
            "name",
            """SELECT row, name, jsonb_build_object('row', first_row, 'key', name) FROM (
                 SELECT row, name, first_value(row) OVER (PARTITION BY customer_id ORDER BY row) AS first_row
                 FROM import_staging WHERE customer_id IS NOT NULL AND outcome IS NULL) twins
               WHERE row <> first_row""",
        )

    def _reject_taken(self, work: Work) -> None:
        """A credit code belongs to one customer, in the file and in the database."""
        if not work.has("credit_code"):
            return
        work.reject(
            "taken",
            "credit_code",
            f"""SELECT s.row, s.credit_code, jsonb_build_object('key', s.credit_code)
                FROM import_staging s
                JOIN {TABLE} c ON c.credit_code = s.credit_code AND c.credit_code <> ''
                WHERE s.customer_id IS DISTINCT FROM c.id AND s.outcome IS NULL""",
        )
        work.reject(
            "taken",
            "credit_code",
            """SELECT s.row, s.credit_code, jsonb_build_object('key', s.credit_code)
               FROM (SELECT row, credit_code, first_value(row) OVER (PARTITION BY credit_code ORDER BY
                 row) AS first
                     FROM import_staging WHERE credit_code IS NOT NULL AND outcome IS NULL) s
               WHERE s.row <> s.first""",
        )

    def _reject_out_of_reach(self, work: Work) -> None:
        """Rows of customers that the actor may not change, and owners that the actor may not set."""
        scope = work.actor.scope("import", "customer")
        if scope != Scope.ALL:
            reach, params = _ids(Customer.objects.within(scope, work.actor))
            work.reject(
                "not_editable",
                "code" if work.has("code") else "name",
                "SELECT s.row, coalesce(s.code, s.name), jsonb_build_object('key', coalesce(s.code, s.name))"
                f" FROM import_staging s WHERE s.customer_id IS NOT NULL AND s.customer_id NOT IN ({reach})",
                params,
            )
        assign = work.actor.scope("assign", "customer")
        if work.has("owner") and assign != Scope.ALL:
            allowed = "p.id = %s"
            params = [work.actor.pk]
            if assign == Scope.DEPARTMENT:
                allowed += " OR p.department_id = ANY(%s)"
                params.append(list(work.actor.department_ids))
            elif assign == Scope.TEAM:
                allowed += " OR p.team_id = %s"
                params.append(work.actor.team_id)
            work.reject(
                "not_yours_to_assign",
                "owner",
                f"""SELECT s.row, s.owner, '{{}}'::jsonb FROM import_staging s
                    JOIN import_people p ON p.id = s.owner_id LEFT JOIN {TABLE} c ON c.id = s.customer_id
                    WHERE c.owner_id IS DISTINCT FROM s.owner_id AND NOT coalesce({allowed}, false)""",
                params,
            )

    # ---- writing ----

    def write(self, work: Work) -> None:
        work.run("DELETE FROM import_staging WHERE outcome NOT IN ('created', 'updated')")
        self._update(work)
        work.fill_name_keys("import_staging", "outcome = 'created'")
        give_codes(work, "import_staging", "outcome = 'created'", "code")
        self._insert(work)
        deduplicating_import.keep_keys(work)
        deduplicating_import.keep_review(work)

    def _insert(self, work: Work) -> None:
        work.run(f"UPDATE import_staging SET customer_id = {NEXT_ID} WHERE outcome = 'created'")
        work.staging.ready()
        named = {
            "form": "'company'", "credit_code": "''", "tax_id": "''", "phone": "''", "email": "''",
            "wechat": "''",
            "website": "''", "industry": "''", "region": "''", "city": "''", "address": "''", "source": "''",
            "payment_days": "NULL", "yearly_demand": "NULL", "remark": "''",
        }  # fmt: skip
        names = ", ".join(named)
        filled = ", ".join(
            f's."{n}"' if e == "NULL" else f'coalesce(s."{n}", {e})' for n, e in named.items()
        )
        owner, params = default_place(work.actor)
        place = "LEFT JOIN import_people p ON p.id = s.owner_id" if work.has("owner") else ""
        team = "p.team_id" if place else "NULL::bigint"
        department = "p.department_id" if place else "NULL::bigint"
        work.run(
            f"""INSERT INTO {TABLE} (id, code, name, name_key, {names}, roles, owner_id, team_id, department_id,
                  custom, version, created_at, created_by_id, updated_at)
                SELECT s.customer_id, s.code, s.name, s.name_key, {filled},
                  coalesce({_cell("roles")}, ARRAY['customer']::varchar[]),
                  CASE WHEN s.owner_id IS NULL THEN {owner} ELSE s.owner_id END,
                  CASE WHEN s.owner_id IS NULL THEN %s ELSE {team} END,
                  CASE WHEN s.owner_id IS NULL THEN %s ELSE {department} END,
                  {custom_columns.entries(self.kind, work)}, 1, now(), %s, now()
                FROM import_staging s {place} WHERE s.outcome = 'created' ORDER BY s.row""",
            [*params, work.actor.pk],
        )
        give_standing("SELECT customer_id FROM import_staging WHERE outcome = 'created'", work)
        work.keep_created(TABLE, "SELECT customer_id FROM import_staging WHERE outcome = 'created'")

    def _update(self, work: Work) -> None:
        changed = "SELECT customer_id FROM import_staging WHERE outcome = 'updated'"
        if not work.keep_before(TABLE, changed):
            return
        work.fill_name_keys("import_staging", "outcome = 'updated'")
        sets = [f'"{name}" = coalesce({_cell(name)}, c."{name}")' for name in self._columns(work)]
        sets.append("name_key = coalesce(s.name_key, c.name_key)")
        sets.append(f"custom = c.custom || {custom_columns.entries(self.kind, work)}")
        if work.has("code"):
            sets.append("code = coalesce(s.code, c.code)")
        work.run(
            f"""UPDATE {TABLE} c SET {", ".join(sets)}, version = c.version + 1, updated_at = now()
                FROM import_staging s WHERE s.outcome = 'updated' AND s.customer_id = c.id"""
        )
        if work.has("owner"):
            self._reassign(work)

    def _reassign(self, work: Work) -> None:
        given = work.fetch(
            f"""UPDATE {TABLE} c SET owner_id = p.id, team_id = p.team_id, department_id = p.department_id
                FROM import_staging s JOIN import_people p ON p.id = s.owner_id
                WHERE s.outcome = 'updated' AND s.customer_id = c.id AND c.owner_id IS DISTINCT FROM p.id
                RETURNING c.id"""
        )
        follow_place([row[0] for row in given])

    # ---- taking it back ----

    def undo(self, batch: ImportBatch, *, actor: Actor) -> None:
        restored = restore(batch, TABLE, except_columns={"id", "updated_at", "created_at"})
        follow_place(restored)
        keep("customer", restored)
        delete_customers(created_ids(batch, TABLE))


def _cell(name: str) -> str:
    """The staged entry as the column takes it: several roles stand in one cell, between commas."""
    return "string_to_array(s.roles, ',')::varchar[]" if name == "roles" else f's."{name}"'


NEXT_ID = "nextval('customers_customer_id_seq')"


def _ids(rows: models.QuerySet[Any]) -> tuple[str, list[Any]]:
    sql, params = rows.order_by().values("pk").query.sql_with_params()
    return sql, list(params)


def customers_within(actor: Actor, action: str, kind: str) -> tuple[str, list[Any]]:
    """A query of the ids of the customers on which the actor may do `action` for records of `kind`."""
    return _ids(Customer.objects.within(actor.scope(action, kind), actor))


def find_customers(work: Work, kind: str) -> None:
    """Which customer each row of `import_customers` (ref, code, name) means: customer_id, hits, is_hidden.

    By code; rows without one by name, among the customers for whom the actor may import `kind`.
    """
    reach, params = customers_within(work.actor, "import", kind)
    work.run(
        f"UPDATE import_customers i SET customer_id = c.id FROM {TABLE} c WHERE c.code = i.code"
    )
    work.run(
        f"""UPDATE import_customers i SET customer_id = f.id FROM ({FORMER_CODES}) f
            WHERE f.code = i.code AND i.customer_id IS NULL"""
    )
    for equal in ("c.name = i.name", "lower(c.name) = lower(i.name)"):
        if not work.fetch(
            "SELECT 1 FROM import_customers WHERE code IS NULL AND customer_id IS NULL LIMIT 1"
        ):
            break
        work.run(
            f"""UPDATE import_customers i SET customer_id = n.id, hits = n.hits FROM (
                  SELECT i.ref, min(c.id) AS id, count(*) AS hits FROM import_customers i
                  JOIN {TABLE} c ON {equal}
                  WHERE i.code IS NULL AND i.customer_id IS NULL AND c.id IN ({reach})
                  GROUP BY i.ref) n WHERE n.ref = i.ref""",
            params,
        )
    work.run(
        f"""UPDATE import_customers SET is_hidden = true
            WHERE customer_id IS NOT NULL AND customer_id NOT IN ({reach})""",
        params,
    )
    work.run("ANALYZE import_customers")


def refer_to_customers(work: Work, kind: str) -> None:
    """Fill `customer_id` of staged rows from `customer`, a code or a name; rows that mean none are rejected."""
    work.run(
        # A join, not a subquery in the columns: with old statistics that one reads the table once per row.
        f"""CREATE TEMP TABLE import_customers ON COMMIT DROP AS
            SELECT row_number() OVER (ORDER BY said.row) AS ref, said.name, c.code,
              NULL::bigint AS customer_id, false AS is_hidden, 1 AS hits
            FROM (SELECT customer AS name, min(row) AS row FROM import_staging GROUP BY customer) AS said
            LEFT JOIN {TABLE} c ON c.code = said.name"""
    )
    find_customers(work, kind)
    rows = """SELECT s.row, s.customer, jsonb_build_object('text', s.customer, 'kind', %s::text)
              FROM import_staging s JOIN import_customers i ON i.name = s.customer"""
    label = str(registry["customer"].label)
    work.reject("several_references", "customer", f"{rows} WHERE i.hits > 1", [label])
    unknown = f"{rows} WHERE i.is_hidden OR i.customer_id IS NULL"
    work.reject("missing_reference", "customer", unknown, [label])
    work.run(
        "UPDATE import_staging s SET customer_id = i.customer_id FROM import_customers i"
        " WHERE i.name = s.customer"
    )


def hold_customers(work: Work) -> None:
    """Until the import ends, nobody gives the staged rows' customers to another owner or deletes them."""
    work.run(
        f"""SELECT 1 FROM {TABLE} WHERE id = ANY(ARRAY(SELECT DISTINCT customer_id FROM import_staging))
            ORDER BY id FOR NO KEY UPDATE"""
    )


def default_place(actor: Actor) -> tuple[str, list[Any]]:
    """Whose a new customer is when the file doesn't say: nobody's, in the importer's department.

    Who may see only their own or their team's customers gets them, else they would vanish.
    """
    scope = actor.scope("import", "customer")
    team, department = actor.team_id, getattr(actor, "department_id", None)
    if scope in {Scope.ALL, Scope.DEPARTMENT}:
        return "NULL::bigint", [None, department]
    return f"{int(actor.pk or 0)}::bigint", [team, department]


def give_codes(work: Work, table: str, where: str, column: str) -> None:
    """Codes from the sequence for rows without; codes that are in use already are skipped."""
    missing = f"{where} AND {column} IS NULL"
    while work.run(
        f"""UPDATE {table} SET {column} = 'C-' || lpad(n::text, greatest(5, length(n::text)), '0')
            FROM (SELECT row AS for_row, nextval('customers_code_seq') AS n
                  FROM (SELECT row FROM {table} WHERE {missing} ORDER BY row) AS ordered) AS numbered
            WHERE row = for_row"""
    ):
        work.run(
            f"""UPDATE {table} t SET {column} = NULL WHERE {where}
                AND EXISTS (SELECT 1 FROM {TABLE} c WHERE c.code = t.{column})"""
        )


def give_standing(ids: str, work: Work) -> None:
    """Every customer has a standing from birth; the defaults are the model's."""
    work.run(
        f"""INSERT INTO customers_standing (customer_id, owner_id, team_id, department_id, tier, previous_tier,
              loyalty, stage, occasions, realised_is_estimate, quadrant)
            SELECT c.id, c.owner_id, c.team_id, c.department_id, '', '', '', '', 0, false, ''
            FROM {TABLE} c WHERE c.id IN ({ids})"""
    )


def delete_customers(ids: list[int]) -> None:
    """Delete customers that an import created, unless people have worked with them since."""
    demand_unchanged(TABLE, ids)
    _demand_untouched(ids)
    try:
        for start in range(0, len(ids), 1000):
            Customer.objects.filter(pk__in=ids[start : start + 1000]).delete()
    except models.ProtectedError as error:
        raise Refused(
            _(
                "Some of the imported customers have orders or costs now. Undo or delete those first."
            )
        ) from error


def _demand_untouched(created: list[int]) -> None:
    """What colleagues added to the new customers would be lost with them."""
    for model, what in (
        (Contact, _("contacts")),
        (Interaction, _("interactions")),
        (FollowUp, _("follow-ups")),
    ):
        row = (
            model._default_manager.filter(customer_id__in=created)
            .select_related("customer")
            .first()
        )
        if row is not None:
            raise Refused(
                _("“%(name)s” has %(what)s by now. Delete those first, or keep the import.")
                % {"name": row.customer.name, "what": what}
            )
