from django.urls import path

from kezhi.web.service import board, macros, opening, page, working, writing

ABOUT = {"kind": "ticket"}

urlpatterns = [
    path("tickets/new/", opening.create, ABOUT, name="ticket-new"),
    path("tickets/board/", board.show, ABOUT, name="ticket-board"),
    path("tickets/macros/", macros.index, name="macros"),
    path("tickets/macros/new/", macros.add, name="macro-new"),
    path("tickets/macros/<int:pk>/", macros.show, name="macro"),
    path("tickets/macros/<int:pk>/removal/", macros.remove, name="macro-removal"),
    path("tickets/<int:pk>/", page.show, ABOUT, name="ticket"),
    path("tickets/<int:pk>/words/", writing.write, ABOUT, name="ticket-words"),
    path("tickets/<int:pk>/colleagues/", writing.colleagues, ABOUT, name="ticket-colleagues"),
    path("tickets/<int:pk>/presence/", working.colleagues_here, ABOUT, name="ticket-presence"),
    path("tickets/<int:pk>/taking/", working.take, ABOUT, name="ticket-taking"),
    path("tickets/<int:pk>/assignee/", working.assign, ABOUT, name="ticket-assignee"),
    path("tickets/<int:pk>/routing/", working.route, ABOUT, name="ticket-routing"),
    path("tickets/<int:pk>/state/", working.change_state, ABOUT, name="ticket-state"),
    path("tickets/<int:pk>/order/", working.choose_order, ABOUT, name="ticket-order"),
    path("tickets/<int:pk>/rest/", working.snooze, ABOUT, name="ticket-rest"),
    path("tickets/<int:pk>/merge/", working.merge, ABOUT, name="ticket-merge"),
    path("tickets/<int:pk>/parting/", working.part, ABOUT, name="ticket-parting"),
    path("tickets/<int:pk>/parent/", working.belong, ABOUT, name="ticket-parent"),
]
