"""Whoever guesses the addresses of files finds none, however near the guesses are to files that exist.

A slice; `./kezhi bench security_guesses` takes a hundred thousand guesses.
"""

from __future__ import annotations

import logging
import os
import random
import uuid
from collections.abc import Callable

import pytest
from django.test import Client

from cast import NOW
from kezhi.workbench.attaching import attach

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CASES = int(os.environ.get("KEZHI_SECURITY_CASES", "400"))
FIRST = int(os.environ.get("KEZHI_SECURITY_FROM", "0"))
SEED = int(os.environ.get("KEZHI_SECURITY_SEED", "20261122"))
REAL = 20
# Of a hundred guesses that many are made without having signed in.
ANONYMOUS = 10


def ways(dice: random.Random, real: list[uuid.UUID]) -> list[Callable[[int], str]]:
    """How guesses are made, the number of the guess being given."""

    def near(number: int) -> str:
        return str(uuid.UUID(int=(dice.choice(real).int + number // 2 + 1) % (1 << 128)))

    def one_digit_off(_number: int) -> str:
        key = dice.choice(real).hex
        at = dice.randrange(32)
        other = dice.choice([digit for digit in "0123456789abcdef" if digit != key[at]])
        return str(uuid.UUID(f"{key[:at]}{other}{key[at + 1 :]}"))

    return [
        lambda _number: str(uuid.UUID(int=dice.getrandbits(128), version=4)),
        near,
        one_digit_off,
        lambda number: str(uuid.UUID(int=number)),
        lambda number: str(number),
        lambda _number: f"{dice.choice(real)}".upper()[: dice.randrange(8, 36)],
        lambda _number: f"../attachments/{dice.choice(real)}",
        lambda _number: str(dice.choice(real)),  # the very one, by who may not see its record
    ]


@pytest.fixture
def unlogged():
    """A line for each of a hundred thousand answers took a quarter of the time."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("unlogged")
def test_guesses_find_no_file(anhui_tea, li_wei, chen_jing, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "uploads"
    kept = [
        attach(anhui_tea, f"{n}.txt", [b"tea"], kind="customer", actor=li_wei, at=NOW).stored_as
        for n in range(REAL)
    ]
    knows, guesses, stranger = Client(), Client(), Client()
    knows.force_login(li_wei)
    guesses.force_login(chen_jing)
    assert all(knows.get(f"/attachments/{key}/").status_code == 200 for key in kept)
    dice = random.Random()
    tried, found = ways(dice, kept), []
    for number in range(FIRST, FIRST + CASES):
        dice.seed(f"{SEED} {number}")
        key = tried[number % len(tried)](number)
        part = "picture/" if number % 7 == 0 else ""
        is_stranger = number % 100 < ANONYMOUS
        answer = (stranger if is_stranger else guesses).get(f"/attachments/{key}/{part}")
        if answer.status_code != 404 and not (is_stranger and answer.status_code == 302):
            found.append((key, answer.status_code))
    assert not found
