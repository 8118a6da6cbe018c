"""The screens are tried on the company that trades."""

from insight.conftest import _own_data_folder, as_if_on, measure, trading  # noqa: F401
