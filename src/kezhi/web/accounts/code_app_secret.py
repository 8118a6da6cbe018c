"""The secret of a code app between its page and the first code that proves the app has it."""

from __future__ import annotations

import qrcode
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from qrcode.constants import ERROR_CORRECT_M

from kezhi.accounts import second_factors
from kezhi.accounts.models import User
from kezhi.core.refusal import Refused
from kezhi.core.sealing import Unreadable, seal, unseal
from kezhi.web.accounts.security_confirming import way_on
from kezhi.web.requests import PersonRequest

KEPT = "kezhi_code_app_secret"
PURPOSE = "code app to be"
QUIET = 4  # modules of white around, as readers want them


def kept_secret(request: HttpRequest) -> str:
    """The same one while the page is open, so that reloading it doesn't outdate what the app has read."""
    sealed = request.session.get(KEPT, "")
    try:
        return unseal(sealed, PURPOSE)
    except Unreadable:
        secret = second_factors.new_secret()
        request.session[KEPT] = seal(secret, PURPOSE)
        return secret


def forget_secret(request: HttpRequest) -> None:
    request.session.pop(KEPT, None)


def app_page(
    request: PersonRequest,
    person: User,
    secret: str,
    *,
    is_door: bool = False,
    refusal: Refused | None = None,
) -> HttpResponse:
    address = second_factors.app_address(secret, person.login, request.company_name)
    side, path = qr_path(address)
    context = {
        "person": person,
        "next": way_on(request),
        "refusal": refusal,
        "side": side,
        "path": path,
        "address": address,
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
    }
    template = "accounts/code_app_door.html" if is_door else "accounts/code_app.html"
    return render(request, template, context, status=422 if refusal else 200)


def qr_path(text: str) -> tuple[int, str]:
    """A QR code as the side of its square and one SVG path; a run of dark modules is one rectangle."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=QUIET)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    parts = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            run = 0
            while x + run < len(row) and row[x + run]:
                run += 1
            if run:
                parts.append(f"M{x} {y}h{run}v1h-{run}z")
            x += run or 1
    return len(rows), "".join(parts)
