from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "kezhi.customers"

    def ready(self) -> None:
        from kezhi.customers import declarations

        declarations.register()
