"""The wiring's own app: its commands, and the Celery app that every process shares."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        """Load the Celery app, so that a task called from a page finds our broker."""
        from config import celery  # noqa: F401, PLC0415 - needs the settings, loads for its effect
