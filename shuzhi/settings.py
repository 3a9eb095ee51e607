"""Every setting, once. What an installation may change is an environment variable with its default beside it.

docs/deploy.md lists the variables for the people who run the system. Reading this file starts nothing.
"""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF

from shuzhi import postgres

PACKAGE = Path(__file__).resolve().parent


def _flag(name: str) -> bool:
    return os.environ.get(name, "") in ("1", "true", "yes")


def _listed(name: str, default: str) -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


# Where everything an installation owns lies: keys, static files, uploads and, without DATABASE_URL, the database.
HOME = Path(os.environ.get("SHUZHI_HOME") or PACKAGE.parent / ".data").absolute()


def _secret(name: str, file: str) -> str:
    """From the environment, else from a file of mode 0600 under the home, made at the first start."""
    if given := os.environ.get(name):
        return given
    path = HOME / "keys" / file
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{file}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(secrets.token_hex(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its secret counts
        finally:
            draft.unlink()
    return path.read_text().strip()


# Django's own signatures (sessions, forms). SHUZHI_SECRET_KEY, else made.
SECRET_KEY = _secret("SHUZHI_SECRET_KEY", "django")

# Encrypts contact data and seals the record; several, separated by commas: the first encrypts, all decrypt.
# SHUZHI_KEY, else made. Losing it loses every telephone number: back it up apart from the database.
SHUZHI_KEY = _secret("SHUZHI_KEY", "data")

# SHUZHI_DEBUG=1: Django's debug pages. Never on a machine that others reach.
DEBUG = _flag("SHUZHI_DEBUG")

# SHUZHI_HOSTS: the names the site is reached by, separated by commas.
ALLOWED_HOSTS = _listed("SHUZHI_HOSTS", "localhost,127.0.0.1,[::1]")

# SHUZHI_HTTPS=1: behind a proxy that ends TLS and sets X-Forwarded-Proto; cookies are then sent over TLS only.
HTTPS = _flag("SHUZHI_HTTPS")
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "procrastinate.contrib.django",
    "axes",
    "csp",
    "shuzhi.kernel",
    "shuzhi.ui",
    "shuzhi.desk",
    "shuzhi.portal",
    "shuzhi.apps.events",
    "shuzhi.demo",
]
# SHUZHI_BENCH=1, which `shuzhi bench` sets for itself and its web processes: the procedure and the register it measures.
if _flag("SHUZHI_BENCH"):
    INSTALLED_APPS.append("shuzhi.demo.bench.sample")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",  # must be the last
]

ROOT_URLCONF = "shuzhi.urls"
WSGI_APPLICATION = "shuzhi.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "shuzhi.ui.context.page",
            ],
        },
    },
]


def _database(url: str) -> dict[str, Any]:
    """DATABASE_URL, e.g. postgresql://user:password@host:5432/name?options=-c%20search_path%3Dcounty_a.

    Query parameters are libpq's (sslmode, options …); `search_path` chooses a county's schema. Without a URL the
    embedded server of the home is used, by its owner or its runtime role.
    """
    parts = urlsplit(url)
    if url and parts.scheme not in ("postgres", "postgresql"):
        raise ValueError(f"DATABASE_URL must begin with postgresql://, not {parts.scheme}://")
    named = {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
    }
    return {
        "ENGINE": "shuzhi.pgbackend",
        **(named if url else _embedded()),
        "CONN_HEALTH_CHECKS": True,  # or pooled connections answer 500 after the server was restarted
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 8, "timeout": 10}, **dict(parse_qsl(parts.query))},
    }


def _embedded() -> dict[str, Any]:
    return {"NAME": postgres.NAME, "USER": postgres.APP if RUNTIME else postgres.NAME, "EMBEDDED": str(HOME)}


# SHUZHI_RUNTIME=1, which `shuzhi serve` sets for its web and job processes: connect as the role that may not alter the
# record (APP_ROLE). Everything else connects as the owner, who migrates and grants: SHUZHI_OWNER_URL beside a
# DATABASE_URL whose role owns nothing. With DATABASE_URL alone its role is both, and the database forbids it nothing.
RUNTIME = _flag("SHUZHI_RUNTIME")
_URL = os.environ.get("DATABASE_URL", "")
_OWNER_URL = os.environ.get("SHUZHI_OWNER_URL", "") if _URL else ""
DATABASES = {"default": _database(_URL if RUNTIME or not _OWNER_URL else _OWNER_URL)}


def _app_role() -> str:
    if not _URL:
        return postgres.APP
    app, owner = (_user(_database(url)) for url in (_URL, _OWNER_URL))
    return app if _OWNER_URL and app != owner else ""


def _user(database: dict[str, Any]) -> str:
    return str(database.get("USER") or database["OPTIONS"].get("user", ""))


DATABASES["default"]["APP_ROLE"] = _app_role()
# The worker finds its jobs in each app's `background` module.
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "background"

# A notice that was refused is tried again after so many seconds, then it is dead and waits for a person.
SHUZHI_RETRY_SECONDS = (30, 300)
# Services a unit's notices may go to (apprise). apprise knows others that write files or start programs.
SHUZHI_NOTICE_SCHEMES = _listed(
    "SHUZHI_NOTICE_SCHEMES", "dingtalk,wecombot,lark,feishu,mailtos,mailto,jsons,json"
)

# SHUZHI_TRUSTED_PROXIES: addresses or networks of the proxies in front, separated by commas, e.g. 10.0.0.0/8. Of a
# request that comes from one of them the visitor's address is read off X-Forwarded-For; of any other it is its own.
SHUZHI_TRUSTED_PROXIES = _listed("SHUZHI_TRUSTED_PROXIES", "127.0.0.1" if _flag("SHUZHI_BENCH") else "")

# SHUZHI_TOWN: the code of the town whose portal stands at "/", where several towns share an installation.
SHUZHI_TOWN = os.environ.get("SHUZHI_TOWN", "")

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

# Sign-in. A wrong password is counted by name and address together, so nobody can lock a colleague out from afar.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "shuzhi.kernel.signin.MemberBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_CLIENT_IP_CALLABLE = "shuzhi.kernel.addresses.client_address"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "shuzhi.desk.views.signin.locked_out"
LOGIN_URL = "/login/"
# Where somebody with a password that was given to him sets his own; until then he is sent nowhere else.
PASSWORD_URL = "/desk/me/password/"
LOGIN_REDIRECT_URL = "/desk/"
LOGOUT_REDIRECT_URL = "/login/"
# The view that answers what was sent after the session had ended: it keeps what was typed until its writer is back.
SHUZHI_SIGNED_OUT = "shuzhi.desk.views.signin.signed_out"
SESSION_ENGINE = "shuzhi.kernel.signin"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "shuzhi.ui.refusals.forged"
CSRF_COOKIE_HTTPONLY = False  # pages send it as a header
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# No inline script or style anywhere; everything a page loads is our own.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
MEDIA_ROOT = HOME / "files"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "shuzhi.staticfiles.HashedStorage"},
}

# SHUZHI_LOG: how much is said on the terminal (DEBUG INFO WARNING ERROR).
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"terminal": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["terminal"], "level": os.environ.get("SHUZHI_LOG", "WARNING")},
    "loggers": {"django.request": {"level": "ERROR"}},  # a page not found is no event
}
