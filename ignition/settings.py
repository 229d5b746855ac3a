"""All settings. What differs between machines comes from the environment and fails by name when missing."""

import os
import tomllib
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from celery.schedules import crontab

from ignition.environment import listed, required, secret
from ignition.reporting import report_errors_to
from ignition.tracing import trace_to_collector
from practices.prepared import PreparingCursor, Session

BASE_DIR = Path(__file__).resolve().parent.parent


VERSION = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
DEBUG = os.environ.get("DEBUG") == "1"
SECRET_KEY = required("SECRET_KEY")
#: Fernet keys for encrypted columns, newest first; older ones only decrypt.
FIELD_ENCRYPTION_KEYS = required("FIELD_ENCRYPTION_KEYS").split(",")
PUBLIC_URL = required("PUBLIC_URL").rstrip("/")
ALLOWED_HOSTS = listed("ALLOWED_HOSTS", urlsplit(PUBLIC_URL).hostname or "")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "template_partials",
    "lucide",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "ignition",
    "practices",
    "ledger",
    "clients",
    "services",
    "proposals",
    "invoicing",
    "sage_integration",
]

MIDDLEWARE = [
    "ignition.probes.answer_probes",
    "ignition.metrics.measured",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "practices.security.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "practices.members.known_member",
    "django.contrib.messages.middleware.MessageMiddleware",
    "practices.idle.idle_time_out",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "practices.logs.request_log",
    "practices.middleware.PracticeMiddleware",
    "practices.rest.middleware.ApiMiddleware",
]

ROOT_URLCONF = "ignition.urls"
WSGI_APPLICATION = "ignition.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
#: Where templates are looked for: in templates/, then in those of the installed apps.
TEMPLATE_FOLDERS = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [("ignition.drawing.loader.Loader", TEMPLATE_FOLDERS)],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ignition.shell.shell",
            ],
        },
    }
]

# Database -------------------------------------------------------------------------------------------
OWNER_ROLE = "ignition_owner"
APP_ROLE = "ignition_app"
#: Who this process is inside PostgreSQL: the owner migrates, everything else is bound by row level security.
DATABASE_ROLE = os.environ.get("DATABASE_ROLE", APP_ROLE)
#: Whether web processes reach the database through a pooler that gives each transaction another session.
DATABASE_POOLER = os.environ.get("DATABASE_POOLER", "0") == "1"
_database = urlsplit(required("DATABASE_URL"))
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(_database.path[1:]),
        "USER": unquote(_database.username or ""),
        "PASSWORD": unquote(_database.password or ""),
        "HOST": _database.hostname or "",
        "PORT": _database.port or 5432,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": True,
        "OPTIONS": {
            "assume_role": DATABASE_ROLE,
            "connect_timeout": 5,
            "connection_factory": Session,
            "cursor_factory": PreparingCursor,
            **{key: values[-1] for key, values in parse_qs(_database.query).items()},
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Valkey, Celery -------------------------------------------------------------------------------------
REDIS_URL = required("REDIS_URL")
CACHES = {"default": {"BACKEND": "practices.cache.RedisCache", "LOCATION": REDIS_URL}}
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
#: Celery leaves connections to PostgreSQL alone; `ignition.celery` replaces those that are broken or old.
CELERY_DB_REUSE_MAX = 2**62
# A message is a hint, never the work itself: publishing gives up at once when the broker is away.
CELERY_TASK_PUBLISH_RETRY = False
# kombu sweeps for lost messages only every interval × throttle = 100 s unless told otherwise.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 2,
}
CELERY_TIMEZONE = "Europe/London"
CELERY_TASK_ROUTES = {
    # Its work is waiting too: a slow program of a practice holds up no import and no mail.
    "practices.tasks.deliver_webhooks": {"queue": "polling"},
    "sage_integration.tasks.push_due_postings": {"queue": "posting"},
    "sage_integration.tasks.poll_payments": {"queue": "polling"},
    "sage_integration.tasks.poll_when_due": {"queue": "polling"},
}
#: Tests listen on loopback; nothing else may ever switch this on, so it does not come from the environment.
WEBHOOKS_MAY_REACH_LOOPBACK = False
#: How often a business in which something happens is read; a quiet one is read less often (docs/polling.md).
POLL_SECONDS = int(os.environ.get("POLL_SECONDS", "225"))
#: How far workers stand back behind pages on a machine that both share: 0 not at all, 19 as far as can be.
WORKER_NICENESS = int(os.environ.get("WORKER_NICENESS", "5"))
#: Any number of beats may run; one of them has the turn.
CELERY_BEAT_SCHEDULER = "ignition.beat:SingleBeat"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_BEAT_SCHEDULE = {
    "sweep postings": {"task": "sage_integration.tasks.sweep_postings", "schedule": 15.0},
    "sweep webhooks": {"task": "practices.tasks.sweep_webhooks", "schedule": 15.0},
    "sweep emails": {"task": "practices.tasks.sweep_emails", "schedule": 15.0},
    "sweep jobs": {"task": "practices.tasks.sweep_jobs", "schedule": 15.0},
    "sweep arrivals": {"task": "ignition.tasks.sweep_arrivals", "schedule": 60.0},
    "poll payments": {"task": "sage_integration.tasks.sweep_payments", "schedule": min(60.0, POLL_SECONDS)},
    # A new customer in Sage is offered here in under ten minutes.
    "read contacts": {"task": "sage_integration.tasks.sweep_contacts", "schedule": 2.5 * POLL_SECONDS},
    "tell of what needs somebody": {"task": "sage_integration.tasks.sweep_alerts", "schedule": 60.0},
    "nightly sync": {"task": "sage_integration.tasks.sweep_nightly", "schedule": crontab(hour=2, minute=10)},
    "daily billing": {"task": "invoicing.tasks.sweep_billing", "schedule": crontab(hour=5, minute=30)},
    "retention": {"task": "ignition.tasks.sweep_retention", "schedule": crontab(hour=3, minute=10)},
    "daily invoices and reminders": {
        "task": "invoicing.tasks.sweep_sending",
        "schedule": crontab(hour=7, minute=0),
    },
    "weekly summaries": {
        "task": "ignition.tasks.sweep_weekly_summaries",
        "schedule": crontab(hour=6, minute=30, day_of_week=1),
    },
    "fold kept sums": {"task": "invoicing.tasks.sweep_tallies", "schedule": 60.0},
    "fold marks of changes": {"task": "practices.tasks.sweep_marks", "schedule": 60.0},
    "check kept sums": {"task": "invoicing.tasks.sweep_tally_checks", "schedule": crontab(hour=4, minute=10)},
    "expire proposals": {"task": "proposals.tasks.sweep_expiry", "schedule": crontab(hour=0, minute=20)},
}

