from django.urls import path

from kezhi.web.service_levels import (
    breaches,
    calendars,
    levels,
    needs,
    report,
    requests,
    rules,
)

urlpatterns = [
    path("settings/service-levels/", levels.edit, name="service-levels"),
    path(
        "settings/service-levels/open-tickets/", levels.recompute, name="service-levels-recompute"
    ),
    path("settings/calendars/new/", calendars.new, name="new-business-calendar"),
    path("settings/calendars/<int:pk>/", calendars.edit, name="business-calendar"),
    path("settings/calendars/<int:pk>/removal/", calendars.drop, name="business-calendar-removal"),
    path("settings/routing/", rules.rules, name="routing-rules"),
    path("settings/routing/<int:pk>/removal/", rules.drop_rule, name="routing-rule-removal"),
    path("settings/agreements/", rules.agreements, name="internal-levels"),
    path(
        "settings/agreements/<int:pk>/removal/", rules.drop_agreement, name="internal-level-removal"
    ),
    path("tickets/<int:pk>/proposal/", needs.propose, name="ticket-proposal"),
    path("tickets/<int:pk>/reply-day/", needs.date_answer, name="need-reply-day"),
    path("service/requests/", requests.listed, name="internal-requests"),
    path("service/requests/new/", requests.new, name="new-internal-request"),
    path("service/requests/export/", requests.export, name="internal-requests-export"),
    path("service/requests/<int:pk>/", requests.show, name="internal-request"),
    path("service/requests/<int:pk>/words/", requests.say, name="internal-request-words"),
    path("service/requests/<int:pk>/rating/", requests.rate, name="internal-request-rating"),
    path("service/breaches/", breaches.listed, name="breaches"),
    path("service/breaches/export/", breaches.export, name="breaches-export"),
    path("service/promises/", report.show, name="service-report"),
    path("service/promises/export/", report.export, name="service-report-export"),
]
