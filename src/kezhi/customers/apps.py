from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "kezhi.customers"

    def ready(self) -> None:
        from kezhi.customers import declarations, importing, importing_contacts
        from kezhi.dataio import registry as dataio

        declarations.register()
        dataio.register(importing.CustomerLoader())
        dataio.register(importing_contacts.ContactLoader())
