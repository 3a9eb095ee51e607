"""One town's portal stands at "/"; where an installation serves several, each also under its code."""

from django.urls import include, path

from shuzhi.portal import views

pages = [
    path("", views.home, name="home"),
    path("report/", views.report, name="report"),
    path("track/", views.track, name="track"),
    path("track/withdraw/", views.withdraw, name="withdraw"),
    path("track/rate/", views.rate, name="rate"),
]

app_name = "portal"
urlpatterns = [*pages, path("t/<str:code>/", include(pages))]
