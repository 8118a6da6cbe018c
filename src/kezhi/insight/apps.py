from django.apps import AppConfig


class InsightConfig(AppConfig):
    name = "kezhi.insight"

    def ready(self) -> None:
        from kezhi.insight import exempting, questions, telling

        questions.register()
        telling.register()
        exempting.register()
