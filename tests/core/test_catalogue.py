"""Both languages are complete, and the parts agree with each other."""

import gettext

import pytest

from kezhi.core import catalogue

HEAD = """msgid ""
msgstr ""
"Language: zh_Hans\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""


@pytest.fixture
def parts(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "PARTS", tmp_path)
    monkeypatch.setattr(catalogue, "COMPILED", tmp_path / "LC_MESSAGES" / "django.mo")

    def write(name, text):
        (tmp_path / f"{name}.po").write_text(HEAD + text, encoding="utf-8")

    return write


def test_every_message_has_its_chinese():
    assert [str(message) for message in catalogue.missing()] == []


def test_no_chinese_is_left_over():
    assert catalogue.unused() == []


def test_messages_come_from_python_and_templates_with_their_context():
    found = catalogue.wanted()
    assert ("page", "Next") in found
    assert found[None, "%(count)d day"].plural == "%(count)d days"
    assert any(".py:" in place for place in found[None, "%(count)d day"].places)
    assert any(".html:" in place for place in found["page", "Next"].places)


def test_two_parts_may_not_disagree(parts):
    parts("a", 'msgid "Back"\nmsgstr "上一页"\n')
    parts("b", 'msgid "Back"\nmsgstr "上一步"\n')
    with pytest.raises(catalogue.Conflict, match=r"b\.po and a\.po"):
        catalogue.merged()


def test_the_same_words_may_stand_in_two_parts_and_differ_by_context(parts):
    parts("a", 'msgid "Back"\nmsgstr "返回"\n\nmsgctxt "page"\nmsgid "Back"\nmsgstr "上一页"\n')
    parts("b", 'msgid "Back"\nmsgstr "返回"\n')
    merged = catalogue.merged()
    assert merged.get("Back").string == "返回"
    assert merged.get("Back", context="page").string == "上一页"


def test_what_is_asked_with_a_number_needs_an_entry_with_plural(parts, monkeypatch):
    asked = catalogue.Wanted(None, "%(count)s open", "%(count)s open", ["a.html:1"])
    monkeypatch.setattr(catalogue, "wanted", lambda: {(None, asked.text): asked})
    parts("a", 'msgid "%(count)s open"\nmsgstr "%(count)s 项"\n')
    assert catalogue.missing() == [asked]
    plural = 'msgid_plural "%(count)s open"\nmsgstr[0] "%(count)s 项"\n'
    parts("a", f'msgid "%(count)s open"\n{plural}')
    assert catalogue.missing() == []


def test_fuzzy_and_wrong_placeholders_are_refused(parts):
    parts("a", '#, fuzzy\nmsgid "Back"\nmsgstr "返回"\n')
    with pytest.raises(catalogue.Conflict, match="fuzzy"):
        catalogue.merged()
    parts("a", 'msgid "Hello %(name)s"\nmsgstr "你好 %(nome)s"\n')
    with pytest.raises(catalogue.Conflict, match="Hello"):
        catalogue.merged()


def test_compiling_is_skipped_until_a_part_changes(parts):
    parts("a", 'msgid "one"\nmsgid_plural "many"\nmsgstr[0] "些"\n')
    assert catalogue.compile_catalogues()
    assert not catalogue.compile_catalogues()
    parts("b", 'msgid "Back"\nmsgstr "返回"\n')
    assert catalogue.compile_catalogues()
    with catalogue.COMPILED.open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert compiled.gettext("Back") == "返回"
    assert compiled.ngettext("one", "many", 3) == "些"
