from django.apps import AppConfig


class RightsConfig(AppConfig):
    name = "kezhi.rights"

    def ready(self) -> None:
        from kezhi.rights import erasing

        erasing.register()
