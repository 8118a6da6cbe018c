"""The dated facts behind value. Days are stored as dates when written; no change of time zone moves them."""

from kezhi.ledger.models.acquisition import AcquisitionCost
from kezhi.ledger.models.contract import Contract
from kezhi.ledger.models.cost import CostEntry
from kezhi.ledger.models.order import Order, OrderLine

__all__ = ["AcquisitionCost", "Contract", "CostEntry", "Order", "OrderLine"]
