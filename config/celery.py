"""The Celery app: `celery -A config.celery worker`."""

import ctypes
import os
import signal
import sys
from typing import Any

from celery import Celery
from celery.signals import beat_embedded_init, worker_process_init

PR_SET_PDEATHSIG = 1
WORKER = os.getpid()

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
# A worker that starts here; in a web process the settings are read already.
os.environ.setdefault("STATEMENT_TIMEOUT", "20s")
os.environ.setdefault("PGAPPNAME", "worker")

app = Celery("ketnap")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@beat_embedded_init.connect  # type: ignore[untyped-decorator]
@worker_process_init.connect  # type: ignore[untyped-decorator]
def end_with_the_worker(**_told: Any) -> None:
    """Let the beat and each process of the pool end when their worker does, however that ends.

    One that starts while its worker is told to end does not hear of it and would go on for ever;
    nothing is lost, for a task that is broken off is found by the next one.
    """
    if sys.platform != "linux" or os.getpid() == WORKER:
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != WORKER:  # it ended before the line above
        os._exit(1)
