"""Every number that screens show about value: for the customers an actor may see, set-based.

Ask for the `basis` first (which run, compared with which); each function then takes a fixed number of
queries. Money is in the company's currency, shares are fractions, None is "not measured".
"""

from kezhi.insight.figures.basis import (
    Basis,
    Figure,
    basis,
    basis_between,
    basis_for,
    months_before,
)
from kezhi.insight.figures.cohort import CohortRow, CohortTable, cohorts
from kezhi.insight.figures.concentration import NamedShare, Pareto, pareto
from kezhi.insight.figures.customer import (
    BranchPart,
    Explanation,
    HistoryPoint,
    LeafPart,
    explanation,
    history,
)
from kezhi.insight.figures.keeping import MANY
from kezhi.insight.figures.matrix import Matrix, MatrixCell, MatrixPoint, matrix
from kezhi.insight.figures.migration import (
    Migrant,
    Migration,
    MigrationCell,
    migrants,
    migration,
)
from kezhi.insight.figures.movement import (
    Flow,
    FlowLink,
    FlowNode,
    MoveRow,
    TierMoves,
    flow,
    tier_moves,
)
from kezhi.insight.figures.over_time import (
    MODEL,
    AssetBridge,
    BridgeStep,
    Changer,
    NamedChanger,
    Spread,
    asset_bridge,
    changers,
)
from kezhi.insight.figures.recency import FREQUENT, QUIET, Rfm, RfmCell, rfm
from kezhi.insight.figures.risk import AtRisk, AtRiskList, at_risk, risk_of
from kezhi.insight.figures.totals import (
    Pyramid,
    PyramidStep,
    Strip,
    TrendPoint,
    asset_interval,
    pyramid,
    strip,
    trend,
)

__all__ = [
    "FREQUENT",
    "MANY",
    "MODEL",
    "QUIET",
    "AssetBridge",
    "AtRisk",
    "AtRiskList",
    "Basis",
    "BranchPart",
    "BridgeStep",
    "Changer",
    "CohortRow",
    "CohortTable",
    "Explanation",
    "Figure",
    "Flow",
    "FlowLink",
    "FlowNode",
    "HistoryPoint",
    "LeafPart",
    "Matrix",
    "MatrixCell",
    "MatrixPoint",
    "Migrant",
    "Migration",
    "MigrationCell",
    "MoveRow",
    "NamedChanger",
    "NamedShare",
    "Pareto",
    "Pyramid",
    "PyramidStep",
    "Rfm",
    "RfmCell",
    "Spread",
    "Strip",
    "TierMoves",
    "TrendPoint",
    "asset_bridge",
    "asset_interval",
    "at_risk",
    "basis",
    "basis_between",
    "basis_for",
    "changers",
    "cohorts",
    "explanation",
    "flow",
    "history",
    "matrix",
    "migrants",
    "migration",
    "months_before",
    "pareto",
    "pyramid",
    "rfm",
    "risk_of",
    "strip",
    "tier_moves",
    "trend",
]
