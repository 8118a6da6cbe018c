from django.apps import AppConfig

OF_ORDER = """
    SELECT DISTINCT l.product_id FROM ledger_orderline l WHERE l.order_id = r.about_id"""
"""The products of the order that a survey response is about."""


class InsightConfig(AppConfig):
    name = "kezhi.insight"

    def ready(self) -> None:
        from kezhi.insight import (
            concerning,
            delivered_reports,
            exempting,
            mailing_reports,
            questions,
            telling,
        )
        from kezhi.satisfaction.analysing.counting import ABOUT_PRODUCTS

        questions.register()
        delivered_reports.register()
        mailing_reports.register()
        telling.register()
        concerning.register()
        exempting.register()
        ABOUT_PRODUCTS["order"] = OF_ORDER
