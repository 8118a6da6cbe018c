from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "kezhi.catalog"

    def ready(self) -> None:
        from kezhi.catalog import declarations, importing
        from kezhi.dataio import registry as dataio

        declarations.register()
        dataio.register(importing.ProductLoader())
