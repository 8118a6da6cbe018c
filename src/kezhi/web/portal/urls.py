from django.urls import path

from kezhi.web.portal import (
    account,
    data,
    doors,
    home,
    ideas,
    knowledge,
    orders,
    preferences,
    previewing,
    second_factor,
    staff,
    tickets,
)

urlpatterns = [
    # Doors: whoever isn't signed in comes here.
    path("portal/sign-in/", doors.sign_in, name="portal-sign-in"),
    path("portal/sign-in/forgotten/", doors.forgotten, name="portal-forgotten"),
    path("portal/sign-in/second-step/", second_factor.step, name="portal-second-step"),
    path("portal/sign-in/set-up/", second_factor.set_up, name="portal-set-up"),
    path("portal/sign-out/", doors.sign_out, name="portal-sign-out"),
    path("portal/link/<str:token>/", doors.by_link, name="portal-link"),
    path("portal/appearance/", doors.appear, name="portal-appearance"),
    # A contact's own pages.
    path("portal/", home.show, name="portal"),
    path("portal/confirm/", doors.confirm, name="portal-confirm"),
    path("portal/tickets/", tickets.index, name="portal-tickets"),
    path("portal/tickets/new/", tickets.new, name="portal-ticket-new"),
    path("portal/tickets/<int:pk>/", tickets.show, name="portal-ticket"),
    path("portal/tickets/<int:pk>/words/", tickets.write, name="portal-ticket-words"),
    path("portal/tickets/<int:pk>/solution/", tickets.solved, name="portal-ticket-solution"),
    path("portal/tickets/<int:pk>/rating/", tickets.rate, name="portal-ticket-rating"),
    path("portal/tickets/<int:pk>/files/<int:file>/", tickets.file, name="portal-ticket-file"),
    path("portal/orders/", orders.index, name="portal-orders"),
    path("portal/orders/<int:pk>/", orders.show, name="portal-order"),
    path("portal/help/", knowledge.home, name="portal-help"),
    path("portal/help/suggestions/", knowledge.suggestions, name="portal-help-suggestions"),
    path("portal/help/<str:code>/", knowledge.article, name="portal-help-article"),
    path("portal/help/<str:code>/rating/", knowledge.rate, name="portal-help-rating"),
    path("portal/help/<str:code>/files/<int:pk>/", knowledge.file, name="portal-help-file"),
    path("portal/ideas/", ideas.index, name="portal-ideas"),
    path("portal/ideas/<int:pk>/", ideas.show, name="portal-idea"),
    path("portal/ideas/<int:pk>/vote/", ideas.vote, name="portal-idea-vote"),
    path("portal/preferences/", preferences.show, name="portal-preferences"),
    path("portal/preferences/choice/", preferences.choose, name="portal-choice"),
    path("portal/data/", data.show, name="portal-data"),
    path("portal/data/<int:pk>/file/", data.fetch, name="portal-data-file"),
    path("portal/account/", account.show, name="portal-account"),
    path("portal/account/password/", account.password, name="portal-password"),
    path("portal/account/second-factor/", second_factor.add, name="portal-second-factor"),
    path(
        "portal/account/second-factor/removal/",
        second_factor.remove,
        name="portal-second-factor-removal",
    ),
    path("portal/account/recovery-codes/", second_factor.renew, name="portal-recovery-codes"),
    path("portal/account/sessions/end/", account.end_sessions, name="portal-sessions-end"),
    path(
        "portal/account/sessions/<slug:reference>/end/",
        account.end_session,
        name="portal-session-end",
    ),
    # For colleagues.
    path(
        "portal-accounts/<int:pk>/invitation/", staff.invite_again, name="portal_account-invitation"
    ),
    path("portal-accounts/<int:pk>/end/", staff.end, name="portal_account-end"),
    path(
        "portal-accounts/<int:pk>/preview/portal/", previewing.show, name="portal_account-preview"
    ),
    path(
        "portal-accounts/<int:pk>/preview/portal/<path:path>",
        previewing.show,
        name="portal_account-preview-page",
    ),
    path(
        "portal-accounts/<int:pk>/second-factor/removal/",
        staff.reset_second_factor,
        name="portal_account-second-factor",
    ),
    path("ideas/<int:pk>/comments/", staff.comment, name="idea-comments"),
    path(
        "ideas/<int:pk>/comments/<int:comment>/removal/",
        staff.remove_comment,
        name="idea-comment-removal",
    ),
    path("settings/portal/", staff.settings, name="portal-settings"),
]
