from django.urls import path

from kezhi.web.duplicates import checking

urlpatterns = [
    path("duplicates/hint/<slug:kind>/", checking.hint, name="duplicates-hint"),
    path("duplicates/access/<slug:kind>/", checking.ask, name="duplicates-ask"),
]
