from django.urls import path

from kezhi.web.search import page, palette

urlpatterns = [
    path("search/", page.show, name="search"),
    path("search/palette/", palette.show, name="search-palette"),
]
