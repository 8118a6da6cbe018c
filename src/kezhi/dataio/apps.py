from django.apps import AppConfig


class DataioConfig(AppConfig):
    name = "kezhi.dataio"
