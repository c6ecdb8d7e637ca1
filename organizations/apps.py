from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrganizationsConfig(AppConfig):
    name = "organizations"
    verbose_name = _("Organisations")

    def ready(self) -> None:
        """Have work that was left wake the worker that does it."""
        # Models are there only now.
        from organizations import tasks  # noqa: PLC0415
        from organizations.operations import jobs  # noqa: PLC0415

        if tasks.wake not in jobs.wakers:
            jobs.wakers.append(tasks.wake)
