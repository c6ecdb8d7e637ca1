"""Settings that every way of running shares."""

import os
from datetime import timedelta
from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config import database, environment
from config.embedded import broker

BASE_DIR = Path(__file__).resolve().parent.parent.parent
APP_VAR = environment.data_folder()
env = environ.Env()

DEBUG = False

INSTALLED_APPS = [
    "organizations",
    "admissions",
    "targets",
    "reports",
    "config.ui",
    "config",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "pghistory",
    "django_filters",
    "django_htmx",
    "template_partials",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
]

MIDDLEWARE = [
    # First, so that whatever is answered carries their headers, files and failures too.
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.ui.middleware.NotKept",
    # Pads each page by a random length, so that its size tells nothing of what is in it (BREACH).
    "django.middleware.gzip.GZipMiddleware",
    "config.ui.middleware.Language",
    "config.ui.middleware.HeldClock",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.ui.middleware.HtmxSignIn",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "config.ui.middleware.Reader",
    "allauth.account.middleware.AccountMiddleware",
    "config.ui.middleware.OpenSession",
    "django.contrib.messages.middleware.MessageMiddleware",
    "config.ui.middleware.WrittenAddress",
    "django_htmx.middleware.HtmxMiddleware",
    "organizations.pages_read.TellRead",
    "organizations.audit.TellRefused",
    "pghistory.middleware.HistoryMiddleware",
    # Last, as it asks: it answers for a sign-in that it refused.
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.ui.context_processors.frame",
            ],
        },
    },
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORM_RENDERER = "config.ui.forms.Renderer"
INSTALLED_APPS += ["django.forms"]

# Database. Web and workers connect as the role that owns nothing; `migrate` alone as the owner. A
# web process reads what who is at the page may (config/rows.py), any other process all rows.
CONNECTS_AS_OWNER = False
APP_ROLE = None  # None: `<database>_app`
DATABASES = {
    "default": database.settings(
        database.app_url(),
        statement_timeout=os.environ.get("STATEMENT_TIMEOUT", "15s"),
        role=database.acts_as(),
    )
}
# Shared by all web processes, for the limits on signing in; nothing that matters is in it.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
    }
}

# Who signs in.
AUTH_USER_MODEL = "organizations.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "config.passwords.Length", "OPTIONS": {"min_length": 12}},
    *(
        {"NAME": f"config.passwords.{name}"}
        for name in ("UnlikeTheAccount", "Uncommon", "NotDigitsAlone", "BannedWords")
    ),
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "organizations.signing_in.TellingAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
# The lock below counts wrong passwords of one (user, address). Besides, one account is guessed at
# slowly whatever the address, by password or by code: `Adapter.pre_authenticate`.
# Of one address, which is a whole office, so much alone that its hashing does not hold up others.
ACCOUNT_RATE_LIMITS = {"login_failed": "40/h/key", "login": "600/m/ip", "start_code": "120/m/ip"}
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # it ends, whatever is tried in it
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_FORM_FIELD = "login"
AXES_USERNAME_CALLABLE = "config.accounts.sign_in_name"
AXES_HTTP_RESPONSE_CODE = 429
AXES_LOCKOUT_CALLABLE = "config.views.locked_out"
# Nothing a client may write; behind nginx, the header that nginx sets itself (prod.py).
AXES_IPWARE_META_PRECEDENCE_ORDER = ["REMOTE_ADDR"]
AXES_DISABLE_ACCESS_LOG = False
AXES_VERBOSE = False

