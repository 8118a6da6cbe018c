from kezhi.workbench.filtering.comparing import (
    SEVERAL,
    SPANS,
    WITHOUT_OPERAND,
    filterable,
    operator_label,
    operators,
)
from kezhi.workbench.filtering.criterion import Criterion, check
from kezhi.workbench.filtering.filter import Filter
from kezhi.workbench.filtering.meaning import Asking, aliased
from kezhi.workbench.filtering.questions import Question, ask, ask_of_every_kind
from kezhi.workbench.filtering.related import field_of
from kezhi.workbench.filtering.tree import TooMuch

__all__ = [
    "SEVERAL",
    "SPANS",
    "WITHOUT_OPERAND",
    "Asking",
    "Criterion",
    "Filter",
    "Question",
    "TooMuch",
    "aliased",
    "ask",
    "ask_of_every_kind",
    "check",
    "field_of",
    "filterable",
    "operator_label",
    "operators",
]
