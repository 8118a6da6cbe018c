"""What a signed-in person comes to by links alone: a page of every kind, and every form that stands on one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from django.urls import Resolver404, resolve

# Leaving, and what only means something to a script of ours.
LEFT_OUT = ("/sign-out/", "/static/")
TYPED = ("text", "search", "textarea", "email", "tel", "url", "password", "number", "date", "")


@dataclass
class Control:
    """An input as the page shows it; `is_typed`: a person writes into it freely."""

    name: str
    entry: str = ""
    is_typed: bool = False


@dataclass
class Form:
    """Where it is sent, how, and what it would send as it stands."""

    method: str
    action: str
    controls: list[Control] = field(default_factory=list)
    page: str = ""  # where it stands

    @property
    def entries(self) -> dict[str, list[str]]:
        sent: dict[str, list[str]] = {}
        for control in self.controls:
            sent.setdefault(control.name, []).append(control.entry)
        return sent

    @property
    def typed(self) -> list[str]:
        return [control.name for control in self.controls if control.is_typed]


@dataclass
class Found:
    """Addresses and forms, one for each route."""

    pages: dict[str, str] = field(default_factory=dict)
    forms: dict[tuple[str, str], Form] = field(default_factory=dict)


def explore(
    get: Callable[[str], tuple[int, str]],
    start: tuple[str, ...],
    most: int = 400,
    known: Iterable[str] = (),
) -> Found:
    """Follow links from `start`, one address of each route (two where the first isn't there).

    Routes that are `known` aren't asked for again, beside those of `start`.
    """
    found, waiting, asked, seen = Found(), list(start), 0, set()
    left_out = {*known} - {route_of(address) for address in start}
    while waiting and asked < most:
        address = waiting.pop(0)
        route = route_of(address)
        if route is None or route in found.pages or route in left_out or address in seen:
            continue
        seen.add(address)
        status, html = get(address)
        asked += 1
        if status != 200:
            continue
        found.pages[route] = address
        reader = Reader(address)
        reader.feed(html)
        waiting += [link for link in reader.links if route_of(link) not in found.pages]
        for form in reader.forms:
            target = route_of(form.action)
            if target is not None and form.controls:
                known = found.forms.get((form.method, target))
                if known is None or len(known.controls) < len(form.controls):
                    found.forms[form.method, target] = form
    return found


def forms_of(address: str, html: str) -> dict[tuple[str, str], Form]:
    """By method and route; of several that go to one place the longest."""
    reader, found = Reader(address), {}
    reader.feed(html)
    for form in reader.forms:
        key = (form.method, route_of(form.action) or "")
        if key not in found or len(found[key].controls) < len(form.controls):
            found[key] = form
    return found


def route_of(address: str) -> str | None:
    parts = urlsplit(address)
    if parts.netloc or parts.scheme or parts.path.startswith(LEFT_OUT):
        return None
    try:
        match = resolve(parts.path)
    except Resolver404:
        return None
    # Settings of each kind of record are pages of their own; two customers are not.
    kept = [str(part) for part in match.kwargs.values() if not str(part).isdigit()]
    return " ".join([match.route, *kept])


class Reader(HTMLParser):
    """Links and forms of one page; a select gives its chosen option, an area its text."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self._open: Form | None = None
        self._select: Control | None = None
        self._has_choice = False
        self._area: Control | None = None

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        said = {name: text or "" for name, text in pairs}
        for name in ("href", "hx-get"):
            if said.get(name, "").startswith(("/", "?")):
                self.links.append(urljoin(self.address, said[name]))
        if tag == "form":
            self._form(said)
        elif tag in ("input", "textarea", "select", "button") and said.get("name"):
            self._control(tag, said)
        elif tag == "option" and self._select and ("selected" in said or not self._has_choice):
            self._select.entry, self._has_choice = said.get("value", ""), True

    def _form(self, said: dict[str, str]) -> None:
        method = said.get("method", "get").lower()
        if said.get("hx-post"):
            method = "post"
        action = said.get("hx-post") or said.get("action") or self.address
        self._open = Form(method, urljoin(self.address, action), page=self.address)
        self.forms.append(self._open)
        if said.get("id"):
            self.by_id[said["id"]] = self._open

    def _control(self, tag: str, said: dict[str, str]) -> None:
        form = self.by_id.get(said.get("form", ""), self._open)
        if form is None or said["name"] == "csrfmiddlewaretoken":
            return
        kind = said.get("type", "").lower()
        if kind == "file":
            return
        if tag == "button" or kind in ("submit", "image", "reset", "button"):
            return
        is_ticked = "checked" in said or kind not in ("checkbox", "radio")
        control = Control(said["name"], said.get("value", "on" if kind == "checkbox" else ""))
        control.is_typed = tag == "textarea" or (tag == "input" and kind in TYPED)
        if is_ticked:
            form.controls.append(control)
        if tag == "select":
            self._select, self._has_choice = control, False
        elif tag == "textarea":
            self._area = control

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.entry += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None
