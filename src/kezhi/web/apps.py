from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "kezhi.web"
