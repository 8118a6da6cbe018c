"""Survey answers from a file, one answer to a row. Customers and questions are named and never created.

An answer is known by respondent, question, supplier judged and day. So the same file twice changes nothing,
and a corrected answer takes the place of the former one. What lies off the question's scale, or would give
one respondent two customers, is told at its row.
"""

# ruff: noqa: S608  # tables and columns are the code's own names; what a user typed goes as a parameter
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kezhi.accounts.models import Company
from kezhi.core.actor import Actor
from kezhi.customers.importing import hold_customers, refer_to_customers
from kezhi.dataio.custom_columns import resolve_link
from kezhi.dataio.fields import ImportField, declared_fields
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.registry import Counts, Option
from kezhi.dataio.staging import Work
from kezhi.dataio.undoing import created_ids, delete_created, demand_unchanged, restore
from kezhi.records import registry

TABLE = "satisfaction_surveyanswer"
US = ("us", "ourselves", "we", "self", "我们", "我方", "我司", "本公司", "自己")
EXAMPLES = {
    "respondent": ("R-001", "R-001"),
    "customer": ("C-0001", "C-0001"),
    "item": ("Q1", "Q1"),
    "answer": ("8", "8"),
    "answered_on": ("2025-01-31", "2025-01-31"),
    "about": ("", ""),
}
PLACED = ("owner_id", "team_id", "department_id")
SAME = """t.respondent = s.respondent AND t.item_id = s.item_id AND t.about = s.about
          AND t.answered_on = s.answered_on"""


@dataclass(frozen=True)
class AnswerLoader:
    kind: str = "survey_answer"
    one_of: Sequence[Sequence[str]] = ()
    options: Sequence[Option] = ()

    @property
    def extra(self) -> dict[str, str]:
        return {
            "customer_id": "bigint",
            "item_id": "bigint",
            "answer_id": "bigint",
            "outcome": "text",
        }

    @property
    def rows_of(self) -> str:
        return "SELECT row, answer_id, outcome FROM import_staging"

    def fields(self) -> Sequence[ImportField]:
        return declared_fields(self.kind, EXAMPLES, {"answered_on": {"not_after_today": True}})

    def link(self, batch: ImportBatch) -> str:
        return registry[self.kind].list_url(sort="-answered_on")

    # ---- what each row refers to ----

    def resolve(self, work: Work) -> Counts:
        refer_to_customers(work, self.kind)
        resolve_link(work, "item", "survey_item", "item_id")
        self._name_ourselves(work)
        self._reject_off_scale(work)
        self._reject_two_customers(work)
        key = "s.respondent, s.item_id, s.about, s.answered_on"
        work.find_twins(key, "s.respondent", list(work.columns))
        work.fold_twins("respondent")
        work.run(
            f"""UPDATE import_staging s SET answer_id = t.id,
                  outcome = CASE WHEN t.answer = s.answer THEN 'unchanged' ELSE 'updated' END
                FROM {TABLE} t WHERE {SAME} AND s.outcome IS NULL"""
        )
        work.run("UPDATE import_staging SET outcome = 'created' WHERE outcome IS NULL")
        return Counts.of(work.counts())

    def _name_ourselves(self, work: Work) -> None:
        company = Company.current()
        names = [*US, company.name.casefold()] if company else list(US)
        work.run(
            """UPDATE import_staging SET about = CASE
                 WHEN about IS NULL OR lower(about) = ANY(%s) THEN '' ELSE about END""",
            [names],
        )

    def _reject_off_scale(self, work: Work) -> None:
        off = _("The answer lies off the scale of the question %(item)s, from %(low)s to %(high)s.")
        work.reject(
            "refused",
            "answer",
            """SELECT s.row, trim_scale(s.answer)::text, jsonb_build_object('reason',
                 replace(replace(replace(%s, '%%(item)s', i.code), '%%(low)s', i.low::text),
                   '%%(high)s', i.high::text))
               FROM import_staging s JOIN satisfaction_surveyitem i ON i.id = s.item_id
               WHERE i.unit = 'scale' AND NOT s.answer BETWEEN i.low AND i.high""",
            [off],
        )
        below = _("Money and hours aren’t negative.")
        work.reject(
            "refused",
            "answer",
            """SELECT s.row, trim_scale(s.answer)::text, jsonb_build_object('reason', %s::text)
               FROM import_staging s JOIN satisfaction_surveyitem i ON i.id = s.item_id
               WHERE i.unit <> 'scale' AND s.answer < 0""",
            [below],
        )
        counted = _("Nobody is asked this: the question is counted from records.")
        work.reject(
            "refused",
            "item",
            """SELECT s.row, s.item, jsonb_build_object('reason', %s::text)
               FROM import_staging s JOIN satisfaction_surveyitem i ON i.id = s.item_id
               WHERE i.source <> 'asked'""",
            [counted],
        )

    def _reject_two_customers(self, work: Work) -> None:
        """Rows of a respondent who answered for another customer, here or earlier."""
        said = _("The respondent answered for another customer already.")
        work.reject(
            "refused",
            "respondent",
            f"""SELECT s.row, s.respondent, jsonb_build_object('reason', %s::text)
                FROM import_staging s
                JOIN (SELECT respondent, (array_agg(customer_id ORDER BY row))[1] AS first
                      FROM import_staging GROUP BY respondent) f ON f.respondent = s.respondent
                WHERE s.customer_id <> f.first OR EXISTS (SELECT 1 FROM {TABLE} t
                  WHERE t.respondent = s.respondent AND t.customer_id <> s.customer_id)""",
            [said],
        )

    # ---- written in sets ----

    def write(self, work: Work) -> None:
        work.run("DELETE FROM import_staging WHERE outcome NOT IN ('created', 'updated')")
        hold_customers(work)
        changed = "SELECT answer_id FROM import_staging WHERE outcome = 'updated'"
        if work.keep_before(TABLE, changed):
            work.run(
                f"""UPDATE {TABLE} t SET answer = s.answer, version = t.version + 1, updated_at = now()
                    FROM import_staging s WHERE s.outcome = 'updated' AND t.id = s.answer_id"""
            )
        work.run(
            f"""UPDATE import_staging SET answer_id = nextval(pg_get_serial_sequence('{TABLE}', 'id'))
                WHERE outcome = 'created'"""
        )
        work.run(
            f"""INSERT INTO {TABLE} (id, respondent, customer_id, item_id, about, answer, answered_on,
                  owner_id, team_id, department_id, custom, version, created_at, created_by_id, updated_at)
                SELECT s.answer_id, s.respondent, c.id, s.item_id, s.about, s.answer, s.answered_on,
                  c.owner_id, c.team_id, c.department_id, '{{}}', 1, now(), %s, now()
                FROM import_staging s JOIN customers_customer c ON c.id = s.customer_id
                WHERE s.outcome = 'created' ORDER BY s.row""",
            [work.actor.pk],
        )
        work.keep_created(TABLE, "SELECT answer_id FROM import_staging WHERE outcome = 'created'")

    def undo(self, batch: ImportBatch, *, actor: Actor) -> None:
        demand_unchanged(TABLE, created_ids(batch, TABLE))
        restore(batch, TABLE, except_columns={"id", "created_at", "updated_at", *PLACED})
        delete_created(batch, TABLE)
