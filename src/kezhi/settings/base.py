"""What every way of running Kezhi shares; read once from the environment.

Environment: `DATABASE_URL` (the role `kezhi_app`), `DATABASE_MIGRATE_URL` (the role `kezhi_owner`, only
for migrations), `KEZHI_DATA` (uploads, built static files, secret key), `KEZHI_SECRET_KEY`,
`KEZHI_ALLOWED_HOSTS` (comma separated), `KEZHI_TRUSTED_ORIGINS`, `KEZHI_HTTPS` (1 behind TLS),
`KEZHI_ORIGIN` (the address people use, as links and passkeys know it), `KEZHI_TRUSTED_PROXIES`,
`KEZHI_DEBUG`, `KEZHI_SETUP_TOKEN` (opens the guided first run), `KEZHI_SESSION_DAYS`,
`KEZHI_SESSION_IDLE_HOURS`, `KEZHI_PRIVATE_HOSTS`, `KEZHI_SSO_ISSUER`, `KEZHI_SSO_CLIENT_ID`,
`KEZHI_SSO_CLIENT_SECRET`, `KEZHI_SSO_NAME` (one identity provider without clicking), `KEZHI_BACKUPS`,
`KEZHI_BACKUPS_ELSEWHERE`, `KEZHI_BACKUP_KEY` (the public half),
`KEZHI_LOG`, `KEZHI_METRICS_TOKEN`, `KEZHI_SLOW_PAGE_MS`.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

PACKAGE = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("KEZHI_DATA", "~/.local/share/kezhi/default")).expanduser()
ENGINE = os.environ.get("KEZHI_ENGINE", "").strip() or "local"
SHARED = os.environ.get("KEZHI_SHARED", "").strip()


def database(url: str) -> dict[str, Any]:
    """A Django database entry for a `postgresql://user:password@host:port/name?option=…` URL."""
    parts = urlsplit(url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host = str(options.pop("host", "") or unquote(parts.hostname or ""))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        "CONN_HEALTH_CHECKS": True,
    }


def flag(name: str) -> bool:
    return os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}


def number(name: str, default: int) -> int:
    return int(os.environ.get(name) or default)


def words(name: str) -> list[str]:
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


DEBUG = flag("KEZHI_DEBUG")
SECRET_KEY = os.environ.get("KEZHI_SECRET_KEY", "")
if not SECRET_KEY and (DATA / "secret.key").is_file():
    SECRET_KEY = (DATA / "secret.key").read_text().strip()
ALLOWED_HOSTS = words("KEZHI_ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = words("KEZHI_TRUSTED_ORIGINS")
# Links and passkeys are made for this address, whatever a request claims; without it, for the plain names
# among the allowed hosts.
ORIGIN = (os.environ.get("KEZHI_ORIGIN") or next(iter(CSRF_TRUSTED_ORIGINS), "")).rstrip("/")
SETUP_TOKEN = os.environ.get("KEZHI_SETUP_TOKEN", "")

# Where backups lie, a second place for them (another disk, a mounted share), and whose key opens them.
BACKUPS = Path(os.environ.get("KEZHI_BACKUPS") or DATA / "backups").expanduser()
BACKUPS_ELSEWHERE = os.environ.get("KEZHI_BACKUPS_ELSEWHERE", "").strip()
BACKUP_KEY = os.environ.get("KEZHI_BACKUP_KEY", "").strip()
if not BACKUP_KEY and (DATA / "backup.key").is_file():
    BACKUP_KEY = (DATA / "backup.key").read_text().strip()

# Hosts of the company's own network that may be asked (an identity provider inside, for example).
PRIVATE_HOSTS = words("KEZHI_PRIVATE_HOSTS")
SINGLE_SIGN_ON = {
    "issuer": os.environ.get("KEZHI_SSO_ISSUER", ""),
    "client_id": os.environ.get("KEZHI_SSO_CLIENT_ID", ""),
    "client_secret": os.environ.get("KEZHI_SSO_CLIENT_SECRET", ""),
    "name": os.environ.get("KEZHI_SSO_NAME", ""),
}

# Requests that an integration may send at once, and a second.
API_BURST, API_RATE = number("KEZHI_API_BURST", 200), number("KEZHI_API_RATE", 20)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "csp",
    "django_htmx",
    "procrastinate.contrib.django",
    "kezhi.core",
    "kezhi.records",
    "kezhi.audit",
    "kezhi.accounts",
    "kezhi.workbench",
    "kezhi.messaging",
    "kezhi.dataio",
    "kezhi.customers",
    "kezhi.catalog",
    "kezhi.ledger",
    "kezhi.satisfaction",
    "kezhi.insight",
    "kezhi.service",
    "kezhi.rights",
    "kezhi.operations",
    "kezhi.jobs",
    "kezhi.web",
]

MIDDLEWARE = [
    "kezhi.web.watching.WatchMiddleware",
    "kezhi.web.proxies.ProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # A list is 140 kB of rows that look alike: a tenth of it on the way, with a length that tells nothing.
    "django.middleware.gzip.GZipMiddleware",
    # Programs need no session, form or page: what is theirs is answered here.
    "kezhi.api.front.ApiMiddleware",
    "kezhi.api.mcp.front.McpMiddleware",
    "kezhi.api.inbound.InboundMiddleware",
    "csp.middleware.CSPMiddleware",
    # Of a colleague's session and a customer's, a request has the one of the pages it asks for.
    "kezhi.web.portal.realm.RealmMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "kezhi.web.middleware.PersonMiddleware",
    "kezhi.web.duplicates.following.MergedRecordMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "kezhi.web.urls"
WSGI_APPLICATION = "kezhi.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "kezhi.web.rendering.Pages",
        "NAME": "jinja2",
        "DIRS": [PACKAGE / "web" / "jinja"],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "kezhi.web.jinja_env.environment",
            "context_processors": ["kezhi.web.rendering.one_token"],
        },
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    },
]

DATABASES = {
    "default": database(os.environ.get("DATABASE_URL", "postgresql://kezhi_app@localhost/kezhi")),
}
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"]["OPTIONS"],
    # A server that comes back is noticed within seconds: pages that wait give up soon and try anew.
    "pool": {"min_size": 1, "max_size": 8, "timeout": 5, "reconnect_timeout": 3},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("login", "name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "kezhi.accounts.password_rules.LongestPassword"},
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
SESSION_ENGINE = "kezhi.accounts.session_store"
SESSION_COOKIE_AGE = number("KEZHI_SESSION_DAYS", 14) * 24 * 3600
SESSION_IDLE_SECONDS = number("KEZHI_SESSION_IDLE_HOURS", 72) * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "kezhi.web.errors.csrf_failure"

HTTPS = flag("KEZHI_HTTPS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
# Whose word on the client's address and scheme counts: the proxy in front of us, and nobody else.
TRUSTED_PROXIES = words("KEZHI_TRUSTED_PROXIES") or (["127.0.0.0/8", "::1/128"] if HTTPS else [])
if HTTPS:
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
# To have the domain built into browsers is the company's own decision, not a setting of one program on it.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [PACKAGE / "web" / "static"]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
STATIC_ROOT = DATA / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = DATA / "uploads"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# Only for what may differ between processes; sessions and the throttle live in the database.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "kezhi",
    }
}

# `json` for a log server, with a line for each request; else lines for people.
LOG = os.environ.get("KEZHI_LOG", "").strip() or "line"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"about": {"()": "kezhi.core.logs.Context"}},
    "formatters": {
        "line": {"()": "kezhi.core.logs.Line"},
        "json": {"()": "kezhi.core.logs.Json"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "json" if LOG == "json" else "line",
            "filters": ["about"],
        }
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "kezhi": {"level": "INFO"},
        "kezhi.requests": {"level": "INFO" if LOG == "json" else "WARNING"},
    },
}

# Who may read /metrics: whoever sends this token; without one, this machine only.
METRICS_TOKEN = os.environ.get("KEZHI_METRICS_TOKEN", "")
# A page that took longer is kept for the administrator; 0 keeps none.
SLOW_PAGE_SECONDS = number("KEZHI_SLOW_PAGE_MS", 1000) / 1000
