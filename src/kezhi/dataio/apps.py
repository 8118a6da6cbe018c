from django.apps import AppConfig


class DataioConfig(AppConfig):
    name = "kezhi.dataio"

    def ready(self) -> None:
        from kezhi.dataio import loading, registry

        registry.for_declared[:] = [loading.DeclaredLoader]
