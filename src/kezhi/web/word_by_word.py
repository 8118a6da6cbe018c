"""Addresses told apart word by word: finding a view compares a few of them instead of every one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.urls import URLPattern, URLResolver, include, path
from django.urls.resolvers import RoutePattern

Pattern = URLPattern | URLResolver


def word_by_word(patterns: Iterable[Pattern]) -> list[Pattern]:
    """The same addresses with the same precedence; those that begin with one word hang below it.

    Words exclude each other, so that their order says nothing. A variable may be any word: what stands
    behind it is still asked after it.
    """
    found: list[Pattern] = []
    below: dict[str, list[Pattern]] = {}
    for pattern in _flat(patterns):
        word, rest = _parted(pattern)
        if ("<" in word and word not in below) or any(
            "<" in each for each in below if each != word
        ):
            found += _hung(below)
            below = {}
        if word and isinstance(rest, URLPattern):
            below.setdefault(word, []).append(rest)
        else:
            found.append(pattern)
    return [*found, *_hung(below)]


def _hung(below: dict[str, list[Pattern]]) -> Iterator[Pattern]:
    for word, patterns in below.items():
        yield path(f"{word}/", include(word_by_word(patterns)))


def _flat(patterns: Iterable[Pattern]) -> Iterator[Pattern]:
    """Without the modules that they were taken from."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver) and not str(pattern.pattern) and not pattern.namespace:
            yield from _flat(pattern.url_patterns)
        else:
            yield pattern


def _parted(pattern: Pattern) -> tuple[str, URLPattern | None]:
    """The first word and what follows it; no rest where the address ends with it."""
    route = str(pattern.pattern)
    word, slash, rest = route.partition("/")
    if not isinstance(pattern, URLPattern) or not isinstance(pattern.pattern, RoutePattern):
        return "<", None
    if not slash or "<path:" in word:  # which goes on behind a slash
        return ("<" if "<" in word else ""), None
    shorter = RoutePattern(rest, name=pattern.name, is_endpoint=True)
    return word, URLPattern(shorter, pattern.callback, pattern.default_args, pattern.name)
