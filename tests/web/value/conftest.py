"""The screens are tried on the company that trades, measured for real."""

from insight.conftest import _own_data_folder, as_if_on, measure, trading  # noqa: F401
