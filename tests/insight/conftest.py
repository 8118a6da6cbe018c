"""A small company that trades, and how it is measured."""

from __future__ import annotations

from datetime import date

import pytest

from cast import TODAY
from trading import trade


@pytest.fixture(autouse=True)
def _own_data_folder(settings, tmp_path):
    settings.DATA = tmp_path


@pytest.fixture
def trading(company, li_wei, chen_jing):
    """Every third customer is Chen Jing's, the others Li Wei's; some never bought."""
    return trade(li_wei, chen_jing)


@pytest.fixture
def measure():
    """`measure(on)`: a run from beginning to publication, without past months unless asked."""
    from kezhi.core.actor import SYSTEM
    from kezhi.insight.measuring import begin_value_run, run_value

    def whole_run(on: date = TODAY, backfill_months: int | None = 0):
        begun = begin_value_run(actor=SYSTEM, on=TODAY, as_of=on, backfill_months=backfill_months)
        return run_value(begun.pk)

    return whole_run
