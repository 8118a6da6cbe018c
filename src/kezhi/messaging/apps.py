from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "kezhi.messaging"

    def ready(self) -> None:
        from kezhi.accounts import integrating, traffic
        from kezhi.core import events
        from kezhi.messaging import limits, retaining
        from kezhi.messaging.webhooks import inbound, keeping, listening

        retaining.declare_own()
        events.listen(listening.NAME, listening.hear)
        traffic.on_quota.append(limits.tell_owners)
        integrating.on_revoking += [keeping.end_with, inbound.end_with]
