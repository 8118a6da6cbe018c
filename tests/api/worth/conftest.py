"""Programs read the company that trades, measured for real."""

from insight.conftest import _own_data_folder, measure, trading  # noqa: F401
