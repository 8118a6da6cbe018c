from django.urls import path

from kezhi.web.messaging import inbox, letters, mailboxes, notices, outgoing, templates

urlpatterns = [
    path("notices/", notices.index, name="notices"),
    path("notices/count/", notices.count, name="notice-count"),
    path("notices/reading/", notices.read, name="notice-reading"),
    path("notices/<int:pk>/", notices.follow, name="notice"),
    path("settings/notices/", notices.preferences, name="notice-preferences"),
    path("mail/", inbox.index, name="inbox"),
    path("mail/<int:pk>/", inbox.show, name="letter"),
    path("mail/<int:pk>/frame/", inbox.frame, name="letter-frame"),
    path("mail/<int:pk>/pictures/", inbox.pictures, name="letter-pictures"),
    path("mail/<int:pk>/pictures/sender/", inbox.always, name="letter-pictures-always"),
    path("settings/senders/<int:pk>/removal/", inbox.no_longer, name="pictured-sender-removal"),
    path("mail/<int:pk>/files/<int:number>/", inbox.file, name="letter-file"),
    path("mail/<int:pk>/source/", inbox.source, name="letter-source"),
    path("mail/<int:pk>/customer/", inbox.assign, name="letter-customer"),
    path("mail/<int:pk>/taking-off/", inbox.take_off, name="letter-taking-off"),
    path("mail/<int:pk>/setting-aside/", inbox.ignore, name="letter-setting-aside"),
    path("outbox/", outgoing.index, name="outbox"),
    path("outbox/<int:pk>/", outgoing.show, name="outgoing"),
    path("outbox/<int:pk>/again/", outgoing.again, name="outgoing-again"),
    path("outbox/<int:pk>/arrival/", outgoing.arrival, name="outgoing-arrival"),
    path("outbox/<int:pk>/taking-back/", outgoing.taking_back, name="outgoing-taking-back"),
    path("settings/mail/", mailboxes.index, name="mailboxes"),
    path("settings/mail/signature/", mailboxes.signature, name="signature"),
    path("settings/mail/new/<slug:purpose>/", mailboxes.add, name="mailbox-new"),
    path("settings/mail/<int:pk>/", mailboxes.show, name="mailbox"),
    path("settings/mail/<int:pk>/trial/", mailboxes.trial, name="mailbox-trial"),
    path("settings/mail/<int:pk>/pause/", mailboxes.pause, name="mailbox-pause"),
    path("settings/mail/<int:pk>/fetching/", mailboxes.fetch, name="mailbox-fetching"),
    path("settings/mail/<int:pk>/retirement/", mailboxes.retire, name="mailbox-retirement"),
    path("settings/mail/templates/", templates.index, name="mail-templates"),
    path("settings/mail/templates/new/", templates.add, name="mail-template-new"),
    path("settings/mail/templates/<int:pk>/", templates.show, name="mail-template"),
    path(
        "settings/mail/templates/<int:pk>/removal/", templates.remove, name="mail-template-removal"
    ),
    path("customers/<int:pk>/letter/", letters.write, name="customer-letter"),
]
