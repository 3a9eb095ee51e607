from django.apps import AppConfig


class SampleConfig(AppConfig):
    """Installed with SHUZHI_BENCH=1, which `shuzhi bench` sets."""

    name = "shuzhi.demo.bench.sample"
    label = "bench_sample"
    default_auto_field = "django.db.models.BigAutoField"
    shuzhi_app = True
