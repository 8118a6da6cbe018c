from django.apps import AppConfig


class DataioConfig(AppConfig):
    name = "kezhi.dataio"

    def ready(self) -> None:
        from kezhi.dataio import loading, registry, telling

        registry.for_declared[:] = [loading.DeclaredLoader]
        telling.register()
