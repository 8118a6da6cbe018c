"""The review of a case as a kind of record."""

from __future__ import annotations

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers.models.standing import Tier
from kezhi.records import Condition, Field, FieldKind, Kind, View
from kezhi.service.models import CaseReview, Ticket
from kezhi.service.quality import reviewing

K = FieldKind
# As a sample writes them: the type of the ticket, and the tier of its customer where there is one.
STRATA = tuple(
    (f"{sort} {tier}".strip(), format_lazy("{} {}", label, tier) if tier else label)
    for sort, label in Ticket.Type.choices
    for tier in ("", *Tier.values)
)

FIELDS = (
    Field(
        "ticket",
        pgettext_lazy("record", "Ticket"),
        path="ticket__number",
        is_filterable=True,
    ),
    Field("agent", pgettext_lazy("case review", "Whose case"), K.PERSON, is_filterable=True),
    Field("reviewer", pgettext_lazy("case review", "Who reviews"), K.PERSON, is_filterable=True),
    Field(
        "state",
        pgettext_lazy("record", "State"),
        K.CHOICE,
        choices=CaseReview.State.choices,
        is_filterable=True,
    ),
    Field(
        "score",
        pgettext_lazy("case review", "Score"),
        K.SCORE,
        is_sortable=True,
        is_filterable=True,
    ),
    Field("stratum", pgettext_lazy("case review", "Type and tier"), K.CHOICE, choices=STRATA),
    Field(
        "is_calibration",
        pgettext_lazy("case review", "Second review"),
        K.BOOLEAN,
        is_filterable=True,
    ),
    Field("due_on", pgettext_lazy("case review", "Due"), K.DATE, is_filterable=True),
    Field("reviewed_at", pgettext_lazy("case review", "Reviewed"), K.MOMENT, is_filterable=True),
    Field("remark", pgettext_lazy("case review", "Remark"), K.LONG_TEXT),
    Field("answer", pgettext_lazy("case review", "Answer of the colleague"), K.LONG_TEXT),
    Field("created_at", pgettext_lazy("case review", "Drawn"), K.MOMENT, is_sortable=True),
)

KIND = Kind(
    name="case_review",
    label=pgettext_lazy("record", "Case review"),
    label_plural=_("Case reviews"),
    model=CaseReview,
    address="case-reviews",
    icon="eye",
    fields=FIELDS,
    title="ticket",
    subtitle=("agent",),
    columns=("ticket", "agent", "reviewer", "state", "score", "stratum", "due_on", "reviewed_at"),
    default_sort="-created_at",
    views=(
        View(
            "open",
            pgettext_lazy("reviews", "To be done"),
            (Condition("state", "eq", "open"),),
            sort="-created_at",
        ),
        View(
            "done",
            pgettext_lazy("reviews", "Done"),
            (Condition("state", "in", "done,answered"),),
            sort="-created_at",
        ),
        View("all", pgettext_lazy("view", "All"), sort="-created_at"),
    ),
    properties=(
        "ticket",
        "agent",
        "reviewer",
        "state",
        "stratum",
        "is_calibration",
        "due_on",
        "reviewed_at",
    ),
    select_related=("ticket", "agent", "reviewer", "scorecard"),
    empty=_("Solved cases drawn by chance, looked at by a colleague who didn’t work on them."),
    delete=reviewing.delete_review,
)
