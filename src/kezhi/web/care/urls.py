from django.urls import path

from kezhi.web.care import plans, success

urlpatterns = [
    path("care-plans/<int:pk>/aim/", plans.aim, name="care-plan-aim"),
    path("care-plans/<int:pk>/effect/", plans.show_effect, name="care-plan-effect"),
    path("success-plans/<int:pk>/measures/", success.add_measure, name="success-measures"),
    path(
        "success-plans/<int:pk>/measures/<int:measure>/removal/",
        success.remove_measure,
        name="success-measure-removal",
    ),
    path(
        "success-plans/<int:pk>/measures/<int:measure>/reading/",
        success.read_measure,
        name="success-reading",
    ),
    path("success-plans/<int:pk>/review/", success.review, name="success-review"),
    path("success-plans/<int:pk>/end/", success.end, name="success-end"),
    path("success-plans/<int:pk>/reopening/", success.reopen, name="success-reopening"),
]
