from django.apps import AppConfig


class LendingConfig(AppConfig):
    """An app outside `shuzhi.apps` says `shuzhi_app = True`; of this one the tests say it while they walk it."""

    name = "shuzhi.kernel.tests.dummy_app"
    label = "lending"
    verbose_name = "物品借用"
    default_auto_field = "django.db.models.BigAutoField"
    shuzhi_app = False
