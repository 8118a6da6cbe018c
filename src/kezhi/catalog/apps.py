from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "kezhi.catalog"

    def ready(self) -> None:
        from kezhi.catalog import declarations

        declarations.register()
