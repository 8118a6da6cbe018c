from django.urls import path

from kezhi.web.knowledge import articles, figures, help, robots, shelf, suggesting
from kezhi.web.knowledge.faces import public

urlpatterns = [
    path("knowledge/", shelf.index, name="knowledge"),
    path("knowledge/topics/", shelf.topics, name="knowledge-topics"),
    path("knowledge/topics/<int:pk>/", shelf.topic, name="knowledge-topic"),
    path("knowledge/figures/", figures.show, name="knowledge-figures"),
    path("knowledge/beside/<int:pk>/", suggesting.beside, name="knowledge-beside"),
    path("knowledge/from-ticket/<int:pk>/", articles.from_ticket, name="article-from-ticket"),
    path("knowledge/<str:code>/", articles.by_code, name="article-by-code"),
    path("articles/<int:pk>/submission/", articles.submit, name="article-submission"),
    path("articles/<int:pk>/publication/", articles.publish, name="article-publication"),
    path("articles/<int:pk>/return/", articles.send_back, name="article-return"),
    path("articles/<int:pk>/confirmation/", articles.confirm, name="article-confirmation"),
    path("articles/<int:pk>/retirement/", articles.retire, name="article-retirement"),
    path("articles/<int:pk>/place/", articles.place, name="article-place"),
    path("articles/<int:pk>/rating/", articles.rate, name="article-rating"),
    path("articles/<int:pk>/versions/", articles.versions, name="article-versions"),
    path("articles/<int:pk>/draft/", articles.take_back, name="article-draft"),
    path("articles/<int:pk>/pictures/<int:attachment>/", articles.file, name="article-file"),
    path("robots.txt", robots.show, name="robots"),
    path("help/", robots.to_own_language, name="help-any"),
    path("help/<str:language>/", public(help.home), name="help"),
    path("help/<str:language>/suggestions/", public(help.suggestions), name="help-suggestions"),
    path("help/<str:language>/<str:code>/", public(help.article), name="help-article"),
    path("help/<str:language>/<str:code>/rating/", public(help.rate), name="help-rating"),
    path("help/<str:language>/<str:code>/files/<int:pk>/", public(help.file), name="help-file"),
]
