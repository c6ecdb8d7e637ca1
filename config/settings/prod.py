"""On servers: behind nginx, over HTTPS."""

import os

from django.core.exceptions import ImproperlyConfigured

from config import environment

from .base import *  # noqa: F403 - a settings file is its base and what differs

SECRET_KEY = environment.value("SECRET_KEY") or ""
IDENTITY_KEY = environment.value("IDENTITY_KEY") or ""
ALLOWED_HOSTS = [host for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host]
if not SECRET_KEY or not IDENTITY_KEY or not ALLOWED_HOSTS:
    raise ImproperlyConfigured(
        "Set SECRET_KEY and IDENTITY_KEY (or SECRET_KEY_FILE and IDENTITY_KEY_FILE) and"
        " ALLOWED_HOSTS."
    )
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if host != "*"]
ALLOWED_HOSTS.append("localhost")  # the health checks, from inside

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # set by nginx, never by clients
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked from inside, over plain HTTP
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_NAME = "__Host-csrf"
LANGUAGE_COOKIE_NAME = "__Host-language"
LANGUAGE_COOKIE_SECURE = True
COOKIE_PREFIX = "__Host-"

AXES_IPWARE_META_PRECEDENCE_ORDER = ["HTTP_X_REAL_IP"]
ALLAUTH_TRUSTED_CLIENT_IP_HEADER = "X-Real-IP"
