from django.apps import AppConfig


class SatisfactionConfig(AppConfig):
    name = "kezhi.satisfaction"

    def ready(self) -> None:
        from kezhi.dataio import registry as dataio
        from kezhi.satisfaction import declarations, importing

        declarations.register()
        dataio.register(importing.AnswerLoader())
