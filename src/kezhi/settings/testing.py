"""Settings of the tests: a quick password hash, plain static files, no connection pool."""

import tempfile
from pathlib import Path

from kezhi.settings.base import *
from kezhi.settings.base import DATABASES, STORAGES

SECRET_KEY = "only-for-tests"  # noqa: S105
DATA = Path(tempfile.gettempdir()) / "kezhi-tests"
STATIC_ROOT = DATA / "static"
MEDIA_ROOT = DATA / "uploads"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES["default"]["OPTIONS"] = {
    name: option for name, option in DATABASES["default"]["OPTIONS"].items() if name != "pool"
}
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
SLOW_PAGE_SECONDS = 0  # on a busy machine every page would be one
