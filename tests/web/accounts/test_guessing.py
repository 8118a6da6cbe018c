"""Guessing: how often, from where, under which name; and what a guesser can tell from the answers."""

import re

import pytest
from django.contrib.auth import hashers
from django.test import Client

from cast import PASSWORD
from kezhi.accounts.models import SignInAttempt, User
from kezhi.accounts.models.sign_in_attempt import network_of

pytestmark = pytest.mark.django_db


def _guess(address, login="liwei", password="wrong"):
    browser = Client(REMOTE_ADDR=address)
    return browser.post("/sign-in/", {"login": login, "password": password})


def test_ten_wrong_lock_the_pair_and_nobody_else(li_wei, chen_jing):
    for _time in range(10):
        _guess("10.1.1.1")
    assert _guess("10.1.1.1", password=PASSWORD).status_code == 422
    assert _guess("10.1.1.99", password=PASSWORD).status_code == 422  # the neighbour's address
    assert _guess("10.2.2.2", password=PASSWORD).url == "/"
    assert _guess("10.1.1.1", "chenjing", PASSWORD).url == "/"


def test_two_hundred_addresses_get_fifty_guesses_an_hour(li_wei, monkeypatch):
    looked_at = []
    monkeypatch.setattr(User, "check_password", lambda self, raw: looked_at.append(raw) or False)
    for number in range(200):
        _guess(f"10.{number}.0.1")
    assert len(looked_at) == 50


def test_right_elsewhere_does_not_give_the_guesser_new_guesses(li_wei):
    for number in range(50):
        _guess(f"10.{number}.0.1")
    SignInAttempt.objects.filter(network=network_of("10.9.0.1")).delete()
    assert _guess("10.9.0.1", password=PASSWORD).url == "/"
    assert SignInAttempt.objects.filter(login="liwei").count() == 49


def test_other_spellings_of_a_name_share_its_guesses(li_wei):
    spellings = ["liwei", "LIWEI", "LiWei", " liwei ", "ｌｉｗｅｉ", "LIWEI\u00a0", "lIwEi"]
    for number in range(10):
        _guess("10.1.1.1", spellings[number % len(spellings)])
    assert _guess("10.1.1.1", password=PASSWORD).status_code == 422


def test_a_passkey_stays_open_while_others_guess(li_wei):
    """It can't be guessed, so its options are answered however many wrong passwords there were."""
    for number in range(60):
        _guess(f"10.{number}.0.1")
    assert Client().post("/sign-in/passkey/options/").status_code == 200


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (None, ""),
        ("", ""),
    ],
)
def test_who_has_one_address_has_its_neighbours(address, network):
    assert network_of(address) == network


LOOK_ALIKES = [
    "liweі", "1iwei", "lıwei", "ⅼiwei", "liwei.", "liwei+1", "liwei@", "li wei", "li\u200bwei",
    "li\u00adwei", "liwei\u0301", "liwe\u0456", "lіwei", "ǀiwei", "l!wei", "liwéi", "liw\u0435i",
    "l\u0131wei", "li\u2060wei", "liwei\ufeff", "\u202eiewil", "liweii", "liwe", "iliwei", "LIWEİ",
    "lI\u0307wei", "liwei%", "liwe_", "liwei'", "liwei\\", "liwei\"--", "*", "%",
]  # fmt: skip


@pytest.mark.parametrize("login", LOOK_ALIKES)
def test_a_name_that_only_looks_alike_is_nobody(client, li_wei, login):
    answer = client.post("/sign-in/", {"login": login, "password": PASSWORD})
    assert answer.status_code == 422
    assert client.get("/settings/").status_code == 302


def _plain(answer):
    """Without what differs by chance, and without what was typed."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
    return answer.status_code, re.sub(r'value="(liwei|nobody)"', "", text)


def test_known_and_unknown_names_are_answered_alike_after_the_same_work(
    client, li_wei, monkeypatch
):
    """The hash is what takes time: it is made once for each, whoever it is."""
    made = []
    encode = hashers.MD5PasswordHasher.encode
    monkeypatch.setattr(
        hashers.MD5PasswordHasher,
        "encode",
        lambda self, *args, **kwargs: made.append(1) or encode(self, *args, **kwargs),
    )
    answers, work = [], []
    without = User.objects.create(login="invited", name="孙悦", password="!")
    left = User.objects.create(login="left", name="赵", is_active=False)
    left.set_password(PASSWORD)
    left.save()
    for login in ("liwei", "nobody", without.login, left.login):
        made.clear()
        answers.append(client.post("/sign-in/", {"login": login, "password": "wrong"}))
        work.append(len(made))
    assert len(set(work)) == 1
    shown = [re.sub(r'value="(invited|left)"', "", str(_plain(answer))) for answer in answers]
    assert len(set(shown)) == 1


@pytest.mark.parametrize(
    ("password", "is_accepted"),
    [
        ("tea leaf", True),
        ("密码够长就行了吧哈", True),
        ("only lower case words", True),
        ("x9" * 64, True),
        ("x9" * 65, False),
        ("abc1234", False),
        ("password1", False),
        ("12345678", False),
        ("liwei2026", False),
    ],
)
def test_a_password_is_long_enough_and_not_common_and_nothing_else(
    client, li_wei, password, is_accepted
):
    client.force_login(li_wei)
    client.post("/settings/profile/", {"current": PASSWORD, "new": password})
    li_wei.refresh_from_db()
    assert li_wei.check_password(password) is is_accepted
