"""A deed that can't be done says why, in the reader's language."""

from django.utils.functional import Promise


class Refused(Exception):
    """Raised by a deed that is not allowed or not possible now. Nothing has changed.

    `str(refusal)` is the sentence for the person: what happened and what to do.
    """

    def __init__(self, reason: str | Promise) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return str(self.reason)


class NotAllowed(Refused):
    """The actor's role does not permit this deed (403 on screen)."""


class EditConflict(Refused):
    """Somebody else changed the record meanwhile; the page keeps what was typed and shows both."""
