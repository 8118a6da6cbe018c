from django.urls import path

from kezhi.web.rights import (
    incidents,
    panels,  # noqa: F401 - registers its panels
    persons,
    requests,
    settings,
)

urlpatterns = [
    path("settings/data-rights/", settings.index, name="data-rights"),
    path("settings/data-rights/rules/", settings.change, name="data-rights-rules"),
    path("settings/data-rights/hours/", settings.hours, name="data-rights-hours"),
    path("settings/data-rights/refused/", settings.stop, name="data-rights-refused"),
    path("settings/data-rights/reachable/", settings.unstop, name="data-rights-reachable"),
    path("settings/data-rights/texts/", settings.texts, name="data-rights-texts"),
    path("settings/data-rights/retention/", settings.retention, name="data-rights-retention"),
    path("settings/data-rights/holds/", settings.hold, name="data-rights-holds"),
    path("settings/data-rights/holds/<int:pk>/end/", settings.end, name="data-rights-hold-end"),
    path("settings/data-rights/evidence/", incidents.gather_evidence, name="data-rights-evidence"),
    path(
        "settings/data-rights/evidence/<int:pk>/",
        incidents.fetch_evidence,
        name="data-rights-evidence-file",
    ),
    path("data-rights/<slug:address>/<int:pk>/", persons.show, name="person-rights"),
    path("data-rights/<slug:address>/<int:pk>/refusal/", persons.say_no, name="person-refusal"),
    path("customers/<int:pk>/exemption/", persons.exempt, name="customer-exemption"),
    path("customers/<int:pk>/explanation/", persons.explanation, name="customer-explanation"),
    path("consents/<int:pk>/withdrawal/", persons.withdraw, name="consent-withdrawal"),
    path("data-requests/<int:pk>/identity/", requests.check, name="request-identity"),
    path("data-requests/<int:pk>/plan/", requests.plan, name="request-plan"),
    path("data-requests/<int:pk>/proposal/", requests.propose, name="request-proposal"),
    path("data-requests/<int:pk>/approval/", requests.approve, name="request-approval"),
    path("data-requests/<int:pk>/outcome/", requests.carry_out, name="request-outcome"),
    path("data-requests/<int:pk>/refusal/", requests.turn_down, name="request-refusal"),
    path("data-requests/files/<int:pk>/", requests.fetch, name="request-file"),
    path("recipients/<int:pk>/program/", incidents.link, name="recipient-program"),
    path("incidents/<int:pk>/report/", incidents.report, name="incident-report"),
    path("incidents/<int:pk>/closure/", incidents.close, name="incident-closure"),
    path("incidents/<int:pk>/letters/", incidents.letters, name="incident-letters"),
    path("incidents/<int:pk>/affected/", incidents.affected_list, name="incident-affected"),
]