# A second proof besides the password, all without mail: codes of an app, passkeys, recovery codes.
MFA_ADAPTER = "config.accounts.ProofAdapter"
MFA_FORMS = {  # those of allauth, which also tell the audit of what was wrong
    "authenticate": "organizations.signing_in.CodeForm",
    "reauthenticate": "organizations.signing_in.CodeAgainForm",
    "authenticate_webauthn": "organizations.signing_in.PasskeyForm",
    "login_webauthn": "organizations.signing_in.PasskeyAloneForm",
    "reauthenticate_webauthn": "organizations.signing_in.PasskeyAgainForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RATE_LIMITS = {"webauthn_login": "60/m/ip"}  # an office has one address, and two asks a sign-in
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1  # clocks of telephones differ: the period before and after count too
# The roles that must have one: who sees names beyond one cell, and who keeps the accounts. Offered
# to the others; not asked for in a demonstration.
MFA_REQUIRED_FOR = [
    role.strip()
    for role in os.environ.get(
        "MFA_REQUIRED_FOR", "staff,approver,auditor,administrator,centre"
    ).split(",")
    if role.strip()
]
# An approval asks for a proof again when the last is older; seconds, 0: never.
STEP_UP_SECONDS = int(os.environ.get("STEP_UP_SECONDS", "600"))
STEP_UP = STEP_UP_SECONDS > 0
# Before second proofs are changed one is always asked for.
ACCOUNT_REAUTHENTICATION_TIMEOUT = STEP_UP_SECONDS or 600

SESSION_ENGINE = "organizations.sessions"
SESSION_IDLE_SECONDS = int(os.environ.get("SESSION_IDLE_SECONDS", 15 * 60))
SESSION_COOKIE_AGE = int(os.environ.get("SESSION_SECONDS", 10 * 60 * 60))  # however busy
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
COOKIE_PREFIX = ""  # of those that keep how pages look
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.views.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
MESSAGE_TAGS = {25: "ok", 30: "warn", 40: "late"}  # success, warning, error: the look's words

# What a page may load: its own files, nothing else.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # bytes
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000  # a grid of targets has several fields a row

# How long a file that ended without an admission is kept before its erasure is proposed; months.
RETENTION_CLOSED_MONTHS = env.int("RETENTION_CLOSED_MONTHS", 60)

# Whom to ask, as every page says at its foot; nobody unless given.
SUPPORT_CONTACT = os.environ.get("SUPPORT_CONTACT", "")
# The count beside an entry of the navigation: (user, appointment, today) -> number.
NAVIGATION_COUNTS = {"task-list": "admissions.selectors.tasks.tasks_to_do"}
# What waits beside the tasks of files: lists of `organizations.sheets.waiting.Kind`.
WAITING_TASKS = [
    "organizations.sheets.waiting.KINDS",
    "targets.waiting.KINDS",
    "targets.waiting_cycles.KINDS",
    "admissions.waiting.KINDS",
]
# What the pages of members, on the ground floor, ask of the app above it.
MEMBER_FACTS = {
    "probation_ends": "admissions.selectors.members.probation_ends",
    "file_url": "admissions.selectors.members.file_url",
}

# Language and time. Vietnamese whatever the browser prefers: `config.ui.middleware.Language`.
LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", _("Vietnamese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Ho_Chi_Minh"
USE_I18N = True
USE_TZ = True

# Static files, under names with a hash, compressed at set-up.
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT") or APP_VAR / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
MEDIA_ROOT = APP_VAR / "media"

# Where the audit's chain is anchored, signed: better a folder that another machine keeps. The key
# is outside the database and its backups; none of its own given, one made of IDENTITY_KEY.
AUDIT_KEY = environment.value("AUDIT_KEY") or ""
AUDIT_ANCHOR_FOLDER = Path(os.environ.get("AUDIT_ANCHOR_FOLDER") or APP_VAR / "anchors")

# Jobs; PostgreSQL holds the truth, the broker may be wiped at any moment.
CELERY_BROKER_URL = broker.url()
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 20
CELERY_TASK_SOFT_TIME_LIMIT = 15
CELERY_TASK_DEFAULT_QUEUE = "default"
LONG_TASKS = (
    "targets.tasks.recompute_all",
    "targets.tasks.recompute_asked",
    "organizations.tasks.apply_reorganizations",
    "organizations.tasks.preview_reorganization",
    "organizations.tasks.verify_ancestry",
)
CELERY_TASK_ROUTES = {task: {"queue": "long"} for task in LONG_TASKS}
# Long jobs have limits of their own. One that outlasts the visibility timeout is handed to a second
# worker too, which finds its lock held and ends at once.
CELERY_TASK_ANNOTATIONS = {
    # Woken for each fact and done in milliseconds, but a change of the tree computes all years.
    task: {"time_limit": 660, "soft_time_limit": 600}
    for task in (*LONG_TASKS, "targets.tasks.fold_attainment")
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 60,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    # Without these, publishing to a dead broker waits six seconds whatever `retry` says.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
}
# A web request only wakes the workers: with a dead broker it must not wait, and not fail.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = {
    "apply decisions whose day has come": {
        "task": "organizations.tasks.apply_reorganizations",
        "schedule": 30.0,
        "options": {"queue": "long", "expires": 25},
    },
    "tell of terms that are near or missed": {
        "task": "admissions.tasks.scan_deadlines",
        "schedule": 600.0,
        "options": {"expires": 500},
    },
    "erase what two people agreed to erase": {
        "task": "admissions.tasks.carry_out_erasures",
        "schedule": crontab(minute=40),
    },
    "verify the ancestry every night": {
        "task": "organizations.tasks.verify_ancestry",
        "schedule": crontab(hour=2, minute=15),
        "options": {"queue": "long"},
    },
    "seal what was read": {
        "task": "organizations.tasks.seal_readings",
        "schedule": 30.0,
        "options": {"expires": 25},
    },
    "tell the audit what was counted": {
        "task": "organizations.tasks.tell_what_was_counted",
        "schedule": 60.0,
        "options": {"expires": 50},
    },
    "anchor the audit outside the database": {
        "task": "organizations.tasks.anchor_audit",
        "schedule": crontab(minute=5),
        "options": {"expires": 1800},
    },
    "forget the sessions that ended": {
        "task": "organizations.tasks.forget_ended_sessions",
        "schedule": crontab(minute=40),
    },
    "recompute what was asked for": {
        "task": "targets.tasks.recompute_asked",
        "schedule": 30.0,
        "options": {"queue": "long", "expires": 25},
    },
    "recompute all years every night": {
        "task": "targets.tasks.recompute_all",
        "schedule": crontab(hour=1, minute=30),
        "options": {"queue": "long"},
    },
}

