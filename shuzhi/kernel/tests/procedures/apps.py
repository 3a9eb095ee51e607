from django.apps import AppConfig


class ProceduresConfig(AppConfig):
    """Rows of the five hard procedures, installed only while tests run."""

    name = "shuzhi.kernel.tests.procedures"
    label = "procedures"
    default_auto_field = "django.db.models.BigAutoField"
