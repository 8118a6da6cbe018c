"""The addresses of the API that people open in a browser; programs are answered at the door (`front`)."""

from django.urls import path

from kezhi.api import reference

urlpatterns = [
    path("api/v1/reference/", reference.show, name="api-reference"),
]
