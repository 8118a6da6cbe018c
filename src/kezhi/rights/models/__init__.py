"""The tables of data rights, one file per kind."""

from kezhi.rights.models.erasure import (
    Erasure,
    LegalHold,
    RetentionRule,
    RetentionRun,
    RightsRules,
    Suppression,
)
from kezhi.rights.models.register import Assessment, Incident, Recipient, Transfer
from kezhi.rights.models.request import DataRequest, Package, RequestStep

__all__ = [
    "Assessment",
    "DataRequest",
    "Erasure",
    "Incident",
    "LegalHold",
    "Package",
    "Recipient",
    "RequestStep",
    "RetentionRule",
    "RetentionRun",
    "RightsRules",
    "Suppression",
    "Transfer",
]
