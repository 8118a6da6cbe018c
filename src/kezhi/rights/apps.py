from django.apps import AppConfig


class RightsConfig(AppConfig):
    name = "kezhi.rights"

    def ready(self) -> None:
        from kezhi.customers import holdings, reaching
        from kezhi.rights import declarations, erasing, guarding, requesting, retaining

        declarations.register()
        erasing.register()
        guarding.register()
        retaining.declare_own()
        reaching.hindrances.append(requesting.restricted)
        holdings.register(requesting.OPEN_REQUESTS)
