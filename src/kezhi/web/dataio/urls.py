from django.urls import path

from kezhi.web.dataio import downloads, uploads, wizard

urlpatterns = [
    path("imports/", uploads.index, name="imports"),
    path("imports/samples/<slug:kind>.<slug:form>", downloads.sample, name="import-sample"),
    path("imports/<int:pk>/", wizard.show, name="import"),
    path("imports/<int:pk>/reading/", wizard.reread, name="import-reading"),
    path("imports/<int:pk>/mapping/", wizard.match, name="import-mapping"),
    path("imports/<int:pk>/rows/", wizard.start, name="import-start"),
    path("imports/<int:pk>/cancellation/", wizard.cancel, name="import-cancel"),
    path("imports/<int:pk>/undoing/", wizard.undo, name="import-undo"),
    path("imports/<int:pk>/errors.<slug:form>", downloads.bad_rows, name="import-bad-rows"),
]
