"""Standard Webhooks: secrets, and what a message is signed with."""

from __future__ import annotations

import base64
import os
from datetime import datetime, timedelta
from typing import Protocol

from standardwebhooks.webhooks import Webhook as Signer

from kezhi.core.sealing import seal, unseal

PREFIX = "whsec_"
PURPOSE = "webhook secret"
OVERLAP = timedelta(hours=24)


class Signed(Protocol):
    """A webhook out or in: its secret, and the one before for as long as it counts."""

    secret: str
    former_secret: str
    former_until: datetime | None


def new_secret() -> str:
    return PREFIX + base64.b64encode(os.urandom(32)).decode()


def sealed(secret: str) -> str:
    return seal(secret, PURPOSE)


def exchange(webhook: Signed, *, at: datetime, overlap: timedelta = OVERLAP) -> str:
    """Give it a new secret, beside which the former counts for a while; the caller saves."""
    secret = new_secret()
    webhook.former_secret, webhook.former_until = webhook.secret, at + overlap
    webhook.secret = sealed(secret)
    return secret


def secrets_of(webhook: Signed, at: datetime) -> list[str]:
    """Those that count now, the newer first."""
    kept = [webhook.secret]
    if webhook.former_secret and webhook.former_until is not None and webhook.former_until > at:
        kept.append(webhook.former_secret)
    return [unseal(each, PURPOSE) for each in kept]


def headers(webhook: Signed, message_id: str, body: str, *, at: datetime) -> dict[str, str]:
    """With a signature for each secret that counts: the receiver changes over when it likes."""
    signatures = [Signer(secret).sign(message_id, at, body) for secret in secrets_of(webhook, at)]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Kezhi-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
