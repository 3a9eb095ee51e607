from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "shuzhi.apps.events"
    label = "events"
    verbose_name = "事件"
    default_auto_field = "django.db.models.BigAutoField"
