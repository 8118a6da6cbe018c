"""Addresses hung below their words: the same views are found, the same go first, none is lost."""

import pytest
from django.urls import Resolver404, URLResolver, get_resolver, include, path
from django.urls.resolvers import RegexPattern

from kezhi.web.word_by_word import word_by_word


def _view(name):
    return lambda request: name


def _named(route, name):
    return path(route, _view(name), name=name)


PATTERNS = [
    _named("", "today"),
    _named("tickets/", "list"),
    _named("tickets/new/", "new"),
    _named("tickets/<int:pk>/", "one"),
    _named("<slug:kind>/new/", "any-new"),
    path("", include([_named("tickets/<slug:word>/", "word"), _named("sw.js", "script")])),
    _named("files/<path:name>/", "file"),
    _named("files/<path:name>/copy/", "copy"),
    _named("customers/new/", "never"),
    _named("tickets/<int:pk>/merge/", "merge"),
    path("api/", include(([_named("tickets/", "list")], "api"))),
]
ADDRESSES = [
    "/", "/tickets/", "/tickets/new/", "/tickets/7/", "/tickets/board/", "/tickets/7/merge/", "/sw.js",
    "/customers/new/", "/files/a/b/", "/files/a/copy/", "/api/tickets/", "/tickets", "/tickets/7/x/", "/x/",
]  # fmt: skip


def _found(patterns, address):
    resolver = URLResolver(RegexPattern(r"^/"), patterns)
    try:
        match = resolver.resolve(address)
    except Resolver404:
        return None
    return match.view_name, match.func, match.kwargs, match.route


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_same_view_is_found(address):
    assert _found(word_by_word(PATTERNS), address) == _found(PATTERNS, address)


def test_few_are_compared_at_the_top():
    def count(patterns):
        return sum(
            count(each.url_patterns) if isinstance(each, URLResolver) else 1 for each in patterns
        )

    patterns = get_resolver().url_patterns
    assert len(patterns) * 10 < count(patterns)
