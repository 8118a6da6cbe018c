"""How long letters stay, in and out, and what goes with them: their files, and the wish to fetch them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy

from kezhi.messaging.models import Incoming, MailAccount, Outgoing, OutgoingFile
from kezhi.messaging.storing import path_of
from kezhi.records.retention import Clock, Loose, declare, loosely, on_parting

UNDER_WAY = (Outgoing.State.WAITING, Outgoing.State.SENDING)
PURPOSE = gettext_lazy("To know what was written")


def declare_own() -> None:
    declare(
        Clock(
            "messaging_incoming",
            gettext_lazy("Letters that came"),
            PURPOSE,
            "received_at",
            customer="customer_id",
        ),
        Clock(
            "messaging_outgoing",
            gettext_lazy("Letters that were sent"),
            PURPOSE,
            "created_at",
            only=~Q(state__in=UNDER_WAY),
            customer="customer_id",
        ),
    )
    on_parting("messaging_incoming", _part_with_incoming)
    on_parting("messaging_outgoingfile", _part_with_files)
    loosely(
        Loose("messaging_incoming", "answers_id", "messaging_outgoing"),
        Loose("messaging_incoming", "about_id", kind_column="about_kind"),
        Loose("messaging_outgoing", "about_id", kind_column="about_kind"),
        Loose("messaging_notice", "about_id", kind_column="about_kind"),
    )


def _part_with_incoming(ids: Sequence[int]) -> Callable[[], None]:
    rows = Incoming.objects.filter(pk__in=ids)
    keys = list(rows.values_list("stored_as", flat=True))
    newest = list(rows.order_by().values_list("account").annotate(Max("received_at")))

    def then() -> None:
        # A server that numbers its letters anew would have them all fetched again.
        for account, at in newest:
            day = at.date() + timedelta(days=1)
            MailAccount.objects.filter(pk=account).update(
                fetches_since=Greatest("fetches_since", day)
            )
        transaction.on_commit(lambda: _unlink(keys))

    return then


def _part_with_files(ids: Sequence[int]) -> Callable[[], None]:
    keys = list(OutgoingFile.objects.filter(pk__in=ids).values_list("stored_as", flat=True))
    return lambda: transaction.on_commit(lambda: _unlink(keys))


def _unlink(keys: Sequence[UUID]) -> None:
    for key in keys:
        path: Path = path_of(key)
        path.unlink(missing_ok=True)
        path.with_name(f"{path.name}.pictures").unlink(missing_ok=True)
