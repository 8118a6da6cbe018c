"""Reports and dashboards that come with the product, told by the apps whose records they are about.

Everyone sees in them what they may see; who wants them otherwise makes a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kezhi.core.actor import Actor, Scope
from kezhi.records import registry
from kezhi.records.fields import Label
from kezhi.workbench.reporting.spec import Spec


@dataclass(frozen=True)
class DeliveredReport:
    name: str
    label: Label
    asks: str

    @property
    def spec(self) -> Spec:
        return Spec.parse(self.asks)

    def may_be_read(self, actor: Actor) -> bool:
        return self.spec.kind in registry and actor.may("read", self.spec.kind)


@dataclass(frozen=True)
class DeliveredDashboard:
    """`parts` are names of delivered reports with their width; `reach` is how far one must see for it."""

    name: str
    label: Label
    about: Label
    parts: Sequence[tuple[str, int]]
    reach: Scope = Scope.OWN

    def may_be_read(self, actor: Actor) -> bool:
        return actor.scope("read", "customer") >= self.reach


REPORTS: dict[str, DeliveredReport] = {}
DASHBOARDS: dict[str, DeliveredDashboard] = {}


def deliver(
    reports: Sequence[DeliveredReport], dashboards: Sequence[DeliveredDashboard] = ()
) -> None:
    REPORTS.update({each.name: each for each in reports})
    DASHBOARDS.update({each.name: each for each in dashboards})


def reports_for(actor: Actor) -> list[DeliveredReport]:
    return [each for each in REPORTS.values() if each.may_be_read(actor)]


def dashboards_for(actor: Actor) -> list[DeliveredDashboard]:
    return [each for each in DASHBOARDS.values() if each.may_be_read(actor)]
