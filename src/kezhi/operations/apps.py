from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "kezhi.operations"

    def ready(self) -> None:
        from kezhi.operations import after_restoring, checks_database, checks_work  # noqa: F401
