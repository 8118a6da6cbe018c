from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "kezhi.catalog"

    def ready(self) -> None:
        from kezhi.catalog import declarations, importing
        from kezhi.dataio import registry as dataio
        from kezhi.workbench import undoing

        declarations.register()
        dataio.register(importing.ProductLoader())
        # A category that came with a product may stay when the product's change is undone.
        undoing.LEFT_ALONE.add("catalog_category")
