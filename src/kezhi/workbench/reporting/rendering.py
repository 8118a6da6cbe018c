"""A report or a dashboard as a file, as one person may see it at this moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from kezhi.accounts.models import Company
from kezhi.audit import recording
from kezhi.core.actor import Actor
from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed
from kezhi.workbench.filtering import Asking
from kezhi.workbench.models import Dashboard, Report
from kezhi.workbench.reporting import wording
from kezhi.workbench.reporting.delivered import REPORTS, DeliveredDashboard, DeliveredReport
from kezhi.workbench.reporting.printing import pdf_file
from kezhi.workbench.reporting.report import Answer, NoSuchKind, answer
from kezhi.workbench.reporting.spec import Spec
from kezhi.workbench.reporting.writing import csv_file, xlsx_file

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


@dataclass(frozen=True)
class Rendered:
    """A file; `name` is what it is called."""

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True)
class Part:
    """One report of a dashboard; without an answer the reader may not see it, or it is gone."""

    title: str
    width: int
    answer: Answer | None = None
    report: Report | DeliveredReport | None = None


def asking_of(actor: Actor, on: date) -> Asking:
    company = Company.current()
    return Asking(actor, on, ZoneInfo(company.time_zone if company else "Asia/Shanghai"))


def parts_of(
    board: Dashboard | DeliveredDashboard,
    asking: Asking,
    action: str = "read",
    seen_by: Actor | None = None,
) -> list[Part]:
    """The reports of a dashboard with the figures that this actor may see.

    Which reports stand there is told to whoever sees them; a mail's recipient is told by who sends it.
    """
    said: list[dict[str, Any]] = (
        [{"report": name, "width": width} for name, width in board.parts]
        if isinstance(board, DeliveredDashboard)
        else board.parts
    )
    keys = [key for each in said if (key := record_id(str(each["report"]))) is not None]
    kept = {
        row.pk: row
        for row in Report.objects.visible_to(seen_by or asking.actor).filter(pk__in=keys)
    }
    found = []
    for each in said:
        key = record_id(str(each["report"]))
        report = kept.get(key) if key is not None else REPORTS.get(str(each["report"]))
        if report is None:
            found.append(Part("", int(each["width"])))
            continue
        title = report.name if isinstance(report, Report) else str(report.label)
        try:
            answered = answer(Spec.parse(report.asks), asking, action)
        except NoSuchKind:
            answered = None
        found.append(Part(title, int(each["width"]), answered, report))
    return found


@recording.traced_by("report.exported")
def rendered(
    title: str, answers: Sequence[tuple[str, Answer]], *, actor: Actor, form: str, on: date
) -> Rendered:
    """The file of reports that were answered for the actor's exports, after noting who took what."""
    if not answers:
        raise NotAllowed(_("Your role doesn’t export this."))
    for _title, each in answers:
        if each.action != "export" or not actor.may("export", each.kind.name):
            raise NotAllowed(_("Your role doesn’t export this."))
    recording.record(
        "report.exported",
        actor=actor,
        format=form,
        kinds=sorted({each.kind.name for _title, each in answers}),
        rows=sum(each.figures.rows for _title, each in answers),
    )
    if form == "csv":
        content = csv_file(answers)
    elif form == "xlsx":
        notes = [line for _title, each in answers[:1] for line in wording.about(each)]
        content = xlsx_file(answers, notes)
    else:
        content = pdf_file(answers, by=actor.name, on=on.isoformat())
    name = wording.file_name(f"{title}-{on.isoformat()}", form)
    return Rendered(name, content, FORMATS[form])
