"""Sentences that state a finding: words around figures, safe to put on a page."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape


def told(sentence: str, tone: str = "", **figures: Any) -> Markup:
    """The translated sentence with its figures kept together; `tone` colours them (acc, risk)."""
    shown = {name: _figure(figure, tone) for name, figure in figures.items()}
    return Markup(sentence) % shown  # noqa: S704  the sentence is ours, its figures are escaped


def _figure(figure: Any, tone: str) -> Markup:
    classes = f"num nowrap {tone}-t" if tone else "num nowrap"
    return Markup('<span class="{}">{}</span>').format(classes, escape(figure))
