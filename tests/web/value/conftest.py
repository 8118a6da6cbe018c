"""The screens are tried on the company that trades, measured for real."""

from insight.conftest import (  # noqa: F401
    _own_data_folder,
    as_if_on,
    measure,
    of_three_years,
    told_apart,
    trading,
)
