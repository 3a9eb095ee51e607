"""Where each front's pages begin."""

from django.urls import include, path

urlpatterns = [
    path("ui/", include("shuzhi.ui.urls")),
    path("", include("shuzhi.desk.urls")),
    path("", include("shuzhi.portal.urls")),
]
