from django.urls import path

from kezhi.web.today import page

urlpatterns = [path("", page.show, name="today")]
