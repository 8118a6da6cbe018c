"""A page is written in one language, whatever was written before it or within it."""

import re

import pytest
from django.template import engines
from django.utils import translation

from kezhi.web.rendering import Page, in_one_language

LINE = '{{ _("Customers") }} {{ 12345|number(plain=True) }} {{ inner() }}'


def page(source=LINE, **context):
    backend = engines["jinja2"]
    return Page(backend.env.from_string(source), backend).render({"inner": str, **context})


def test_each_page_speaks_the_language_of_its_reader():
    said = {}
    for language in ("zh-hans", "en", "zh-hans", "en"):
        with translation.override(language):
            text = page()
        assert said.setdefault(language, text) == text
    assert said["en"].startswith("Customers 12.3K")
    assert "客户" in said["zh-hans"]
    assert "万" in said["zh-hans"]


def test_a_mail_in_another_language_within_a_page_leaves_the_page_as_it_is():
    def mail():
        with translation.override("en"):
            return page()

    with translation.override("zh-hans"):
        text = page('{{ inner() }}|{{ _("Customers") }} {{ 12345|number(plain=True) }}', inner=mail)
    within, _bar, after = text.partition("|")
    assert "12.3K" in within
    assert "客户" in after
    assert "万" in after


def test_words_outside_a_page_follow_the_language_at_once():
    with translation.override("zh-hans"), in_one_language(), translation.override("en"):
        pass
    with translation.override("en"):
        assert translation.gettext("Customers") == "Customers"


@pytest.mark.django_db
def test_all_forms_of_a_page_carry_one_token_that_is_taken(client, li_wei, anhui_tea):
    client.force_login(li_wei)
    html = client.get("/customers/").content.decode()
    tokens = set(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', html))
    assert len(tokens) == 1
    assert f'content="{tokens.pop()}"' in html
    assert client.get("/customers/").content.decode() != html  # masked anew in each answer


def test_templates_use_only_filters_that_exist():
    """One within a condition is missed only when the condition holds."""
    environment = engines["jinja2"].env
    unknown = []
    for name in environment.list_templates(extensions=["html"]):
        source = environment.loader.get_source(environment, name)[0]
        for code in re.findall(r"\{[{%](.*?)[%}]\}", source, re.DOTALL):
            bare = re.sub(r"\"[^\"]*\"|'[^']*'", "''", code)
            used = set(re.findall(r"\|\s*([a-z_]+)", bare))
            unknown += [(name, filter_) for filter_ in used - set(environment.filters)]
    assert not unknown
