"""The demo company goes, the installation stays: for those who tried it and now bring their own company."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext as _

from kezhi.accounts.models import (
    CodeApp,
    Company,
    Department,
    Passkey,
    RecoveryCode,
    Role,
    Session,
    User,
)
from kezhi.audit.recording import as_one_batch, audited, note
from kezhi.core.actor import Actor
from kezhi.core.models import JobRun
from kezhi.core.refusal import NotAllowed, Refused

# What a new installation has as well; of people, how they sign in, and departments the actor's own are kept.
KEPT = {
    Company,
    Role,
    User,
    User.roles.through,
    Department,
    Session,
    CodeApp,
    Passkey,
    RecoveryCode,
}
FOLDERS = ("imports", "facts")  # files that belong to what is deleted


@audited("demo.cleared")
def clear_demo(*, actor: Actor, on: date) -> int:
    """Delete everything but the actor, their department, the roles and the audit log; the number of rows.

    Apps need not be listed: every table of the product counts, those of future apps included.
    """
    if not actor.may("delete", "demo") or not isinstance(actor, User):
        raise NotAllowed(_("Only an owner clears the demo company."))
    company = Company.objects.select_for_update().filter(pk=1, is_demo=True).first()
    if company is None:
        raise Refused(_("This is your own company. Only a demo company can be cleared."))
    if JobRun.objects.under_way().exists():
        raise Refused(_("Work is under way. Wait until it has finished, or cancel it, then clear."))
    # A before-image of every demo row would only make the log large: this one entry says it.
    with as_one_batch():
        gone = {model._meta.label: _delete_all(model) for model in _from_the_leaves()}
        _keep_only(actor)
        Company.objects.filter(pk=1).update(is_demo=False, is_second_factor_enforced=True)
    note(on=on.isoformat(), rows={label: rows for label, rows in gone.items() if rows})
    transaction.on_commit(_delete_files)
    return sum(gone.values())


def _from_the_leaves() -> Iterator[type[models.Model]]:
    """Every table to be emptied, each before those that it points to."""
    waiting = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model.__module__.startswith("kezhi.")
        and model not in KEPT
        and model._meta.app_label != "audit"
        and model._meta.managed
    ]
    while waiting:
        free = [model for model in waiting if not any(_points_to(o, model) for o in waiting)]
        if not free:  # two that point at each other: keys are looked at when all of it is gone
            free = [min(waiting, key=lambda model: sum(_points_to(o, model) for o in waiting))]
        yield from free
        waiting = [model for model in waiting if model not in free]


def _points_to(model: type[models.Model], other: type[models.Model]) -> bool:
    return model is not other and any(
        field.related_model is other for field in model._meta.concrete_fields if field.is_relation
    )


def _delete_all(model: type[models.Model]) -> int:
    """Without collecting what would cascade: that is gone already."""
    rows = model._base_manager.all()
    return int(rows._raw_delete(rows.db))  # type: ignore[attr-defined]


def _keep_only(actor: User) -> None:
    """The actor and the departments above them; everyone else worked at the demo company."""
    User.roles.through.objects.exclude(user=actor).delete()
    for signing_in in (Session, CodeApp, Passkey, RecoveryCode):
        signing_in._base_manager.exclude(person=actor).delete()
    User.objects.filter(pk=actor.pk).update(team=None)
    User.objects.exclude(pk=actor.pk)._raw_delete("default")
    above = actor.department.path if actor.department else []
    Department.objects.exclude(pk__in=above).update(parent=None)
    Department.objects.exclude(pk__in=above)._raw_delete("default")


def _delete_files() -> None:
    for root in {Path(settings.MEDIA_ROOT), Path(settings.DATA)}:
        for name in FOLDERS:
            shutil.rmtree(root / name, ignore_errors=True)
