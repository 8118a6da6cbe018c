from django.urls import path

from kezhi.web.demo import pages

urlpatterns = [path("settings/demo/", pages.demo, name="demo")]
