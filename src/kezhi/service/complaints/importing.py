"""Complaints from a file: settled elsewhere, matched by their number, brought in row by row by their deed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from kezhi.core.actor import Actor
from kezhi.dataio.fields import ImportField, declared_fields
from kezhi.dataio.loading import DeclaredLoader
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.registry import Option
from kezhi.dataio.staging import Work
from kezhi.dataio.undoing import created_ids, demand_unchanged
from kezhi.ledger.models import CostEntry
from kezhi.records import FieldKind
from kezhi.service.complaints.bringing_in import bring_in_complaint
from kezhi.service.models import Compensation, Complaint, Ticket

K = FieldKind
BOOKS = "books_compensation"
A_DAY = {"kind": K.DATE, "not_after_today": True}
NEEDED = {"is_required": True}
CHANGES: dict[str, dict[str, Any]] = {
    "number": {**NEEDED, "max_length": 20},
    "customer": NEEDED,
    "category": {
        **NEEDED,
        "words": {
            "质量": "quality",
            "产品质量": "quality",
            "合同": "contract",
            "运输": "transport",
            "物流": "transport",
        },
    },
    "opened_at": {**A_DAY, **NEEDED},
    "settled_at": {**A_DAY, **NEEDED},
    "closed_at": A_DAY,
    "answer": {
        **NEEDED,
        "words": {"满意": "accepted", "拒绝": "refused", "未联系上": "silent", "无答复": "silent"},
    },
    "loss": {"at_least_zero": True},
    "compensated": {"at_least_zero": True},
}
EXAMPLES = {
    "number": ("CP-2025-017", "TS-2025-017"),
    "customer": ("C-00042", "C-00042"),
    "subject": ("Three boxes wet", "三箱受潮"),
    "category": ("Transport", "运输"),
    "opened_at": ("2025-03-01", "2025-03-01"),
    "settled_at": ("2025-03-09", "2025-03-09"),
    "answer": ("Accepted", "接受"),
    "compensated": ("800.00", "800.00"),
}


@dataclass(frozen=True)
class ComplaintLoader(DeclaredLoader):
    """What is there already stays as its steps made it: a file brings in, it doesn't decide anew."""

    kind: str = "complaint"
    options: Sequence[Option] = (
        Option(BOOKS, _("Compensation becomes a cost of its customer"), True),
    )

    def fields(self) -> Sequence[ImportField]:
        return declared_fields(self.kind, EXAMPLES, CHANGES, with_custom=True)

    def _creation(self, work: Work) -> Callable[..., Any]:
        return partial(bring_in_complaint, books=bool(work.options.get(BOOKS, True)))

    def _known(self, key: list[str]) -> str:
        tickets = Ticket._meta.db_table
        return f"JOIN {tickets} k ON k.number = {key[0]} JOIN {self.table} t ON t.ticket_id = k.id"

    def _differs(self, work: Work) -> str:
        return "false"

    def undo(self, batch: ImportBatch, *, actor: Actor) -> None:
        ids = created_ids(batch, self.table)
        demand_unchanged(self.table, ids)
        tickets = list(Complaint.objects.filter(pk__in=ids).values_list("ticket_id", flat=True))
        demand_unchanged(Ticket._meta.db_table, tickets)
        given = Compensation.objects.filter(complaint_id__in=ids)
        costs = list(given.exclude(cost=None).values_list("cost_id", flat=True))
        Ticket.objects.filter(pk__in=tickets).delete()
        CostEntry.objects.filter(pk__in=costs).delete()
