"""Costs of winning customers from a file. An entry is known by its whole content, so the same file twice
changes nothing."""

# ruff: noqa: S608  # tables and columns are the code's own names; what a user typed goes as a parameter
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kezhi.core.actor import Actor
from kezhi.dataio.fields import ImportField, declared_fields
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.registry import Counts, Option
from kezhi.dataio.staging import Work
from kezhi.dataio.undoing import created_ids, delete_created, demand_unchanged
from kezhi.records import registry

TABLE = "ledger_acquisitioncost"
EXAMPLES = {
    "source": ("Trade fair", "展会"),
    "campaign": ("Spring fair 2025", "2025 春季展"),
    "begins_on": ("2025-03-01", "2025-03-01"),
    "ends_on": ("2025-03-31", "2025-03-31"),
    "amount": ("18000.00", "18000.00"),
    "remark": ("Stand and travel", "展位与差旅"),
}
CONTENT = (
    "concat_ws('|', s.source, to_char(s.begins_on, 'YYYYMMDD'),"
    " to_char(s.ends_on, 'YYYYMMDD'), round(s.amount, 2))"
)


@dataclass(frozen=True)
class AcquisitionCostLoader:
    kind: str = "acquisition_cost"
    one_of: Sequence[Sequence[str]] = ()
    options: Sequence[Option] = ()

    @property
    def extra(self) -> dict[str, str]:
        return {"entry_key": "text", "outcome": "text"}

    @property
    def rows_of(self) -> str:
        return (
            "SELECT s.row, e.id, s.outcome FROM import_staging s"
            f" LEFT JOIN {TABLE} e ON e.entry_key = s.entry_key"
        )

    def fields(self) -> Sequence[ImportField]:
        return declared_fields(self.kind, EXAMPLES, {})

    def link(self, batch: ImportBatch) -> str:
        return registry[self.kind].list_url(sort="-begins_on")

    def resolve(self, work: Work) -> Counts:
        campaign = "coalesce(s.campaign, '')"
        work.run(
            f"""UPDATE import_staging s SET entry_key =
                  encode(sha256(convert_to(concat_ws('|', n.content, n.nth, n.campaign, n.remark),
                    'UTF8')), 'hex')
                FROM (SELECT row, content, campaign, remark,
                        row_number() OVER (PARTITION BY content, campaign, remark ORDER BY row) AS nth
                      FROM (SELECT s.row, {CONTENT} AS content, {campaign} AS campaign,
                              coalesce(s.remark, '') AS remark FROM import_staging s) AS said) AS n
                WHERE n.row = s.row"""
        )
        work.reject(
            "refused",
            "ends_on",
            """SELECT row, ends_on::text, jsonb_build_object('reason', %s::text) FROM import_staging
               WHERE ends_on < begins_on""",
            [_("The time ends before it begins: change one of the two days.")],
        )
        work.run(
            f"""UPDATE import_staging s SET outcome = CASE
                  WHEN EXISTS (SELECT 1 FROM {TABLE} e WHERE e.entry_key = s.entry_key)
                  THEN 'unchanged' ELSE 'created' END WHERE s.outcome IS NULL"""
        )
        return Counts.of(work.counts())

    def write(self, work: Work) -> None:
        work.run("DELETE FROM import_staging WHERE outcome <> 'created'")
        work.run(
            f"""INSERT INTO {TABLE} (source, campaign, begins_on, ends_on, amount, remark, entry_key,
                  version, created_at)
                SELECT s.source, coalesce(s.campaign, ''), s.begins_on, s.ends_on,
                  round(s.amount, 2), coalesce(s.remark, ''), s.entry_key, 1, now()
                FROM import_staging s ORDER BY s.row"""
        )
        work.keep_created(
            TABLE, f"SELECT e.id FROM {TABLE} e JOIN import_staging s ON s.entry_key = e.entry_key"
        )

    def undo(self, batch: ImportBatch, *, actor: Actor) -> None:
        demand_unchanged(TABLE, created_ids(batch, TABLE))
        delete_created(batch, TABLE)
