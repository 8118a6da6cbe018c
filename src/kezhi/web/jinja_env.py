"""The Jinja environment of every page: escaping on, both languages, and the few functions pages share."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast

from django.contrib.messages import get_messages
from django.templatetags.static import static
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, npgettext, pgettext
from jinja2 import Environment, StrictUndefined, pass_context
from markupsafe import Markup

from kezhi.web import numbers
from kezhi.web.accounts.deeds import doer
from kezhi.web.charts import geometry
from kezhi.web.navigation import navigation
from kezhi.web.records import running
from kezhi.web.rendering import remembered
from kezhi.web.reports.pictures import exact, short
from kezhi.web.search.commands import creating

STATIC = Path(__file__).parent / "static"


def environment(**options: Any) -> Environment:
    """What Django's Jinja2 backend calls: a misspelt name is an error, not an empty place."""
    options |= {
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "extensions": ["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
        "autoescape": True,
    }
    env = Environment(**options)  # noqa: S701 (escaping is among the options)
    install = cast(Any, env).install_gettext_callables
    install(
        remembered(gettext),
        ngettext,
        newstyle=True,
        pgettext=remembered(pgettext),
        npgettext=npgettext,
    )
    env.policies["json.dumps_function"] = _json
    env.filters.update({name: _at_reading(shown) for name, shown in numbers.FILTERS.items()})
    env.filters["doer"] = doer
    # A lazy translation is iterable, too, and yet one word.
    env.tests["several"] = lambda entry: isinstance(entry, list | tuple)
    env.globals.update(
        url=url,
        static=static,
        vendor=vendor,
        icon=icon,
        html_lang=html_lang,
        navigation=navigation,
        creating=creating,
        running_jobs=running.cards,
        money_unit=numbers.money_unit,
        short=short,
        exact=exact,
        period=numbers.period,
        no_data=numbers.none,
        spark=geometry.spark,
        trapezia=geometry.trapezia,
        heat_step=geometry.heat_step,
        messages=get_messages,
        extent=geometry.extent,
    )
    return env


def url(name: str, *args: object, **kwargs: object) -> str:
    """The address of a named page."""
    return reverse(name, args=args or None, kwargs=kwargs or None)


def vendor(package: str, file: str) -> str:
    """The address of a third-party browser file, as `kezhi.web.assets` installed it."""
    record = STATIC / "vendor" / "vendor.json"
    # Asked for before the files are there, it must not go on believing so afterwards.
    folders = _vendored(record) if record.is_file() else {}
    return static(f"vendor/{folders.get(package, package)}/{file}")


@lru_cache(maxsize=500)
def icon(name: str, size: str = "") -> Markup:
    """A symbol of the sprite; decoration only, what it means is said in words beside it.

    Every page has hundreds of the same few: each is written once.
    """
    return Markup(
        '<svg class="i {}" aria-hidden="true" focusable="false"><use href="#i-{}"/></svg>'
    ).format(size, name)


def html_lang() -> str:
    """The page's language as HTML writes it."""
    return "zh-Hans" if numbers.language() == "zh" else "en"


def _at_reading(shown: Callable[..., str]) -> Callable[..., str]:
    """Jinja works constants out once, when it compiles; the language is only known when a page is read."""

    @pass_context
    def filtered(_context: object, *args: Any, **options: Any) -> str:
        return shown(*args, **options)

    return filtered


@cache
def _vendored(record: Path) -> dict[str, str]:
    """Folder by package. Without the files a page still works: scripts only make it smoother."""
    return {entry["name"]: entry["folder"] for entry in json.loads(record.read_text())["files"]}


def _json(value: object, **options: Any) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False, **options)


def _plain(value: object) -> object:
    """Lazy translations and decimals inside the data of a chart."""
    return str(value) if isinstance(value, Promise) else float(cast(Any, value))
