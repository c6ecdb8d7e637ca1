from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AdmissionsConfig(AppConfig):
    name = "admissions"
    verbose_name = _("Admissions")

    def ready(self) -> None:
        """Have a say in reorganisations and transfers: files move with their people."""
        # Models are there only now.
        from admissions.operations.moving import FileFollows  # noqa: PLC0415
        from admissions.reorganizing import AdmissionsHandler  # noqa: PLC0415
        from organizations import reorganizing, transferring  # noqa: PLC0415

        reorganizing.register(AdmissionsHandler())
        transferring.register(FileFollows())
