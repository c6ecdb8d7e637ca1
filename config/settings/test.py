"""Tests: a database of their own, quick passwords, files served as they lie."""

from config import database

from .base import *  # noqa: F403 - a settings file is its base and what differs

SECRET_KEY = "only for tests"
IDENTITY_KEY = "only for tests as well"
ALLOWED_HOSTS = ["*"]

# The runner makes and empties databases, as their owner; inside a test the connection has the
# role that web and workers have (tests/database.py).
CONNECTS_AS_OWNER = True
DATABASES = {"default": database.settings(database.owner_url(), statement_timeout="60s")}
DATABASES["default"]["CONN_MAX_AGE"] = 0
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
# A test that needs a broker names its own; the others must not find one by chance.
CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    **CELERY_BROKER_TRANSPORT_OPTIONS,  # noqa: F405 - a settings file is its base and what differs
    "socket_connect_timeout": 1,
    "socket_timeout": 1,
}
# Tests of pages are about other things; tests/config/test_sign_in.py asks for both.
MFA_REQUIRED_FOR = []
STEP_UP = False
