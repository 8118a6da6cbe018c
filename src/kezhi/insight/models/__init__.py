"""Runs of the value engine, dated history of every customer's value, and the rules it goes by."""

from kezhi.insight.models.history import Snapshot, StageMove, TierMove
from kezhi.insight.models.kept import KeptFigure
from kezhi.insight.models.override import TierOverride
from kezhi.insight.models.policy import TierPolicies
from kezhi.insight.models.run import ValueRun
from kezhi.insight.models.settings import ValueSettings

__all__ = [
    "KeptFigure",
    "Snapshot",
    "StageMove",
    "TierMove",
    "TierOverride",
    "TierPolicies",
    "ValueRun",
    "ValueSettings",
]
