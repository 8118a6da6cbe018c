"""Addresses of surveys and improvements; the page for customers lies under /s/."""

from django.urls import path

from kezhi.web.surveys import answer, editor, improvements, page, sending

AT = "surveys/<int:pk>/"

urlpatterns = [
    path("s/<str:token>/", answer.fill_in, name="survey-answer"),
    path("s/<str:token>/no/", answer.no_more, name="survey-no-more"),
    path(AT, page.show, name="survey"),
    path(f"{AT}preview/", page.preview, name="survey-preview"),
    path(f"{AT}publishing/", page.publish, name="survey-publishing"),
    path(f"{AT}draft/", page.begin, name="survey-draft"),
    path(f"{AT}draft/removal/", page.drop, name="survey-draft-removal"),
    path(f"{AT}low-scores/", page.case, name="survey-low-scores"),
    path(f"{AT}not-asked/", page.held, name="survey-not-asked"),
    path(f"{AT}questions/new/", editor.add, name="survey-question-new"),
    path(f"{AT}questions/bank/", editor.bank, name="survey-bank"),
    path(f"{AT}questions/weights/", editor.weights, name="survey-weights"),
    path(f"{AT}questions/<int:question>/", editor.change, name="survey-question"),
    path(f"{AT}questions/<int:question>/place/", editor.move, name="survey-question-place"),
    path(f"{AT}questions/<int:question>/removal/", editor.remove, name="survey-question-removal"),
    path(f"{AT}rules/new/", sending.new_rule, name="survey-rule-new"),
    path(f"{AT}rules/<int:rule>/", sending.change_rule, name="survey-rule"),
    path(f"{AT}rules/<int:rule>/removal/", sending.remove_rule, name="survey-rule-removal"),
    path(f"{AT}sending/", sending.by_hand, name="survey-sending"),
    path(f"{AT}links/new/", sending.new_link, name="survey-link-new"),
    path(f"{AT}links/<int:link>/", sending.link, name="survey-link"),
    path(f"{AT}links/<int:link>/state/", sending.switch_link, name="survey-link-state"),
    path("improvements/board/", improvements.board, name="improvement-board"),
    path("improvements/<int:pk>/step/", improvements.move, name="improvement-step"),
    path("improvements/<int:pk>/measuring/", improvements.measure, name="improvement-measuring"),
]
