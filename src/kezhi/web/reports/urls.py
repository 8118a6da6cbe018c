from django.urls import path

from kezhi.web.reports import building, dashboards, keeping, scheduling, showing

urlpatterns = [
    path("reports/", keeping.index, name="reports"),
    path("reports/build/", building.build, name="report-build"),
    path("reports/new/", keeping.create, name="report-new"),
    path("reports/copies/", keeping.copy, name="report-copy"),
    path("reports/file/", showing.download, name="report-file"),
    path("reports/<int:pk>/", showing.show, name="report"),
    path("reports/<int:pk>/edit/", keeping.change, name="report-edit"),
    path("reports/<int:pk>/shape/", keeping.reshape, name="report-shape"),
    path("reports/<int:pk>/removal/", keeping.remove, name="report-removal"),
    path("reports/<int:pk>/schedules/", scheduling.of_report, name="report-schedules"),
    path("reports/delivered/<slug:name>/", showing.delivered, name="delivered-report"),
    path("dashboards/new/", dashboards.create, name="dashboard-new"),
    path("dashboards/copies/", dashboards.copy, name="dashboard-copy"),
    path("dashboards/<int:pk>/", dashboards.show, name="dashboard"),
    path("dashboards/<int:pk>/edit/", dashboards.edit, name="dashboard-edit"),
    path("dashboards/<int:pk>/file/", dashboards.download, name="dashboard-file"),
    path("dashboards/<int:pk>/removal/", dashboards.remove, name="dashboard-removal"),
    path("dashboards/<int:pk>/schedules/", scheduling.of_dashboard, name="dashboard-schedules"),
    path("dashboards/delivered/<slug:name>/", dashboards.delivered, name="delivered-dashboard"),
    path(
        "dashboards/delivered/<slug:name>/file/",
        dashboards.download_delivered,
        name="delivered-dashboard-file",
    ),
    path("report-schedules/<int:pk>/removal/", scheduling.remove, name="schedule-removal"),
    path("report-schedules/<int:pk>/pause/", scheduling.pause, name="schedule-pause"),
]
