"""A small client for Kezhi's API, from Python's standard library alone. Copy it, and change what you need.

export KEZHI_URL=https://crm.example.com KEZHI_TOKEN=kz_…
python kezhi_client.py
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

TRIES = 5


class Problem(Exception):
    """What the API refused, and why: `status`, `detail`, and by field `errors`."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(f"{told.get('status')} {told.get('title')}: {told.get('detail', '')}")
        self.status: int = told.get("status", 0)
        self.code: str = told.get("type", "").rpartition(":")[2]
        self.errors: list[dict[str, str]] = told.get("errors", [])


class Kezhi:
    """One connection: `Kezhi("https://crm.example.com", "kz_…")`."""

    def __init__(self, url: str, token: str, language: str = "en") -> None:
        if not url.startswith(("https://", "http://")):
            raise ValueError("Say where Kezhi is, such as https://crm.example.com")
        self.base, self.token, self.language = url.rstrip("/") + "/api/v1", token, language

    def get(self, path: str, **parameters: Any) -> Any:
        query = urlencode(parameters, doseq=True)
        return self._ask("GET", f"{path}?{query}" if query else path)

    def each(self, path: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """All records of a list, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            more = {"cursor": cursor} if cursor else {}
            page = self.get(path, **{"limit": 200, **parameters, **more})
            yield from page["items"]
            cursor = page["next"]

    def post(self, path: str, body: Any = None, key: str | None = None) -> Any:
        """With a key of our own, so that a second try can't do it twice."""
        return self._ask("POST", path, body, {"Idempotency-Key": key or str(uuid.uuid4())})

    def put(self, path: str, body: Any) -> Any:
        return self._ask("PUT", path, body)

    def patch(self, path: str, body: Any, version: int | None = None) -> Any:
        """With the version that was seen: whoever was slower gets a problem instead of overwriting."""
        return self._ask("PATCH", path, body, {"If-Match": f'"{version}"'} if version else {})

    def delete(self, path: str, version: int) -> None:
        self._ask("DELETE", path, headers={"If-Match": f'"{version}"'})

    def upload(self, path: str, name: str, content: bytes, key: str | None = None) -> Any:
        """A file for a record: `upload("/customers/7/files", "contract.pdf", content)`."""
        headers = {
            "Idempotency-Key": key or str(uuid.uuid4()),
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        }
        return json.loads(self._fetch("POST", path, content, headers))

    def download(self, path: str) -> bytes:
        """A file of a record: `download("/customers/7/files/12")`."""
        return self._fetch("GET", path, None, {})

    def _ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        data, more = None, dict(headers or {})
        if body is not None:
            data = json.dumps(body).encode()
            more["Content-Type"] = "application/json"
        text = self._fetch(method, path, data, more)
        return json.loads(text) if text else None

    def _fetch(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> bytes:
        sent = {
            "Authorization": f"Bearer {self.token}",
            "Accept-Language": self.language,
            **headers,
        }
        address = self.base + quote(path, safe="/?=&%:,.-_~*")
        for attempt in range(1, TRIES + 1):
            try:
                request = Request(address, data, sent, method=method)  # noqa: S310 - checked above
                with urlopen(request, timeout=60) as answer:  # noqa: S310
                    return bytes(answer.read())
            except HTTPError as error:
                told = _told(error)
                # Too fast, or the service restarts: the same again, later.
                if error.code not in (429, 503) or told.get("type", "").endswith("quota"):
                    raise Problem(told) from error
                if attempt == TRIES:
                    raise Problem(told) from error
                time.sleep(float(error.headers.get("Retry-After", attempt)))
        raise AssertionError("never here")


def _told(error: HTTPError) -> dict[str, Any]:
    try:
        told = json.loads(error.read())
    except ValueError:
        told = {}
    return told if isinstance(told, dict) and "status" in told else {"status": error.code}


def main() -> None:
    kezhi = Kezhi(os.environ["KEZHI_URL"], os.environ["KEZHI_TOKEN"])
    me = kezhi.get("/me")
    print(f"{me['integration']['name']} acts for {me['acts_for']['name']}")
    best = kezhi.get(
        "/customers", sort="-potential_value", limit=5, fields="name,tier,potential_value"
    )
    for customer in best["items"]:
        print(customer["tier"] or "-", customer["potential_value"] or "-", customer["name"])


if __name__ == "__main__":
    main()
