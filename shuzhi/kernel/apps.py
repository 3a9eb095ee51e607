from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "shuzhi.kernel"
    label = "kernel"
    verbose_name = "智治平台内核"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from shuzhi.kernel import _checks  # noqa: F401  registers the start-up checks
