"""Links to a survey: whoever has one may answer. The database knows only the digest of a token.

A token is made from the row's nonce and the installation's secret, so that a reminder can carry the same link
and a copy of the database opens no survey.
"""

from __future__ import annotations

import hashlib
import secrets

from django.utils.crypto import salted_hmac

from kezhi.messaging.noticing import address as page_address
from kezhi.satisfaction.models import SurveyInvitation, SurveyLink

SALT = "kezhi.satisfaction.link"
LENGTH = 32

Row = SurveyInvitation | SurveyLink


def seal(row: Row) -> Row:
    """Give a new row its nonce and the digest of its token."""
    row.nonce = secrets.token_hex(16)
    row.token_digest = digest_of(token_of(row))
    return row


def token_of(row: Row) -> str:
    made = salted_hmac(SALT, row.nonce, algorithm="sha256").hexdigest()
    return made[:LENGTH]


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def path_of(row: Row) -> str:
    """The address of the page, without the host."""
    return f"/s/{token_of(row)}/"


def full_path_of(row: Row) -> str:
    """As a letter or a poster names it."""
    return page_address(path_of(row))


def row_by(token: str) -> Row | None:
    """The invitation or open link that has this token, whatever its state; None for any other token."""
    if len(token) != LENGTH:
        return None
    digest = digest_of(token)
    rows = SurveyInvitation.objects.select_related("survey", "survey_version", "customer")
    found: Row | None = rows.filter(token_digest=digest).first()
    if found is None:
        links = SurveyLink.objects.select_related("survey")
        found = links.filter(token_digest=digest).first()
    return found