# The virus check: a path of ClamAV's socket, or host:port. Where it is set, a scan is given out
# only once it was found clean; empty: scans are given out as they are.
CLAMAV_ADDRESS = os.environ.get("CLAMAV_ADDRESS", "")
if CLAMAV_ADDRESS:
    LONG_TASKS = (*LONG_TASKS, "admissions.tasks.check_for_viruses")
    CELERY_TASK_ROUTES["admissions.tasks.check_for_viruses"] = {"queue": "long"}
    CELERY_TASK_ANNOTATIONS["admissions.tasks.check_for_viruses"] = {
        "time_limit": 660,
        "soft_time_limit": 600,
    }
    CELERY_BEAT_SCHEDULE["check scans for viruses"] = {
        "task": "admissions.tasks.check_for_viruses",
        "schedule": 15.0,
        "options": {"queue": "long", "expires": 14},
    }

# The week by mail, on Mondays, to accounts with an address: off unless asked for, with the server
# that takes it.
EMAIL_DIGEST = os.environ.get("EMAIL_DIGEST", "off") == "on"
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM", "ketnap@localhost")
if EMAIL_DIGEST:
    CELERY_BEAT_SCHEDULE["send the week"] = {
        "task": "admissions.tasks.send_digests",
        "schedule": crontab(hour=7, minute=0, day_of_week="mon"),
    }

# Logs: what happened, to standard error; no names, no form contents.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "celery.beat": {"level": "WARNING"},
        "axes": {"level": "ERROR"},
    },
}
