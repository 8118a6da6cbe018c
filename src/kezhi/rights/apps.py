from django.apps import AppConfig


class RightsConfig(AppConfig):
    name = "kezhi.rights"

    def ready(self) -> None:
        from kezhi.customers import holdings, merging_references, reaching
        from kezhi.customers.models import Customer
        from kezhi.rights import declarations, erasing, guarding, requesting, retaining
        from kezhi.rights.models import LegalHold

        declarations.register()
        erasing.register()
        guarding.register()
        retaining.declare_own()
        reaching.hindrances.append(requesting.restricted)
        holdings.register(requesting.OPEN_REQUESTS)
        # A hold on a record that is merged into another stands against erasing that one.
        hold = merging_references.Reference(LegalHold, "customer_id")
        merging_references.LOOSE[Customer].append(hold)
