from django.urls import path

from kezhi.web.customers import (
    confirming,
    demand,
    drafts,
    follow_ups,
    interactions,
    mentions,
    needs,
    network,
    owner,
    page,
    promises,
    record_panels,  # noqa: F401 - registers its panels
)

urlpatterns = [
    path("customers/<int:pk>/", page.show, name="customer"),
    path("customers/<int:pk>/interactions/", interactions.create, name="customer-interactions"),
    path("customers/<int:pk>/draft/", drafts.keep, name="customer-draft"),
    path("customers/<int:pk>/colleagues/", mentions.options, name="customer-colleagues"),
    path("customers/<int:pk>/network/", network.show, name="customer-network"),
    path("customers/<int:pk>/confirmation/", confirming.confirm, name="customer-confirmation"),
    path("customers/<int:pk>/owner/", owner.change, name="customer-owner"),
    path("customers/<int:customer_pk>/plans/", follow_ups.plan, name="customer-plans"),
    path("interactions/<int:pk>/text/", interactions.edit, name="interaction-text"),
    path("interactions/<int:pk>/removal/", interactions.remove, name="entry-removal"),
    path("interactions/<int:pk>/pin/", interactions.pin, name="interaction-pin"),
    path("mentions/<int:pk>/", mentions.follow, name="mention"),
    path("promises/<int:pk>/settlement/", promises.settle, name="promise-settlement"),
    path("promises/<int:pk>/reopening/", promises.reopen, name="promise-reopening"),
    path("needs/demand/", demand.show, name="need-demand"),
    path("needs/<int:pk>/start/", needs.start, name="need-start"),
    path("needs/<int:pk>/handler/", needs.pass_on, name="need-handler"),
    path("needs/<int:pk>/reply/", needs.answer, name="need-reply"),
    path("needs/<int:pk>/refusal/", needs.decline, name="need-refusal"),
    path("needs/<int:pk>/reopening/", needs.reopen, name="need-reopening"),
    path("follow-ups/<int:pk>/completion/", follow_ups.complete, name="follow-up-complete"),
    path("follow-ups/<int:pk>/reopening/", follow_ups.reopen, name="follow-up-reopen"),
    path("follow-ups/<int:pk>/postponement/", follow_ups.postpone, name="follow-up-postpone"),
    path("follow-ups/<int:pk>/plan/", follow_ups.drop, name="follow-up-drop"),
]
