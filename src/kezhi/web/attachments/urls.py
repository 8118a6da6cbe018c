from django.urls import path

from kezhi.web.attachments import views

urlpatterns = [
    path("attachments/<str:kind>/<int:pk>/", views.of_record, name="attachments"),
    path("attachments/<uuid:key>/", views.download, name="attachment"),
    path("attachments/<uuid:key>/picture/", views.picture, name="attachment-picture"),
    path("attachments/<uuid:key>/removal/", views.remove, name="attachment-removal"),
    path("attachments/<uuid:key>/restoration/", views.restore, name="attachment-restoration"),
]
