from django.urls import path

from kezhi.web.intake import case, forms, general, mailboxes, public_forms, rules

urlpatterns = [
    path("ask/<slug:slug>/", forms.fill_in, name="service-form"),
    path("case/<str:token>/", case.show, name="case"),
    path("case/<str:token>/words/", case.write, name="case-words"),
    path("case/<str:token>/files/<int:pk>/", case.file, name="case-file"),
    path("case/<str:token>/verdict/", case.judge, name="case-verdict"),
    path("settings/intake/", mailboxes.index, name="intake"),
    path("settings/intake/mailboxes/", mailboxes.add, name="intake-mailbox-new"),
    path("settings/intake/mailboxes/<int:pk>/", mailboxes.show, name="intake-mailbox"),
    path("settings/intake/mailboxes/<int:pk>/end/", mailboxes.end, name="intake-mailbox-end"),
    path("settings/intake/forms/", public_forms.index, name="intake-forms"),
    path("settings/intake/forms/new/", public_forms.add, name="intake-form-new"),
    path("settings/intake/forms/<int:pk>/", public_forms.show, name="intake-form"),
    path(
        "settings/intake/forms/<int:pk>/removal/", public_forms.remove, name="intake-form-removal"
    ),
    path("settings/intake/rules/", rules.index, name="intake-rules"),
    path("settings/intake/rules/<int:pk>/", rules.show, name="intake-rule"),
    path("settings/intake/rules/<int:pk>/up/", rules.lift, name="intake-rule-up"),
    path("settings/intake/rules/<int:pk>/removal/", rules.remove, name="intake-rule-removal"),
    path("settings/intake/general/", general.show, name="intake-general"),
    path("settings/intake/letters/", general.letters, name="intake-letters"),
    path("settings/intake/letters/sweep/", general.sweep, name="intake-sweep"),
    path("tickets/<int:pk>/links/removal/", general.end_links, name="ticket-links-end"),
]