# People ---------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "practices.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "practices.sign_in.SignInAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "practices.forms.PracticeSignupForm"
ACCOUNT_FORMS = {
    "login": "practices.account_forms.LoginForm",
    "signup": "practices.account_forms.SignupForm",
    "add_email": "practices.account_forms.AddEmailForm",
    "reset_password": "practices.account_forms.ResetPasswordForm",
    "change_password": "practices.account_forms.ChangePasswordForm",
    "set_password": "practices.account_forms.SetPasswordForm",
    "reset_password_from_key": "practices.account_forms.ResetPasswordKeyForm",
}
#: Confirming an address needs mail that arrives; where messages are only kept for a look, it is not required.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if secret("EMAIL_URL") else "optional"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
#: Attempts allowed for each network address and each account; a person's own browser is counted apart from strangers.
ACCOUNT_RATE_LIMITS = {"login_failed": "30/m/ip,10/5m/key", "reset_password": "20/m/ip,5/m/key"}
#: Proxies of ours in front, each of which adds to X-Forwarded-For; with none that header is not believed.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("TRUSTED_PROXIES", "0"))
#: Only `./dev up`, which shows made-up data on one machine, lets an operator in by password alone.
OPERATORS_NEED_SECOND_FACTOR = os.environ.get("OPERATORS_NEED_SECOND_FACTOR", "1") == "1"
USERSESSIONS_ADAPTER = "practices.account_trail.SessionsAdapter"
MFA_ADAPTER = "practices.second_factors.SealedSecretsAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Ignition"
MFA_ALLOW_UNVERIFIED_EMAIL = ACCOUNT_EMAIL_VERIFICATION == "optional"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PUBLIC_URL.startswith("https://")

