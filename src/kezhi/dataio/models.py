"""Imports: the uploaded file, how it is read, what was found wrong, and what undoing needs."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.core.actor import Actor, Scope
from kezhi.core.models import JobRun


class BatchState(models.TextChoices):
    UPLOADED = "uploaded", _("Uploaded")
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Checked")
    IMPORTING = "importing", _("Being imported")
    DONE = "done", pgettext_lazy("import", "Imported")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", pgettext_lazy("import", "Not imported")
    UNDONE = "undone", _("Undone")


class ImportBatchQuerySet(models.QuerySet["ImportBatch"]):
    def visible_to(self, actor: Actor, action: str = "read") -> ImportBatchQuerySet:
        """One's own imports; all of a kind for whoever may import the whole company's."""
        from kezhi.dataio.registry import kinds

        everything = [name for name in kinds() if actor.scope("import", name) == Scope.ALL]
        return self.filter(Q(actor_id=actor.pk, actor_id__isnull=False) | Q(kind__in=everything))


class ImportBatch(models.Model):
    """One file on its way into the database, and for ever after what came of it.

    `mapping` has one entry per column of the file: `field` (empty: left out), `confidence`, `reason`, `factor`,
    `day_first`, `words`. `causes` groups the problems by column and code with their exact numbers.
    """

    kind = models.CharField(max_length=60)
    file_name = models.CharField(max_length=250)
    stored_as = models.UUIDField(default=uuid.uuid4, unique=True)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    state = models.CharField(max_length=10, choices=BatchState, default=BatchState.UPLOADED)
    choices = models.JSONField(default=dict)
    facts = models.JSONField(default=dict)
    mapping = models.JSONField(default=list)
    options = models.JSONField(default=dict)

    total = models.BigIntegerField(default=0)
    good = models.BigIntegerField(default=0)
    bad = models.BigIntegerField(default=0)
    created = models.BigIntegerField(default=0)
    updated = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    details = models.JSONField(default=dict)
    problems_total = models.BigIntegerField(default=0)
    causes = models.JSONField(default=list)
    preview = models.JSONField(default=dict)
    message = models.CharField(max_length=500, blank=True)

    job_run = models.ForeignKey(JobRun, models.SET_NULL, null=True, related_name="+")
    actor_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    checked_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = ImportBatchQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["actor_id", "-id"], name="dataio_batch_actor"),
            models.Index(fields=["kind", "-id"], name="dataio_batch_kind"),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def path(self) -> Path:
        """The uploaded file under a name that nobody chose."""
        return Path(settings.MEDIA_ROOT) / "imports" / self.stored_as.hex

    @property
    def problems_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.problems")

    @property
    def is_under_way(self) -> bool:
        return self.state in {BatchState.CHECKING, BatchState.IMPORTING}

    @property
    def is_open(self) -> bool:
        """Still before the import: it can be matched, checked and thrown away."""
        return self.state in {BatchState.UPLOADED, BatchState.CHECKED, BatchState.FAILED}

    @property
    def is_undoable(self) -> bool:
        return self.state == BatchState.DONE and bool(self.created or self.updated)

    def delete_files(self) -> None:
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink(missing_ok=True)


class ImportProblem(models.Model):
    """One of the first problems of a batch; `batch.problems_total` says how many there are."""

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="problems")
    row = models.BigIntegerField()
    column = models.IntegerField()
    field = models.CharField(max_length=60, blank=True)
    code = models.CharField(max_length=40)
    text = models.CharField(max_length=200, blank=True)
    params = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["batch", "row"], name="dataio_problem_row")]

    def __str__(self) -> str:
        return f"{self.row}: {self.code}"

    @property
    def message(self) -> str:
        from kezhi.dataio.problems import explain

        return explain(self.code, self.params)[0]

    @property
    def remedy(self) -> str:
        from kezhi.dataio.problems import explain

        return explain(self.code, self.params)[1]


class ImportedRows(models.Model):
    """Ids of rows that a batch created, some ten thousand to a row of this table."""

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="imported_rows")
    table = models.CharField(max_length=63)
    ids = ArrayField(models.BigIntegerField())

    def __str__(self) -> str:
        return f"{self.table}: {len(self.ids)}"


class BeforeImage(models.Model):
    """What a row was before a batch changed it, and the version that the change gave it."""

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="before_images")
    table = models.CharField(max_length=63)
    row_id = models.BigIntegerField()
    before = models.JSONField()
    version = models.IntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.table} {self.row_id}"


class RememberedMapping(models.Model):
    """How files with these headings were matched last time: heading → field."""

    kind = models.CharField(max_length=60)
    signature = models.CharField(max_length=64)
    fields = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "signature"], name="dataio_remembered_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.signature[:8]}"
