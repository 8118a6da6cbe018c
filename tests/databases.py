"""Which database the tests of this process work on."""

from __future__ import annotations

import os
from typing import Any

ADMIN_URL = "KEZHI_TEST_ADMIN_URL"
APPLICATION_URL = "KEZHI_TEST_APPLICATION_URL"


def point(settings: Any, connections: Any, name: str) -> None:
    """Django read its settings before the server had an address."""
    from kezhi.settings.base import database

    place = {**database(os.environ[ADMIN_URL]), "NAME": name}
    settings.DATABASES["default"].update(place)
    connections["default"].close()
    connections["default"].settings_dict.update(place)