# REST API -------------------------------------------------------------------------------------------
#: Requests a minute of one key.
API_REQUESTS_PER_MINUTE = int(os.environ.get("API_REQUESTS_PER_MINUTE", "600"))
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],  # The middleware has looked at the key.
    "DEFAULT_PERMISSION_CLASSES": ["practices.rest.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["practices.rest.parsers.MoneySafeJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "practices.rest.paging.Pages",
    "DEFAULT_FILTER_BACKENDS": ["practices.rest.filters.DeclaredFilters"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "practices.rest.problems.handle",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Ignition",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "POSTPROCESSING_HOOKS": ["practices.rest.schema.describe"],
}

# Mail -----------------------------------------------------------------------------------------------
_mail = urlsplit(secret("EMAIL_URL") or "console://")
#: Another back end by its dotted name, e.g. of django-anymail once that is installed; its settings are ANYMAIL_….
_sent_by = {"console": "practices.console_mail"}.get(
    _mail.scheme, f"django.core.mail.backends.{_mail.scheme.removesuffix('s')}"
)
EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", f"{_sent_by}.EmailBackend")
ANYMAIL = {
    name.removeprefix("ANYMAIL_"): value for name, value in os.environ.items() if name.startswith("ANYMAIL_")
}
EMAIL_HOST = _mail.hostname or ""
EMAIL_PORT = _mail.port or 587
EMAIL_HOST_USER = unquote(_mail.username or "")
EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
#: Port 465 speaks TLS from the first byte; every other port begins in clear and is told to change over (STARTTLS).
EMAIL_USE_SSL = _mail.scheme == "smtps" and EMAIL_PORT == 465
EMAIL_USE_TLS = _mail.scheme == "smtps" and not EMAIL_USE_SSL
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("FROM_EMAIL", "Ignition <ignition@localhost>")

# Sage: the real addresses are the defaults (FACTS.md 1.1, 1.2, 2) -------------------------------------
SAGE_AUTHORIZE_URL = os.environ.get("SAGE_AUTHORIZE_URL", "https://www.sageone.com/oauth2/auth/central")
SAGE_TOKEN_URL = os.environ.get("SAGE_TOKEN_URL", "https://oauth.accounting.sage.com/token")
SAGE_REVOKE_URL = os.environ.get("SAGE_REVOKE_URL", "https://oauth.accounting.sage.com/revoke")
SAGE_API_URL = os.environ.get("SAGE_API_URL", "https://api.accounting.sage.com/v3.1").rstrip("/")
SAGE_CLIENT_ID = os.environ.get("SAGE_CLIENT_ID", "")
SAGE_CLIENT_SECRET = secret("SAGE_CLIENT_SECRET")
#: Budgets for each business, below what Sage is believed to allow (FACTS.md 4).
SAGE_REQUESTS_PER_MINUTE = int(os.environ.get("SAGE_REQUESTS_PER_MINUTE", "150"))
#: How long Sage's minute takes; only a measurement against a faster Sage changes it.
SAGE_MINUTE_SECONDS = float(os.environ.get("SAGE_MINUTE_SECONDS", "60"))
SAGE_REQUESTS_PER_DAY = int(os.environ.get("SAGE_REQUESTS_PER_DAY", "20000"))
SAGE_APP_REQUESTS_PER_DAY = int(os.environ.get("SAGE_APP_REQUESTS_PER_DAY", "1200000"))
#: The operator's plans that Sage belongs to; empty, as for a practice that runs this itself, means all (F09).
SAGE_PLANS = listed("SAGE_PLANS")
#: Seconds to connect, and seconds for a whole answer: far less than a posting's lease of five minutes.
SAGE_TIMEOUT = (5, 30)

# Pages ----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
#: Static files straight from their folders, for development; otherwise `collectstatic` gathers and hashes them.
STATIC_FROM_FOLDERS = DEBUG or os.environ.get("STATIC_FROM_FOLDERS") == "1"
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = STATIC_FROM_FOLDERS
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if STATIC_FROM_FOLDERS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# Security -------------------------------------------------------------------------------------------
_secure = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SESSION_COOKIE_NAME = "__Host-session" if _secure else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if _secure else "csrftoken"
KNOWN_BROWSER_COOKIE_NAME = "__Host-known" if _secure else "known"
#: A session ends after so many days whatever happens, and after so many seconds without a request.
SESSION_ENGINE = "practices.session_store"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 7
SESSION_IDLE_SECONDS = int(os.environ.get("SESSION_IDLE_SECONDS", str(60 * 60 * 8)))
SECURE_SSL_REDIRECT = _secure and os.environ.get("SSL_REDIRECT", "1") == "1"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _secure else None
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _secure
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "practices.views.csrf_failure"
# Files: what may arrive at all, and what is kept with a client. A client list of 100,000 rows has some 20 MB.
FILE_UPLOAD_HANDLERS = [
    "practices.uploads.RefuseTooLarge",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
UPLOAD_MAX_BYTES = int(os.environ.get("UPLOAD_MAX_BYTES", "50000000"))
ATTACHMENT_MAX_BYTES = int(os.environ.get("ATTACHMENT_MAX_BYTES", "10000000"))
IMPORT_MAX_ROWS = int(os.environ.get("IMPORT_MAX_ROWS", "100000"))
# Sage limits a document to a few hundred lines; nothing here needs larger requests.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

LOGGING_CONFIG = "practices.logs.configure"
LOGGING = {"level": os.environ.get("LOG_LEVEL", "INFO")}

# Operation ------------------------------------------------------------------------------------------
#: Whoever holds it may read /metrics; without one there is no such page.
METRICS_TOKEN = secret("METRICS_TOKEN")
#: Unexpected errors are reported there, without anybody's particulars; empty sends nothing anywhere.
report_errors_to(secret("SENTRY_DSN"), VERSION)
trace_to_collector(VERSION)
