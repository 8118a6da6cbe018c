"""The style sheet builds for old browsers, keeps raw colours in one place, and keeps its contrast."""

import re
from pathlib import Path

import pytest

from kezhi.web import assets

CSS = assets.STATIC / "css"
JINJA = Path(assets.__file__).parent / "jinja"
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(")


def declared(sheet):
    return re.findall(r":([^;{}]+)[;}]", re.sub(r"/\*.*?\*/", "", sheet, flags=re.S))


def test_raw_colours_stand_only_in_the_tokens():
    for name in ("app.css", "pages.css"):
        found = [text for text in declared((CSS / name).read_text()) if COLOUR.search(text)]
        assert [text for text in found if "url(#" not in text] == []


def test_scripts_and_templates_hold_no_colours():
    for path in [*(assets.STATIC / "js").glob("*.js"), *JINJA.rglob("*.html")]:
        found = re.findall(r"""["'=:\s]#[0-9a-fA-F]{6}\b""", path.read_text())
        assert found == [], path.name


def test_templates_obey_the_content_policy():
    forbidden = re.compile(
        r"<[^>]*\s(style|on[a-z]+)\s*=|<style|javascript:|<script(?![^>]*(src=|application/json))"
    )
    for path in JINJA.rglob("*.html"):
        found = forbidden.search(path.read_text())
        assert found is None, f"{path.relative_to(JINJA)}: {found and found[0]}"


def test_the_built_sheet_has_no_nesting_and_follows_the_device():
    css = assets.build_styles()
    assert "&" not in re.sub(r'"[^"]*"', "", css)
    assert "prefers-color-scheme:dark" in css.replace(" ", "")
    assert "[data-theme=auto]" in css
    assert len(css) < 70_000


@pytest.mark.parametrize("name", assets.AREAS)
def test_an_area_has_a_sheet_of_its_own_that_its_pages_name(name):
    css = assets.build_area(name)
    assert "&" not in re.sub(r'"[^"]*"', "", css)
    assert len(css) < 20_000
    assert any(f"build/{name}" in path.read_text() for path in JINJA.rglob("*.html"))


def test_every_class_of_the_components_is_styled():
    # A class without a rule is a slip of the pen, or behaviour, which belongs into a data attribute.
    css = "".join((CSS / name).read_text() for name in assets.SHEETS)
    styled = set(re.findall(r"\.([a-zA-Z][\w-]*)", css))
    used = set()
    for path in (JINJA / "components").glob("*.html"):
        for names in re.findall(r'class="([^"{}]*)"', path.read_text()):
            used |= set(names.split())
    assert used - styled == set()


# Contrast, as WCAG counts it.


def themes():
    light, dark = (CSS / "tokens.css").read_text().split('[data-theme="dark"]')
    pick = r"--([\w-]+):\s*(#[0-9a-fA-F]{3,6})\b"
    first = {name: full(code) for name, code in re.findall(pick, light)}
    return {"light": first, "dark": first | {n: full(c) for n, c in re.findall(pick, dark)}}


def full(code):
    return "#" + "".join(digit * 2 for digit in code[1:]) if len(code) == 4 else code


def luminance(code):
    parts = [int(code[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


TEXT = [
    (t, s)
    for t in ("text", "text-2", "text-3", "accent")
    for s in ("surface", "bg", "sunken", "selected")
]
TEXT += [
    (f"{m}-text", s) for m in ("risk", "warn", "good", "plan") for s in ("surface", f"{m}-soft")
]
TEXT += [(f"on-tier-{t}", f"tier-{t}") for t in "sabcd"]
TEXT += [
    ("on-ink", "ink"),
    ("risk-text", "risk-soft"),
    ("on-seq-lo", "seq-3"),
    ("on-seq-4", "seq-4"),
]
TEXT += [("on-seq-5", "seq-5"), ("on-seq-hi", "seq-6"), ("on-seq-hi", "seq-7")]
SHAPES = [(f"cat-{n}", "surface") for n in range(1, 7)] + [
    ("field-line", "surface"),
    ("accent", "surface"),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_at_least_four_and_a_half(theme):
    tokens = themes()[theme]
    low = {pair: contrast(tokens[pair[0]], tokens[pair[1]]) for pair in TEXT}
    assert {pair: round(ratio, 2) for pair, ratio in low.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_controls_and_chart_colours_have_at_least_three(theme):
    tokens = themes()[theme]
    low = {pair: contrast(tokens[pair[0]], tokens[pair[1]]) for pair in SHAPES}
    assert {pair: round(ratio, 2) for pair, ratio in low.items() if ratio < 3} == {}
