"""Where each front's pages begin."""

from pathlib import Path  # TEMPORARY

from django.urls import include, path

READY = {"ui": "ui/specimens.py", "desk": "desk/urls.py", "portal": "portal/urls.py"}  # TEMPORARY
urlpatterns = [
    path(p, include(f"shuzhi.{m}.urls"))
    for p, m in (("ui/", "ui"), ("desk/", "desk"), ("", "portal"))
    if (Path(__file__).parent / READY[m]).exists()
]  # TEMPORARY
