from django.urls import path

from kezhi.web.segments import changing, making, page

urlpatterns = [
    path("segments/", page.index, name="segments"),
    path("segments/new/", making.create, name="segment-new"),
    path("segments/selection/", making.select, name="segment-selection"),
    path("segments/<int:pk>/", page.show, name="segment"),
    path("segments/<int:pk>/edit/", changing.edit, name="segment-edit"),
    path("segments/<int:pk>/freezing/", changing.freeze, name="segment-freezing"),
    path("segments/<int:pk>/thawing/", changing.thaw, name="segment-thawing"),
    path("segments/<int:pk>/removal/", changing.remove, name="segment-removal"),
]
