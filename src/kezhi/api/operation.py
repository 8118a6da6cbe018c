"""What an operation of the API is: where it is asked, what it needs, what is sent and answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.http import FileResponse, HttpResponse
from django.utils.functional import Promise

from kezhi.api.calling import Call
from kezhi.api.members import Action, Member
from kezhi.core.actor import Actor

Answer = HttpResponse | FileResponse
Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Operation:
    """One method at one address. `needs` are permissions (action, kind), all of them; `either`: one of these.

    `body` and `answer` name what is sent and what comes back, for the description; `succeeds` is the status.
    `area` groups what is of no kind of record. What is `shown_once` of an answer is kept nowhere, not even
    for an idempotency key. `members` are those of a body that is no record's.
    """

    method: str
    path: str  # below /api/v1, with {id}, {figure} and {file}
    name: str
    summary: str | Promise
    handler: Handler
    kind: str = ""
    needs: tuple[tuple[str, str], ...] = ()
    either: tuple[tuple[str, str], ...] = ()
    answer: str = ""
    body: str = ""
    succeeds: int = 200
    area: str = ""
    shown_once: tuple[str, ...] = ()
    action: Action | None = None
    members: Mapping[str, Member] = field(default_factory=dict)

    @property
    def is_safe(self) -> bool:
        return self.method == "GET"

    @property
    def takes_file(self) -> bool:
        """Whether a file is sent instead of JSON."""
        return self.body == "file"

    @property
    def demands_version(self) -> bool:
        """Whether who asks must say which version they saw. A file has none: it comes and goes whole."""
        return self.method == "DELETE" and "{file}" not in self.path

    @property
    def is_on_record(self) -> bool:
        return "{id}" in self.path

    def is_open_to(self, actor: Actor) -> bool:
        """Whether the actor may call it on anything at all; the description leaves the others out."""
        is_either = not self.either or any(actor.may(*need) for need in self.either)
        return is_either and all(actor.may(*need) for need in self.needs)
