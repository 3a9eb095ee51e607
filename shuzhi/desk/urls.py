from django.urls import path

from shuzhi.desk.views import acts, case, centre, inbox, intake, outgoing, seat, signin

app_name = "desk"
urlpatterns = [
    path("login/", signin.sign_in, name="login"),
    path("logout/", signin.sign_out, name="logout"),
    path("desk/", inbox.inbox, name="inbox"),
    path("desk/seat/", seat.seat, name="seat"),
    path("desk/grids.json", centre.grids, name="grids"),
    path("desk/centre/", centre.centre, name="centre"),
    path("desk/centre/poll/", centre.poll, name="centre-poll"),
    path("desk/centre/points/", centre.points, name="centre-points"),
    path("desk/centre/<str:number>/", centre.centre, name="centre-case"),
    path("desk/place/", signin.place, name="place"),
    path("desk/new/", intake.ways_in, name="new"),
    path("desk/new/<str:type>/<str:role>/", intake.report, name="report"),
    path("desk/outgoing/", outgoing.dead_letters, name="outgoing"),
    path("desk/outgoing/<int:key>/retry/", outgoing.retry, name="retry"),
    path("desk/cases/", inbox.cases, name="cases"),
    path("desk/cases/<str:number>/", case.case_page, name="case"),
    path("desk/cases/<str:number>/undo/", acts.undo, name="undo"),
    path("desk/cases/<str:number>/<str:key>/", acts.act, name="act"),
]
