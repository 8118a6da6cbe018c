from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "kezhi.ledger"

    def ready(self) -> None:
        from kezhi.customers import creating
        from kezhi.ledger import declarations, entering

        declarations.register()
        creating.on_reassign.append(entering.follow_owner)
