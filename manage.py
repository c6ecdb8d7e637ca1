#!/usr/bin/env python3
"""Kết nạp's command line."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    # A command may take its time; web and workers may not (config/wsgi.py, config/celery.py).
    os.environ.setdefault("STATEMENT_TIMEOUT", "0")
    # What the database, and so the audit, calls this session.
    os.environ.setdefault("PGAPPNAME", " ".join(["manage.py", *sys.argv[1:2]]))
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed here: make run, then .venv/bin/python manage.py …")
    from config.commands import one_line_for

    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit("Stopped.")
    except Exception as failure:
        line = None if "--traceback" in sys.argv else one_line_for(failure)
        if line is None:
            raise
        sys.exit(line)


if __name__ == "__main__":
    main()
