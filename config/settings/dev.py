"""`make run` and `manage.py` on one machine: served over plain HTTP to this machine alone."""

import os

from config import environment

from .base import *  # noqa: F403 - a settings file is its base and what differs

SECRET_KEY = environment.secret_key()
IDENTITY_KEY = environment.identity_key()
DEBUG = os.environ.get("DEBUG") == "1"
ALLOWED_HOSTS = [
    *("127.0.0.1", "localhost", "[::1]"),
    *filter(None, os.environ.get("ALLOWED_HOSTS", "").split(",")),
]
# Two installations on one machine share the host, and so its cookies, whatever their ports.
SESSION_COOKIE_NAME = f"ketnap_session_{os.environ.get('PORT') or 8000}"
CSRF_COOKIE_NAME = f"ketnap_csrf_{os.environ.get('PORT') or 8000}"
