from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "kezhi.ledger"

    def ready(self) -> None:
        from kezhi.customers import placing
        from kezhi.dataio import registry as dataio
        from kezhi.ledger import declarations, entering, importing, importing_costs

        declarations.register()
        dataio.register(importing.OrderLoader())
        dataio.register(importing_costs.CostLoader())
        placing.on_place.append(entering.follow_owners)
