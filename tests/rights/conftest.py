import pytest

from kezhi.rights import tracing


@pytest.fixture(autouse=True)
def data_folder(tmp_path, settings):
    """Files of its own, so that what one test erases no other looks for."""
    settings.DATA = tmp_path
    settings.MEDIA_ROOT = tmp_path / "uploads"
    tracing._listed.cache_clear()
    return tmp_path
