from django.urls import path

from kezhi.web.cards import batches, confirming

urlpatterns = [
    path("cards/", batches.index, name="cards"),
    path("cards/<int:pk>/", batches.show, name="cards-batch"),
    path("cards/<int:pk>/intake/", batches.add, name="cards-add"),
    path("cards/<int:pk>/removal/", batches.remove, name="cards-remove"),
    path("cards/card/<int:pk>/", confirming.show, name="card"),
    path("cards/card/<int:pk>/picture/", batches.picture, name="card-picture"),
]
