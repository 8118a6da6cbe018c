"""Words of ours that are kept, to be read by others later: each in the language of whoever reads them."""

from __future__ import annotations

from typing import Any, Self

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext


class Told(str):
    """A sentence with what stands in its gaps: `Told(gettext_lazy("Data for %(name)s"), name=person.name)`.

    It is the text in the language of this moment; `kept` says it in any other. A gap may hold words of ours.
    """

    kept: Any

    def __new__(cls, words: Promise | str, **gaps: Any) -> Self:
        filled = {name: str(said) for name, said in gaps.items()}
        told = super().__new__(cls, str(words) % filled if gaps else str(words))
        told.kept = kept(words)
        if gaps and isinstance(told.kept, dict):
            told.kept["gaps"] = {name: kept(said) for name, said in gaps.items()}
        elif gaps:
            told.kept = str(told)
        return told

    @classmethod
    def again(cls, words: Any) -> Self:
        """What was kept."""
        told = super().__new__(cls, spoken(words))
        told.kept = words
        return told


def kept(said: Any) -> Any:
    """As JSON: words of ours by their message, anything else as the text that it is."""
    if isinstance(said, Told):
        return said.kept
    if isinstance(said, Promise):
        _unpickle, (function, arguments, *_more) = said.__reduce__()  # type: ignore[misc]
        if function in (gettext, pgettext):
            return {"message": list(arguments)}
    return str(said)


def spoken(words: Any) -> str:
    """In the language that is active."""
    if not isinstance(words, dict):
        return str(words)
    *context, message = words["message"]
    said = pgettext(context[0], message) if context else gettext(message)
    gaps = words.get("gaps")
    return said % {name: spoken(each) for name, each in gaps.items()} if gaps else said
