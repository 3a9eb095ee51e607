from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "shuzhi.ui"
    label = "ui"
    verbose_name = "界面"
