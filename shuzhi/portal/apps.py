from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "shuzhi.portal"
    label = "portal"
    verbose_name = "便民门户"
