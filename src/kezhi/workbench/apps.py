from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    name = "kezhi.workbench"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from kezhi.audit import recording
        from kezhi.records import registry
        from kezhi.workbench import retaining
        from kezhi.workbench.customizing import definitions
        from kezhi.workbench.filtering import ask_of_every_kind
        from kezhi.workbench.filtering.ownership import ownership_of
        from kezhi.workbench.searching import filling, following
        from kezhi.workbench.tagging import tagged

        retaining.declare_own()
        recording.on_finishing.append(filling.close_own_gaps)
        post_migrate.connect(following.follow_changes, sender=self)
        ask_of_every_kind(ownership_of)
        registry.overlay = lambda kind: definitions.complete(tagged(kind))
