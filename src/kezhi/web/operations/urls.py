from django.urls import path

from kezhi.web.operations import jobs, state

urlpatterns = [
    path("jobs/", jobs.index, name="jobs"),
    path("jobs/<int:pk>/cancellation/", jobs.cancel, name="job-cancel"),
    path("jobs/<int:pk>/repetition/", jobs.repeat, name="job-repeat"),
    path("settings/operations/", state.show, name="operations"),
    path("settings/operations/slow-pages/", state.slow_pages, name="slow-pages"),
]
