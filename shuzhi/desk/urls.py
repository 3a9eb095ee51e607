from django.urls import path

from shuzhi.desk.views import acts, case, inbox, intake, news, orders, outgoing, papers, sealed, signin

app_name = "desk"
urlpatterns = [
    path("login/", signin.sign_in, name="login"),
    path("logout/", signin.sign_out, name="logout"),
    path("desk/", inbox.inbox, name="inbox"),
    path("desk/place/", signin.place, name="place"),
    path("desk/new/", intake.ways_in, name="new"),
    path("desk/new/<str:type>/<str:role>/", intake.report, name="report"),
    path("desk/news/", news.unseen, name="news"),
    path("desk/news/seen/", news.seen, name="seen"),
    path("desk/outgoing/", outgoing.sent, name="outgoing"),
    path("desk/outgoing/retry/", outgoing.retry_all, name="retry-all"),
    path("desk/outgoing/test/", outgoing.test, name="test-notice"),
    path("desk/outgoing/<int:key>/retry/", outgoing.retry, name="retry"),
    path("desk/cases/", inbox.cases, name="cases"),
    path("desk/cases/<str:number>/", case.case_page, name="case"),
    path("desk/orders/", orders.listed, name="orders"),
    path("desk/sealed/", sealed.listed, name="sealed"),
    path("desk/alerts/", sealed.alerts_page, name="alerts"),
    path("desk/look-into/", sealed.look_into, name="look_into"),
    path("desk/phone/", sealed.phone, name="phone"),
    path("desk/files/<int:pk>/", papers.download, name="download"),
    path("desk/files/<int:pk>/shown/", papers.shown, name="shown"),
    path("desk/cases/<str:number>/files/", papers.upload, name="upload"),
    path("desk/cases/<str:number>/papers/<str:key>/", papers.paper, name="paper"),
    path("desk/cases/<str:number>/undo/", acts.undo, name="undo"),
    path("desk/cases/<str:number>/<str:key>/", acts.act, name="act"),
]
