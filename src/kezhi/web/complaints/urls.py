from django.urls import path

from kezhi.web.complaints import analysis, marks, pages, section

urlpatterns = [
    path("complaints/analysis/", analysis.show, name="complaint-analysis"),
    path("complaints/limits/", analysis.limits, name="complaint-limits"),
    path("complaints/<int:pk>/", pages.show, name="complaint"),
    path("complaints/<int:pk>/steps/<slug:deed>/", pages.take, name="complaint-step"),
    path("compensation/<int:pk>/execution/", pages.carry_out, name="compensation-execution"),
    path("compensation/<int:pk>/reversal/", pages.take_back, name="compensation-reversal"),
]

section.register()
marks.register()
