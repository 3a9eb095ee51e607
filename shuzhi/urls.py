"""Where each front's pages begin."""

from django.urls import include, path

handler400 = "shuzhi.ui.refusals.bad_request"
handler403 = "shuzhi.ui.refusals.forbidden"
handler404 = "shuzhi.ui.refusals.not_found"
handler500 = "shuzhi.ui.refusals.broken"

urlpatterns = [
    path("ui/", include("shuzhi.ui.urls")),
    path("", include("shuzhi.desk.urls")),
    path("", include("shuzhi.portal.urls")),
]
