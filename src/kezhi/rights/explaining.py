"""What was judged of a person automatically, with which data and model, and how they can object."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from kezhi.core.actor import SYSTEM
from kezhi.customers.models import Customer, Exemption, Standing
from kezhi.insight import figures
from kezhi.insight.exempting import exemption_of
from kezhi.insight.figures.customer import BranchPart, LeafPart, explanation
from kezhi.insight.models import ValueRun
from kezhi.insight.naming import MODELS

MOST_FACTORS = 5


@dataclass(frozen=True)
class Factor:
    """One of the measures that moved the score most, and by how much."""

    label: str
    points: float


@dataclass(frozen=True)
class Judgement:
    """All that the letter to the person says. `standing` is None where nothing was judged."""

    customer: Customer
    standing: Standing | None
    run: ValueRun | None
    factors: tuple[Factor, ...]
    exemption: Exemption | None
    data: tuple[str, ...]
    measured_on: date | None

    @property
    def model(self) -> str:
        name = self.run.chosen_model if self.run else ""
        return str(MODELS.get(name, name))

    @property
    def is_judged(self) -> bool:
        return self.standing is not None and self.exemption is None


def judgement_of(customer: Customer) -> Judgement:
    """From the published run. Whoever asks has made sure that the customer may be seen."""
    standing = Standing.objects.filter(pk=customer.pk, run_id__isnull=False).first()
    exemption = exemption_of(customer)
    run = ValueRun.objects.filter(pk=standing.run_id).first() if standing else None
    basis = figures.basis() if standing and exemption is None else None
    factors: tuple[Factor, ...] = ()
    if basis is not None and (told := explanation(SYSTEM, customer.pk, basis)) is not None:
        leaves = [leaf for branch in told.branches for leaf in _leaves(branch) if leaf.points]
        leaves.sort(key=lambda leaf: -abs(leaf.points or 0))
        factors = tuple(Factor(str(leaf.label), leaf.points or 0) for leaf in leaves[:MOST_FACTORS])
    return Judgement(
        customer=customer,
        standing=standing,
        run=run,
        factors=factors,
        exemption=exemption,
        data=_data_used(),
        measured_on=standing.measured_on if standing else None,
    )


def _leaves(branch: BranchPart) -> list[LeafPart]:
    found = list(branch.leaves)
    for inner in branch.branches:
        found.extend(_leaves(inner))
    return found


def _data_used() -> tuple[str, ...]:
    return (
        _("Orders and returns: day, amount, product"),
        _("Costs of serving: visits, service, late payment"),
        _("Relations to other customers, and what was recommended"),
        _("Needs and suggestions that were told us"),
    )
