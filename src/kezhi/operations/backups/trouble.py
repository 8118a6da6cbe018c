"""Why a backup can't be made, read or restored, in a sentence that the caller translates."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext


class BackupTrouble(Exception):
    """`message % details` is the sentence; commands and pages say it in their reader's language."""

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message % details if details else message)
        self.message, self.details = message, details

    def in_words(self) -> str:
        """The sentence in the language that is active; Django has to be set up."""
        sentence = gettext(self.message)
        return sentence % self.details if self.details else sentence


def gettext_noop(message: str) -> str:
    """Marks a sentence for translation. Django's own reads the settings, which a restore has yet to find."""
    return message
