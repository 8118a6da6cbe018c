from django.apps import AppConfig


class InsightConfig(AppConfig):
    name = "kezhi.insight"

    def ready(self) -> None:
        from kezhi.insight import delivered_reports, exempting, mailing_reports, questions, telling

        questions.register()
        delivered_reports.register()
        mailing_reports.register()
        telling.register()
        exempting.register()
