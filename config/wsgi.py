"""The web's door: `gunicorn config.wsgi`."""

import gc
import os
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
os.environ.setdefault("STATEMENT_TIMEOUT", "15s")
os.environ.setdefault("PGAPPNAME", "web")

from django.core.wsgi import get_wsgi_application

from config import database
from config.demonstration import refuses

# Before the settings are read.
database.serves_pages = True

_answer = get_wsgi_application()
# What is loaded stays: looked through again each few requests it cost a page 90 ms.
gc.collect()
gc.freeze()
# A page of a thousand rows makes as many objects again: looked at each 700, they stop it often.
gc.set_threshold(20_000, 20, 20)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request, unless it reached a demonstration from another machine's side."""
    if refuses(environ):
        body = b"A demonstration is served to its own machine only: bind it to 127.0.0.1.\n"
        start_response(
            "403 Forbidden",
            [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))],
        )
        return [body]
    response: Iterable[bytes] = _answer(environ, start_response)
    return response
