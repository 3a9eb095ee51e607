from django.apps import AppConfig
from django.db.models.signals import post_migrate


class KernelConfig(AppConfig):
    name = "shuzhi.kernel"
    label = "kernel"
    verbose_name = "智治平台内核"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from shuzhi.kernel import _checks  # noqa: F401  registers the start-up checks
        from shuzhi.kernel.management.commands.grant import grant

        post_migrate.connect(lambda using, **_: grant(using), sender=self, weak=False)
