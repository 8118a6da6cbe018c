"""A megabyte of anything is answered in time by whatever reads text: nobody's text holds up the others."""

from __future__ import annotations

import time
import unicodedata
from contextlib import suppress

import pytest
from django.http import QueryDict

from cast import TODAY
from kezhi.accounts.models.sign_in_attempt import login_key
from kezhi.core.names import name_key
from kezhi.core.normal_form import PIECE, normal_form
from kezhi.core.refusal import Refused
from kezhi.customers import identifying, matching
from kezhi.customers.carding_parsing import cards_in
from kezhi.customers.matching_names import folded, taken_apart
from kezhi.dataio import correcting, guessing, parsing, problems
from kezhi.dataio.fields import ImportField, Reading
from kezhi.messaging import proving
from kezhi.messaging.reading import new_words
from kezhi.records import FieldKind, masking, registry
from kezhi.satisfaction import responding
from kezhi.service.intake import ruling, speaking
from kezhi.service.knowledge import rendering, tokens
from kezhi.service.knowledge.writing import LONGEST_BODY
from kezhi.value.measure import Settings
from kezhi.web.settings.value_form import NUMBERS, RulesForm
from kezhi.web.value.tiers_policies import PoliciesForm
from kezhi.workbench import operands, tagging
from kezhi.workbench.attaching import harmless_name
from kezhi.workbench.customizing import formula
from kezhi.workbench.filtering import relating
from kezhi.workbench.filtering.tree import TooMuch, parse
from kezhi.workbench.searching import lexemes, spelling, wording

MEGABYTE = 1 << 20
SECONDS = 2.0
LONG = {
    "letters": "a" * MEGABYTE,
    "hanzi": "茶" * (MEGABYTE // 3),
    "spaces": " " * MEGABYTE,
    "brackets": "(" * MEGABYTE,
    "square brackets": "[" * MEGABYTE,
    "digits": "1" * MEGABYTE,
    "commas": "1," * (MEGABYTE // 2),
    "lines": "a\n" * (MEGABYTE // 2),
    "empty lines": "\n" * MEGABYTE,
    "marks": "e" + "\u0301" * (MEGABYTE // 2),
    "marks in disorder": "e" + "\u0301\u0327" * (MEGABYTE // 4),
    "ligatures": "\ufdfa" * (MEGABYTE // 3),
    "words": "茶 tea " * (MEGABYTE // 8),
    "dots": "a." * (MEGABYTE // 2) + "@",
    "folded": "BEGIN:VCARD\nFN:" + "\n x" * (MEGABYTE // 3),
}


def filled(*names: str, text: str) -> QueryDict:
    """A form that was sent with the same text in each of these controls."""
    sent = QueryDict(mutable=True)
    for name in names:
        sent[name] = text
    return sent


def rules_of_value(text: str) -> object:
    names = (*NUMBERS, "nightly_hour", "lifecycle-rows", "lifecycle-0-0-bound", "lifecycle-0-place")
    form = RulesForm.read(filled(*names, text=text), Settings().as_json(), None)
    return form.rules(), form.nightly_hour, form.class_rows("lifecycle")


def policies_of_tiers(text: str) -> object:
    return PoliciesForm.read(filled("S-care_days", "S-discount_limit", text=text)).policies()


READERS = {
    "a sort key": name_key,
    "the parts of a name": taken_apart,
    "a name without its marks": folded,
    "a sign-in name": login_key,
    "an operand that is text": operands.text,
    "an operand that is a number": operands.number,
    "an operand that is a day": lambda text: operands.day(text, TODAY),
    "an operand that is a span": lambda text: operands.span(text, TODAY),
    "how many of something": relating.count_of,
    "a filter": parse,
    "a search": wording.read,
    "one spelling": spelling.normal,
    "the words of a remark": lambda text: lexemes.lexemes(FieldKind.LONG_TEXT, text),
    "the words of a name": lambda text: lexemes.lexemes(FieldKind.TEXT, text),
    "the digits of a phone": lambda text: lexemes.lexemes(FieldKind.PHONE, text),
    "a tag": tagging.clean,
    "the name of a file": harmless_name,
    "a masked phone": lambda text: masking.masked(registry["contact"].field("phone"), text),
    "a masked address": lambda text: masking.masked(registry["contact"].field("email"), text),
    "a formula": lambda text: formula.understood(text, {}),
    "a business card": cards_in,
    "phones to compare": matching.phones,
    "an address to compare": matching.email,
    "a host to compare": matching.host,
    "a register's number to compare": lambda text: list(matching.register_keys(text)),
    "an identifier": lambda text: identifying.normalised("duns", text),
    "a heading": guessing.normal,
    "the unit of a heading": guessing.factor_of,
    "the rules of value": rules_of_value,
    "the policies of the tiers": policies_of_tiers,
    "a cell of a report": problems.shown,
    "a cell to be corrected": correcting.safe_cell,
    "the words of an article": lambda text: tokens.plain(text[:LONGEST_BODY]),
    "an article as a page": rendering.html_of,
    "a question to the help pages": tokens.terms,
    "the answers of a survey in a cell": responding.parsed,
    "the words of a rule for letters": ruling.words_of,
    "the language of a letter": speaking.language_of,
    "what a letter adds to its thread": new_words,
    "what a server found about a sender": lambda text: proving.passes(text[: proving.HEAD], "a.b"),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_megabyte_is_read_or_refused_in_time(reader):
    slow = []
    for name, text in LONG.items():
        began = time.process_time()
        with suppress(Refused, TooMuch, ValueError):
            READERS[reader](text)
        took = time.process_time() - began
        if took > SECONDS:
            slow.append(f"{name}: {took:.1f} s")
    assert not slow


def test_a_cell_of_a_megabyte_is_read_or_refused_in_time(db):
    one_of_each = {field.kind: field for kind in registry for field in kind.fields}
    slow = []
    for field in one_of_each.values():
        accepted = ImportField.of(field)
        for name in ("letters", "hanzi", "brackets", "digits", "commas", "marks in disorder"):
            began = time.process_time()
            with suppress(parsing.Bad):
                parsing.parse(LONG[name], accepted, Reading())
            took = time.process_time() - began
            if took > SECONDS:
                slow.append(f"{field.name} {name}: {took:.1f} s")
    assert not slow


def test_a_form_with_a_megabyte_in_its_entries_is_refused_in_time(client, li_wei, anhui_tea):
    client.force_login(li_wei)
    for name in ("letters", "hanzi", "brackets", "marks in disorder"):
        sent = dict.fromkeys(("name", "remark", "website", "email"), LONG[name][:400_000])
        began = time.process_time()
        answer = client.post(f"/customers/{anhui_tea.pk}/edit/", {**sent, "version": "1"})
        assert time.process_time() - began < SECONDS
        assert answer.status_code in (400, 413, 422)
    anhui_tea.refresh_from_db()
    assert anhui_tea.name == "安徽茶业有限公司"


def test_thousands_of_parts_of_a_form_are_refused_at_once(client, li_wei, anhui_tea):
    client.force_login(li_wei)
    began = time.process_time()
    answer = client.post("/customers/new/", {f"f{n}": "x" for n in range(10_000)})
    assert answer.status_code == 400
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize(
    "text", ["cafe\u0301 ", "ＡＢＣ①", "한국어\u1112\u1161\u11ab", "ก็ดี้", "安徽茶业Å"]
)
def test_a_long_text_has_the_normal_form_that_it_has_in_one_piece(form, text):
    long = text * PIECE
    assert normal_form(form, long) == unicodedata.normalize(form, long)
