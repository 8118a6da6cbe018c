"""Runs of the value engine, dated history of every customer's value, and the rules it goes by."""

from kezhi.insight.models.draft import IndexDraft, IndexJudgement
from kezhi.insight.models.history import Snapshot, StageMove, TierMove
from kezhi.insight.models.influence import Influence, InfluenceRules
from kezhi.insight.models.kept import KeptFigure
from kezhi.insight.models.loss import Loss, LostCustomer, WinBackRules
from kezhi.insight.models.offer import LookAlike, Offer, OfferAnswer, OfferRun, ProductRule
from kezhi.insight.models.override import TierOverride
from kezhi.insight.models.payment import CapitalRate, PaymentBehaviour
from kezhi.insight.models.policy import MatrixStrategies, TierPolicies
from kezhi.insight.models.run import ValueRun
from kezhi.insight.models.serving import ActivityRate, SharedCost, Unprofitable
from kezhi.insight.models.settings import ValueSettings
from kezhi.insight.models.study import CustomerReading, DeliveredRules, Study

__all__ = [
    "ActivityRate",
    "CapitalRate",
    "CustomerReading",
    "DeliveredRules",
    "IndexDraft",
    "IndexJudgement",
    "Influence",
    "InfluenceRules",
    "KeptFigure",
    "LookAlike",
    "Loss",
    "LostCustomer",
    "MatrixStrategies",
    "Offer",
    "OfferAnswer",
    "OfferRun",
    "PaymentBehaviour",
    "ProductRule",
    "SharedCost",
    "Snapshot",
    "StageMove",
    "Study",
    "TierMove",
    "TierOverride",
    "TierPolicies",
    "Unprofitable",
    "ValueRun",
    "ValueSettings",
    "WinBackRules",
]
