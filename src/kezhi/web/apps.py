from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "kezhi.web"

    def ready(self) -> None:
        from kezhi.web.intake import troubles
        from kezhi.web.service import bulk
        from kezhi.web.service_levels import needs, panel

        bulk.register()
        panel.register()
        needs.register()
        troubles.register()
