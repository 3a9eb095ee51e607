from django.conf import settings
from django.urls import path

from shuzhi.ui import views

app_name = "ui"
urlpatterns = [path("elder/", views.elder, name="elder")]
if settings.DEBUG:
    urlpatterns += [
        path("styleguide/", views.styleguide, name="styleguide"),
        path("styleguide/<slug:page>/", views.styleguide, name="styleguide-page"),
    ]
