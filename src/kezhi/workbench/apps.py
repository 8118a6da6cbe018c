from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    name = "kezhi.workbench"

    def ready(self) -> None:
        from kezhi.records import registry
        from kezhi.workbench.customizing import definitions

        registry.overlay = definitions.complete
