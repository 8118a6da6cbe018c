from django.urls import path

from kezhi.web.settings import value

urlpatterns = [
    path("settings/value/", value.rules, name="value-rules"),
]
