"""Sealed texts open only here, only for their purpose, and also after the key was changed."""

import pytest

from kezhi.core.sealing import Unreadable, seal, unseal


def test_what_was_sealed_opens_for_its_purpose_only():
    sealed = seal("a secret 密", "one")
    assert "secret" not in sealed
    assert unseal(sealed, "one") == "a secret 密"
    assert seal("a secret 密", "one") != sealed
    with pytest.raises(Unreadable):
        unseal(sealed, "two")


def test_a_changed_letter_is_found():
    sealed = seal("text", "one")
    other = "A" if sealed[12] != "A" else "B"
    with pytest.raises(Unreadable):
        unseal(sealed[:12] + other + sealed[13:], "one")


@pytest.mark.parametrize("nonsense", ["", ".", "abc", "00000000.AAAA"])
def test_nonsense_is_unreadable(nonsense):
    with pytest.raises(Unreadable):
        unseal(nonsense, "one")


def test_the_former_key_still_opens(settings):
    sealed = seal("text", "one")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]
    assert unseal(sealed, "one") == "text"
    assert seal("text", "one").partition(".")[0] != sealed.partition(".")[0]
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(Unreadable):
        unseal(sealed, "one")
