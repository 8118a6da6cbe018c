from django.apps import AppConfig


class ServiceConfig(AppConfig):
    name = "kezhi.service"

    def ready(self) -> None:
        from kezhi.dataio import registry as dataio
        from kezhi.service import contributing, declarations, retaining, surveying, touchpoints
        from kezhi.service.care import effect as care
        from kezhi.service.clocks import hooking as clocks
        from kezhi.service.clocks import waiting
        from kezhi.service.complaints import importing as complaints_from_files
        from kezhi.service.complaints import joining as complaints
        from kezhi.service.intake import joining as intake
        from kezhi.service.knowledge import due as articles_due
        from kezhi.service.needs import joining as needs
        from kezhi.service.portal import asking, linking
        from kezhi.service.quality import joining as quality
        from kezhi.service.success import telling as success
        from kezhi.service.tickets import joining

        declarations.register()
        touchpoints.register()
        joining.register()
        surveying.register()
        contributing.register()
        complaints.register()
        dataio.register(complaints_from_files.ComplaintLoader())
        intake.register()
        needs.register()
        clocks.register()
        waiting.register()
        articles_due.register()
        linking.register()
        asking.register()
        care.register()
        success.register()
        quality.register()
        retaining.declare_own()
