from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TargetsConfig(AppConfig):
    name = "targets"
    verbose_name = _("Targets")

    def ready(self) -> None:
        """Have news upward wake the worker that folds them; have a say in reorganisations."""
        # Models are there only now.
        from organizations.operations import jobs, outbox  # noqa: PLC0415
        from organizations.reorganizing import register  # noqa: PLC0415
        from targets import tasks  # noqa: PLC0415
        from targets.reorganizing import TargetsHandler  # noqa: PLC0415

        if tasks.wake not in outbox.wakers:
            outbox.wakers.append(tasks.wake)
            jobs.wakers.append(tasks.wake_for)
        register(TargetsHandler())
