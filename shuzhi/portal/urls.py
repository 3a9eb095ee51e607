"""One town's portal stands at "/"; where an installation serves several, each also under its code."""

from django.urls import include, path

from shuzhi.portal.views import about, grid, home, notices, registers, report, track

pages = [
    path("", home.home, name="home"),
    path("numbers/<slug:key>/", home.number, name="number"),
    path("report/", report.choose, name="report"),
    path("report/<str:type>/", report.report, name="report_type"),
    path("follow/", report.follow, name="follow"),
    path("track/", track.track, name="track"),
    path("track/withdraw/", track.withdraw, name="withdraw"),
    path("track/rate/", track.rate, name="rate"),
    path("track/supplement/", track.supplement, name="supplement"),
    path("track/contact/", track.contact, name="contact"),
    path("track/unfollow/", track.unfollow, name="unfollow"),
    path("notices/", notices.notices, name="notices"),
    path("notices/<int:key>/", notices.notice, name="notice"),
    path("registers/", registers.registers, name="registers"),
    path("registers/<str:key>/", registers.register, name="register"),
    path("grid/", grid.grid, name="grid"),
    path("privacy/", about.privacy, name="privacy"),
    path("accessibility/", about.accessibility, name="accessibility"),
    path("sitemap/", about.sitemap, name="sitemap"),
]

app_name = "portal"
urlpatterns = [*pages, path("t/<str:code>/", include(pages))]
