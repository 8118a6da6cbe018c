"""Every address of the pages, what it promises, and how it is called for in the world of these tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver, reverse

import policies
from world import World


def routes() -> Iterator[tuple[str, str]]:
    """Name and pattern of every address; one without a name goes by its pattern."""

    def walk(patterns: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
        for each in patterns:
            route = prefix + str(each.pattern)
            if isinstance(each, URLResolver):
                yield from walk(each.url_patterns, route)
            elif isinstance(each, URLPattern):
                yield each.name or route, route

    return walk(get_resolver().url_patterns)


def policy_of(name: str) -> policies.Policy | None:
    from kezhi.records import registry

    if name in policies.ROUTES:
        return policies.ROUTES[name]
    kinds = sorted((kind.name for kind in registry), key=len, reverse=True)
    for kind in kinds:
        if name == kind or name.startswith(f"{kind}-"):
            found = policies.of_kind(kind, name.removeprefix(kind))
            if found is not None:
                return found
    return None


def address_of(name: str, route: str, policy: policies.Policy, world: World) -> str:
    """Filled with Li Wei's records, or with guesses."""
    parts = policy.parts(world)
    if name != route:
        return reverse(name, kwargs=parts or None)
    address = f"/{route}"
    for parameter, entry in parts.items():
        for converter in ("int:", "str:", "slug:", "uuid:", ""):
            address = address.replace(f"<{converter}{parameter}>", str(entry))
    assert "<" not in address, f"{route} needs more parts"
    return address


@contextmanager
def undone() -> Iterator[None]:
    """Whatever a request did is taken back, so that the next one finds the same world."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
