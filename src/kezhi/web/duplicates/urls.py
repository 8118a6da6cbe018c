from django.urls import path

from kezhi.web.duplicates import checking, merging, pairs

urlpatterns = [
    path("duplicates/", pairs.show, name="duplicates"),
    path("duplicates/search/", pairs.search, name="duplicates-search"),
    path("duplicates/search/cancel/", pairs.cancel, name="duplicates-cancel"),
    path("duplicates/rules/", pairs.rules, name="duplicates-rules"),
    path("duplicates/pick/", pairs.pick, name="duplicates-pick"),
    path("duplicates/<int:pk>/dismissal/", pairs.dismiss, name="duplicates-dismiss"),
    path("duplicates/hint/<slug:kind>/", checking.hint, name="duplicates-hint"),
    path("duplicates/access/<slug:kind>/", checking.ask, name="duplicates-ask"),
    path("duplicates/merge/<slug:kind>/", merging.compare, name="merge"),
    path("duplicates/merges/", merging.index, name="merges"),
    path("duplicates/merges/<int:pk>/", merging.done, name="merge-done"),
    path("duplicates/merges/<int:pk>/undo/", merging.undo, name="merge-undo"),
]
