"""How a page is written: in one language from its first line to its last, so that it is asked for once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.backends.jinja2 import Jinja2, Template
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from django.utils.html import format_html

from kezhi.web import numbers
from kezhi.web.tallying import rendering

MOST_KNOWN = 20_000
Known = dict[tuple[str, ...], str]

_known: dict[str, Known] = {}
_words: ContextVar[Known | None] = ContextVar("words", default=None)


class Pages(Jinja2):
    """Django's Jinja2 backend, with pages of one language."""

    def get_template(self, template_name: str) -> Page:
        return Page(super().get_template(template_name).template, self)


class Page(Template):
    def render(self, context: dict[str, Any] | None = None, request: Any = None) -> str:
        with rendering(), in_one_language():
            return str(super().render(context, request))


@contextmanager
def in_one_language() -> Iterator[None]:
    """Within the block the active language is looked up once, and so is each of its words."""
    language = translation.get_language() or ""
    known = _known.setdefault(language, {})
    if len(known) > MOST_KNOWN:
        known.clear()
    token = _words.set(known)
    try:
        with numbers.in_one_language():
            yield
    finally:
        _words.reset(token)


def remembered(translate: Callable[..., str]) -> Callable[..., str]:
    """The same translation, looked up once per language; for words of templates, which are few."""

    def translated(*message: str) -> str:
        known = _words.get()
        if known is None:
            return translate(*message)
        text = known.get(message)
        if text is None:
            text = known[message] = translate(*message)
        return text

    return translated


def one_token(request: HttpRequest) -> dict[str, Any]:
    """A context processor: the token against forged forms is masked once per page, not once per form."""
    token = SimpleLazyObject(lambda: get_token(request))
    field = SimpleLazyObject(
        lambda: format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', token)
    )
    return {"csrf_token": token, "csrf_input": field}
