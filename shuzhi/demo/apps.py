from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "shuzhi.demo"
    label = "demo"
    verbose_name = "演示镇"
