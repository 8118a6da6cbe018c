"""Passkeys over HTTP, with an authenticator made of a few lines: what is accepted, and all that isn't."""

import hashlib
import json
import os
import struct
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.test import Client
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode

from cast import PASSWORD
from kezhi.accounts.models import Passkey, Session, User

pytestmark = pytest.mark.django_db
HOME = "/settings/security/passkeys/"
PRESENT, VERIFIED, NEW = 0x01, 0x04, 0x40


@dataclass
class Device:
    origin: str = "http://testserver"
    party: str = "testserver"
    flags: int = PRESENT | VERIFIED
    uses: int = 0
    name: bytes = field(default_factory=lambda: os.urandom(16))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    handle: bytes = b""

    def made(self, options):
        """The answer to being asked for a new passkey."""
        asked = options["publicKey"]
        self.handle = websafe_decode(asked["user"]["id"])
        public = cbor.encode(ES256.from_cryptography_key(self.key.public_key()))
        inside = bytes(16) + struct.pack(">H", len(self.name)) + self.name + public
        about = cbor.encode(
            {"fmt": "none", "attStmt": {}, "authData": self._data(self.flags | NEW) + inside}
        )
        said = self._client("webauthn.create", asked["challenge"])
        return self._answer({"clientDataJSON": said, "attestationObject": about})

    def proves(self, options, **twisted):
        """The answer to being asked to sign."""
        self.uses += twisted.pop("counts", 1)
        said = self._client("webauthn.get", options["publicKey"]["challenge"])
        data = self._data(self.flags)
        signed = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            {
                "clientDataJSON": said,
                "authenticatorData": data,
                "signature": signed,
                "userHandle": twisted.pop("handle", self.handle),
            }
        )

    def _data(self, flags):
        party = hashlib.sha256(self.party.encode()).digest()
        return party + struct.pack(">BI", flags, self.uses)

    def _client(self, kind, challenge):
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, parts):
        response = {name: websafe_encode(part) for name, part in parts.items()}
        name = websafe_encode(self.name)
        about = {"id": name, "rawId": name, "type": "public-key", "response": response}
        return {"answer": json.dumps(about)}


@pytest.fixture
def device(client, li_wei):
    """A device whose passkey is Li Wei's."""
    client.force_login(li_wei)
    made = Device()
    answer = made.made(client.post(f"{HOME}options/").json())
    assert client.post(HOME, answer | {"name": "手机"}).status_code == 200
    client.logout()
    return made


def _come_in(device, browser=None, **twisted):
    browser = browser or Client()
    options = browser.post("/sign-in/passkey/options/").json()
    return browser, browser.post("/sign-in/passkey/", device.proves(options, **twisted))


def test_a_passkey_signs_in_alone(device, li_wei):
    browser, answer = _come_in(device)
    assert answer.url == "/"
    assert browser.get("/settings/").status_code == 200
    assert Session.objects.get(person=li_wei).means == "passkey"


def test_it_stays_open_while_the_password_is_locked(device):
    for number in range(60):
        guesser = Client(REMOTE_ADDR=f"10.{number}.0.1")
        guesser.post("/sign-in/", {"login": "liwei", "password": "wrong"})
    locked = Client().post("/sign-in/", {"login": "liwei", "password": PASSWORD})
    assert locked.status_code == 422
    assert _come_in(device)[1].url == "/"


def test_an_answer_counts_once_and_only_for_its_question(device):
    browser = Client()
    options = browser.post("/sign-in/passkey/options/").json()
    answer = device.proves(options)
    assert Client().post("/sign-in/passkey/", answer).status_code == 422
    assert browser.post("/sign-in/passkey/", answer).url == "/"
    browser.post("/sign-out/")
    assert browser.post("/sign-in/passkey/", answer).status_code == 422
    browser.post("/sign-in/passkey/options/")
    assert browser.post("/sign-in/passkey/", answer).status_code == 422


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://testserver.evil.example"},
        {"party": "evil.example"},
        {"flags": PRESENT},  # nobody showed a finger or a PIN
        {"flags": 0},
        {"name": b"another one"},
        {"key": ec.generate_private_key(ec.SECP256R1())},
    ],
)
def test_whatever_is_wrong_keeps_out(device, change):
    for name, other in change.items():
        setattr(device, name, other)
    browser, answer = _come_in(device)
    assert answer.status_code == 422
    assert browser.get("/settings/").status_code == 302


def test_the_handle_of_somebody_else_keeps_out(device):
    assert _come_in(device, handle=b"x" * 32)[1].status_code == 422


def test_a_copied_device_is_found_by_its_count(device):
    assert _come_in(device)[1].url == "/"
    assert _come_in(device, counts=0)[1].status_code == 422


def test_a_device_that_does_not_count_is_fine(client, li_wei):
    client.force_login(li_wei)
    device = Device()
    client.post(HOME, device.made(client.post(f"{HOME}options/").json()))
    for _time in range(2):
        assert _come_in(device, counts=0)[1].url == "/"


def test_who_left_stays_out(device, li_wei):
    User.objects.filter(pk=li_wei.pk).update(is_active=False)
    assert _come_in(device)[1].status_code == 422


def test_a_passkey_of_another_is_no_second_step(client, device, chen_jing, with_app):
    with_app(chen_jing)
    client.post("/sign-in/", {"login": "chenjing", "password": PASSWORD})
    options = client.post("/sign-in/second-step/passkey/options/").json()
    answer = client.post("/sign-in/second-step/passkey/", device.proves(options))
    assert answer.status_code == 422
    assert client.get("/settings/").status_code == 302


def test_one_passkey_belongs_to_one_person(client, device, chen_jing):
    client.force_login(chen_jing)
    options = client.post(f"{HOME}options/").json()
    assert client.post(HOME, device.made(options)).status_code == 409
    assert Passkey.objects.count() == 1


def test_people_name_and_remove_only_their_own(client, device, chen_jing, li_wei):
    passkey = Passkey.objects.get()
    client.force_login(chen_jing)
    assert client.post(f"{HOME}{passkey.pk}/", {"name": "mine"}).status_code == 404
    assert client.post(f"{HOME}{passkey.pk}/removal/").status_code == 404
    client.force_login(li_wei)
    client.post(f"{HOME}{passkey.pk}/", {"name": "平板"})
    passkey.refresh_from_db()
    assert passkey.name == "平板"
    client.post(f"{HOME}{passkey.pk}/removal/")
    assert not Passkey.objects.exists()
    assert not li_wei.recovery_codes.exists()


@pytest.mark.parametrize("answer", ["", "{}", "[]", "nonsense", '{"rawId": 1}', "x" * 30_000])
def test_nonsense_is_refused_in_words(client, device, answer):
    client.post("/sign-in/passkey/options/")
    assert client.post("/sign-in/passkey/", {"answer": answer}).status_code == 422
