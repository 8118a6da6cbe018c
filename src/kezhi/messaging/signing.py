"""What a person's own letters end with."""

from __future__ import annotations

from kezhi.accounts.models import User
from kezhi.audit.recording import audited
from kezhi.messaging.models import Sender

LONGEST = 1000


@audited("signature.changed")
def change_signature(text: str, *, actor: User) -> Sender:
    sender, _is_new = Sender.objects.update_or_create(
        person=actor, defaults={"signature": text.replace("\r\n", "\n").strip()[:LONGEST]}
    )
    return sender
