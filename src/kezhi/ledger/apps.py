from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LedgerConfig(AppConfig):
    name = "kezhi.ledger"

    def ready(self) -> None:
        from kezhi.customers import placing
        from kezhi.dataio import registry as dataio
        from kezhi.ledger import (
            contract_declaration,
            declarations,
            entering,
            importing,
            importing_acquisition,
            importing_contracts,
            importing_costs,
            retaining,
        )
        from kezhi.records import Collection, registry

        declarations.register()
        retaining.declare_own()
        registry.register(contract_declaration.KIND)
        registry.extend(
            "customer",
            collections=(Collection("contracts", _("Contracts"), "contract", "customer"),),
        )
        dataio.register(importing.OrderLoader())
        dataio.register(importing_costs.CostLoader())
        dataio.register(importing_acquisition.AcquisitionCostLoader())
        dataio.register(importing_contracts.ContractLoader())
        placing.on_place.append(entering.follow_owners)
