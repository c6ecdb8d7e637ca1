"""The Celery app: `celery -A config.celery worker`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
# A worker that starts here; in a web process the settings are read already.
os.environ.setdefault("STATEMENT_TIMEOUT", "20s")

app = Celery("ketnap")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
