"""Addresses of what customers experience."""

from django.urls import path

from kezhi.web.experience import (
    exports,
    journey,
    loyalty_map,
    overview,
    promises,
    responses,
    service_level,
    surveys,
)

urlpatterns = [
    path("experience/", overview.index, name="experience"),
    path("experience/surveys/<int:pk>/", surveys.show, name="experience-survey"),
    path("experience/surveys/<int:pk>/responses/", responses.index, name="experience-responses"),
    path("experience/surveys/<int:pk>/export/", exports.of_survey, name="experience-export"),
    path("experience/map/", loyalty_map.show, name="experience-map"),
    path("experience/promises/", promises.show, name="experience-promises"),
    path("experience/journey/", journey.show, name="experience-journey"),
    path("experience/service-level/", service_level.show, name="experience-level"),
]
