"""Reports and dashboards that go out by mail: queued when they are due, written when they leave.

What stands in the mail is asked for at that moment with the rights of who gets it; whoever may see nothing of
it gets no mail.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from kezhi.accounts.models import Company, User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused
from kezhi.messaging import outbox
from kezhi.messaging.letters import Heading, Link, Part, Row, Rows, Text
from kezhi.messaging.models import Outgoing
from kezhi.messaging.noticing import address
from kezhi.messaging.outbox import File, Made
from kezhi.workbench.customizing import definitions
from kezhi.workbench.models import Dashboard, Report, ReportSchedule
from kezhi.workbench.reporting import wording
from kezhi.workbench.reporting.rendering import Part as Shown
from kezhi.workbench.reporting.rendering import asking_of, parts_of, rendered
from kezhi.workbench.reporting.report import Answer, NoSuchKind, answer
from kezhi.workbench.reporting.scheduling import next_moment
from kezhi.workbench.reporting.spec import Spec
from kezhi.workbench.reporting.writing import grid

MAKER = "report"
MOST_DUE = 200
MOST_ROWS = 15
LATEST = timedelta(hours=24)


def reports_are_due(at: datetime) -> bool:
    return ReportSchedule.objects.filter(is_active=True, next_at__lte=at).exists()


@audited("report.sent")
def send_due_reports(*, actor: Actor, at: datetime) -> int:
    """Queue a mail for each recipient of each schedule that is due; a moment is sent once."""
    due = ReportSchedule.objects.filter(is_active=True, next_at__lte=at, owner__is_active=True)
    queued = 0
    for schedule in due.select_for_update(skip_locked=True, of=("self",)).order_by("pk")[:MOST_DUE]:
        for person in schedule.recipients.filter(is_active=True).exclude(email=""):
            queued += _queued(schedule, person, actor, at)
        schedule.sent_at, schedule.next_at = at, next_moment(schedule, at)
        schedule.save(update_fields=["sent_at", "next_at"])
    note(people=queued)
    return queued


def _queued(schedule: ReportSchedule, person: User, actor: Actor, at: datetime) -> bool:
    company = Company.current()
    made = outbox.send(
        person=person,
        subject=str(schedule),
        purpose=Outgoing.Purpose.REPORT,
        maker=MAKER,
        details={"schedule": schedule.pk},
        key=f"report:{schedule.pk}:{schedule.next_at.isoformat()}:{person.pk}",
        expires_at=at + LATEST,
        language=person.language or (company.language if company else ""),
        actor=actor,
        at=at,
    )
    return made is not None


def write_report(outgoing: Outgoing, at: datetime) -> Made | None:
    """What the person may see now; None when that is nothing, or the schedule has ended."""
    schedule = (
        ReportSchedule.objects.filter(pk=outgoing.details.get("schedule"))
        .select_related("report", "dashboard", "owner")
        .first()
    )
    person, company = outgoing.person, Company.current()
    if schedule is None or person is None or company is None or not schedule.owner.is_active:
        return None
    with definitions.as_of_now():
        return _written(schedule, person, company.today(at))


def _written(schedule: ReportSchedule, person: User, on: date) -> Made | None:
    shown = _answers(schedule, person, on, "read")
    if not shown:
        return None
    parts: list[Part] = []
    for title, each in shown:
        parts += _told(title, each)
    files = _files(schedule, person, on)
    if schedule.file and not files:
        parts.append(
            Text(_("Your role doesn’t export these records: there is no file."), is_quiet=True)
        )
    kept = schedule.report or schedule.dashboard
    place = "reports" if schedule.report_id else "dashboards"
    assert kept is not None
    if type(kept).objects.visible_to(person).filter(pk=kept.pk).exists():
        parts.append(Link(_("Open it"), address(f"/{place}/{kept.pk}/")))
    words = {"person": schedule.owner.name}
    parts.append(
        Text(
            _("%(person)s has it sent to you. The figures are those you may see.") % words,
            is_quiet=True,
        )
    )
    subject = _("%(report)s, %(day)s") % {"report": str(kept), "day": on.isoformat()}
    return Made(subject, parts, files)


def _answers(
    schedule: ReportSchedule, person: User, on: date, action: str
) -> list[tuple[str, Answer]]:
    """The reports as the recipient may see them; those with problems for them stay out."""
    asking = asking_of(person, on)
    kept: Report | Dashboard | None = schedule.report or schedule.dashboard
    if isinstance(kept, Report):
        try:
            found = [Shown(kept.name, 3, answer(Spec.parse(kept.asks), asking, action), kept)]
        except NoSuchKind:
            return []
    else:
        assert kept is not None
        found = parts_of(kept, asking, action, seen_by=schedule.owner)
    return [
        (each.title, each.answer)
        for each in found
        if each.answer is not None and not each.answer.problems
    ]


def _files(schedule: ReportSchedule, person: User, on: date) -> list[File]:
    answers = _answers(schedule, person, on, "export") if schedule.file else []
    if not answers:
        return []
    try:
        made = rendered(
            str(schedule.report or schedule.dashboard),
            answers,
            actor=person,
            form=schedule.file,
            on=on,
        )
    except Refused:
        return []
    return [File(made.name, made.content, made.media_type)]


def _told(title: str, shown: Answer) -> list[Part]:
    """A report in a mail: its finding, and the first rows of its table."""
    try:
        finding = str(wording.said(shown))
        table = grid(shown)
    except Refused as refusal:
        return [Heading(title), Text(str(refusal))]
    parts: list[Part] = [Heading(finding or title)]
    about = " · ".join([title, *wording.about(shown)] if finding else wording.about(shown))
    if about:
        parts.append(Text(about, is_quiet=True))
    if shown.is_empty:
        return [*parts, Text(_("No records in this period and with these filters."))]
    rows = [*table.rows[:MOST_ROWS], *([table.total] if table.total else [])]
    if len(shown.dimensions) == 2:
        rows = [(label, cells[-1:]) for label, cells in rows]
    return [
        *parts,
        Rows(
            [
                Row(label, " · ".join(wording.figure(cell.measure, cell.entry) for cell in cells))
                for label, cells in rows
            ]
        ),
    ]


def register() -> None:
    outbox.MAKERS[MAKER] = write_report
