from django.apps import AppConfig


class SatisfactionConfig(AppConfig):
    name = "kezhi.satisfaction"

    def ready(self) -> None:
        from kezhi.customers import placing, reaching
        from kezhi.dataio import registry as dataio
        from kezhi.satisfaction import (
            cases,
            declarations,
            happenings,
            holdings,
            importing,
            importing_responses,
            letters,
            responding,
            retaining,
            sending,
        )

        declarations.register()
        dataio.register(importing.AnswerLoader())
        dataio.register(importing_responses.ResponseLoader())
        placing.on_place.append(responding.follow_owners)
        reaching.counters.append(sending.count_letters)
        letters.register()
        cases.register_own()
        happenings.register()
        holdings.register()
        retaining.declare_own()
