from django.urls import path

from kezhi.web.value import dashboard, runs

urlpatterns = [
    path("value/", dashboard.show, name="value"),
    path("value/runs/", runs.index, name="value-runs"),
    path("value/runs/<int:pk>/", runs.show, name="value-run"),
    path("value/runs/<int:pk>/cancellation/", runs.cancel, name="value-run-cancel"),
]
