from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    name = "kezhi.workbench"

    def ready(self) -> None:
        from kezhi.records import registry
        from kezhi.workbench.customizing import definitions
        from kezhi.workbench.tagging import tagged

        registry.overlay = lambda kind: definitions.complete(tagged(kind))
