"""Customers filtered by how their value moved: whose tier fell lately, who entered a stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.core.actor import Actor
from kezhi.customers.models.standing import Stage, Tier
from kezhi.insight.models import StageMove, TierMove
from kezhi.insight.models.history import Move
from kezhi.records import Condition, Field, FieldKind
from kezhi.records.fields import Label
from kezhi.workbench.filtering import Asking, Question, ask
from kezhi.workbench.operands import Unusable

SPANS = {"30d": 30, "90d": 90, "12m": 365}
DIRECTIONS: dict[str, Label] = {"down": gettext_lazy("fell"), "up": gettext_lazy("rose")}
ORDER = list(Tier.values)  # from the top
Within = Callable[[str, date], Q]


def _tier_moved(direction: str, since: date) -> Q:
    """A first measurement is no move: there was no tier before."""
    moved = Q(pk__in=[])
    for place, tier in enumerate(ORDER):
        beyond = ORDER[place + 1 :] if direction == "down" else ORDER[:place]
        if beyond:
            moved |= Q(before=tier, after__in=beyond)
    return _exists(TierMove, moved, since)


def _stage_entered(stage: str, since: date) -> Q:
    return _exists(StageMove, Q(after=stage) & ~Q(before=""), since)


def _exists(model: type[Move], moved: Q, since: date) -> Q:
    rows = model.objects.filter(moved, customer=OuterRef("pk"), moved_on__gte=since)
    return Q(Exists(rows))


def _named(key: str, labels: dict[str, Label]) -> str:
    """`down.90d` in words."""
    what, _dot, span = key.partition(".")
    if what not in labels or span not in SPANS:
        raise Unusable(_("Choose one of the entries."))
    words = _("%(what)s within %(days)s days")
    return words % {"what": labels[what], "days": SPANS[span]}


def _question(
    name: str, label: Label, labels: dict[str, Label], within: Within, helped: Label
) -> Question:
    def means(condition: Condition, asking: Asking) -> tuple[Q, str, tuple[Field, ...]]:
        keys = [key.strip() for key in condition.operand.split(",") if key.strip()]
        if not keys or len(keys) > len(labels) * len(SPANS):
            raise Unusable(_("Choose at least one."))
        some, shown = Q(pk__in=[]), []
        for key in keys:
            shown.append(_named(key, labels))
            what, _dot, span = key.partition(".")
            some |= within(what, asking.on - timedelta(days=SPANS[span]))
        words = "、".join(shown)
        return (~some if condition.op == "none" else some), words, ()

    def options(actor: Actor) -> Sequence[tuple[str, Label]]:
        keys = [f"{what}.{span}" for what in labels for span in SPANS]
        return [(key, _named(key, labels)) for key in keys]

    return Question(
        name,
        label,
        FieldKind.CHOICE,
        is_filterable=True,
        help=helped,
        group="value",
        comparisons=("in", "none"),
        means=means,
        options=options,
    )


TIER_MOVED = _question(
    "tier_moved",
    gettext_lazy("Tier moved"),
    DIRECTIONS,
    _tier_moved,
    gettext_lazy("Between two measurements"),
)
STAGE_ENTERED = _question(
    "stage_entered",
    gettext_lazy("Lifecycle stage entered"),
    dict(Stage.choices),
    _stage_entered,
    gettext_lazy("Between two measurements"),
)


def register() -> None:
    ask("customer", TIER_MOVED)
    ask("customer", STAGE_ENTERED)
