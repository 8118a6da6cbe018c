from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "kezhi.ledger"

    def ready(self) -> None:
        from kezhi.customers import placing
        from kezhi.dataio import registry as dataio
        from kezhi.ledger import (
            declarations,
            entering,
            importing,
            importing_acquisition,
            importing_costs,
        )

        declarations.register()
        dataio.register(importing.OrderLoader())
        dataio.register(importing_costs.CostLoader())
        dataio.register(importing_acquisition.AcquisitionCostLoader())
        placing.on_place.append(entering.follow_owners)
