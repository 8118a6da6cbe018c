from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "kezhi.customers"

    def ready(self) -> None:
        from kezhi.accounts import organising
        from kezhi.customers import declarations, importing, importing_contacts, placing
        from kezhi.dataio import registry as dataio

        declarations.register()
        dataio.register(importing.CustomerLoader())
        dataio.register(importing_contacts.ContactLoader())
        organising.on_people_moved.append(placing.follow_people)
