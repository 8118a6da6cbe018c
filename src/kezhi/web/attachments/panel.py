"""The files of a record as a panel: include `attachments/_panel.html` with `files` from here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from kezhi.core.actor import Actor
from kezhi.records import registry
from kezhi.workbench.attaching import attachments_of
from kezhi.workbench.models import Attachment


@dataclass(frozen=True, slots=True)
class File:
    """One file: where it is fetched from, its small picture if it has one, who brought it."""

    attachment: Attachment
    href: str
    picture: str
    removal: str
    by: str


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one record; `address` takes uploads from those who may edit it."""

    kind: str
    pk: int
    address: str
    may_edit: bool
    files: tuple[File, ...]

    @property
    def panel_id(self) -> str:
        return f"files-{self.kind}-{self.pk}"


def files_of(
    kind_name: str, pk: int, actor: Actor, may_edit: bool | None = None, *, has_some: bool = True
) -> Files | None:
    """The panel of a record that the actor sees; None for kinds without files.

    Who knows already whether the actor may edit the record, or that it has no files, says so.
    """
    kind = registry.declared(kind_name)
    if not kind.has_attachments:
        return None
    found = attachments_of(kind_name, pk) if has_some else []
    if may_edit is None:
        may_edit = bool(kind.visible_to(actor, "edit").filter(pk=pk).exists())
    address = reverse("attachments", args=[kind_name, pk])
    return Files(kind_name, pk, address, may_edit, tuple(shown(found)))


def shown(attachments: Iterable[Any]) -> list[File]:
    """As `attachments_of` gives them, with their addresses."""
    return [_file(each) for each in attachments]


def _file(attachment: Any) -> File:
    key = attachment.stored_as
    return File(
        attachment,
        reverse("attachment", args=[key]),
        reverse("attachment-picture", args=[key]) if attachment.is_image else "",
        reverse("attachment-removal", args=[key]),
        attachment.brought_by or "",
    )
