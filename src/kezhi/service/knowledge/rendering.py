"""An article's words as HTML: a few marks, nothing that runs, nothing that is fetched from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from urllib.parse import unquote

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "hr", "img", "li", "ol", "p",
    "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}, "ol": {"start"}}
CODE = re.compile(r"\bKB-\d{4,}\b")
PICTURE = re.compile(r"/[\w/.-]+")
LARGEST = 60_000


def html_of(
    body: str,
    *,
    pictures: Mapping[str, str] | None = None,
    link: Callable[[str], str] | None = None,
) -> Markup:
    """Safe HTML of a text.

    `![what](name.png)` shows the file of that name on the article, whose address `pictures` knows; any other
    picture is its words. `link` gives the address of another article by its code, `KB-0012`.
    """
    known = pictures or {}
    tokens = _reader().parse(body[:LARGEST])
    for token in tokens:
        for child in token.children or ():
            if child.type == "image":
                _place(child, known)
        if token.type.startswith("heading"):
            token.tag = f"h{min(int(token.tag[1]) + 2, 5)}"
        if token.type == "inline" and link is not None:
            token.children = _linked(token.children or [], link)
    html = _reader().renderer.render(tokens, _reader().options, {})
    safe = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
        url_relative="pass_through",
    )
    return Markup(safe)  # noqa: S704 - cleaned in the line above


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(
        ["table", "strikethrough"]
    )


def _place(image: Token, pictures: Mapping[str, str]) -> None:
    """The address of the file, or the words alone."""
    address = pictures.get(unquote(str(image.attrs.get("src", ""))), "")
    if PICTURE.fullmatch(address):
        image.attrs = {"src": address, "alt": ""}
        return
    image.type, image.tag, image.nesting = "text", "", 0
    image.attrs, image.children = {}, []


def _linked(children: list[Token], link: Callable[[str], str]) -> list[Token]:
    """Codes of other articles outside of links become links to them."""
    found: list[Token] = []
    depth = 0
    for child in children:
        depth += child.nesting if child.type.startswith("link_") else 0
        if child.type != "text" or depth:
            found.append(child)
            continue
        at = 0
        for match in CODE.finditer(child.content):
            address = link(match[0])
            if not address:
                continue
            found.append(_text(child.content[at : match.start()]))
            found.append(Token("link_open", "a", 1, attrs={"href": address}))
            found.append(_text(match[0]))
            found.append(Token("link_close", "a", -1))
            at = match.end()
        found.append(_text(child.content[at:]))
    return found


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
