"""The figures of a survey as a file; that they were taken is recorded first."""

from __future__ import annotations

import io
from collections.abc import Iterator

import xlsxwriter
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST

from kezhi.audit.recording import record
from kezhi.insight import experiencing
from kezhi.insight.models import Study
from kezhi.satisfaction.analysing.figures import Reading, SurveyFigures
from kezhi.satisfaction.models import Survey
from kezhi.web.experience import heads, shown
from kezhi.web.experience.surveys import question_texts
from kezhi.web.requests import PersonRequest, must_may
from kezhi.workbench.exporting import Cell, csv_lines, harmless

FORMS = ("csv", "xlsx")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_POST
def of_survey(request: PersonRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """POST form (csv, xlsx): every reading of the survey, exact."""
    heads.must_read(request)
    survey = get_object_or_404(Survey.objects.visible_to(request.actor), pk=pk)
    must_may(request, "export", "survey_response")
    if not heads.sees_company(request.actor):
        raise PermissionDenied
    form = request.POST.get("form", "csv")
    if form not in FORMS:
        return HttpResponse(status=400)
    study = Study.objects.newest(Study.Subject.EXPERIENCE)
    found = experiencing.survey_figures(study, survey.pk) if study is not None else None
    if found is None:
        raise Http404
    rows = list(_rows(found, question_texts(survey)))
    record(
        "survey_figures.exported",
        actor=request.actor,
        subject=survey,
        form=form,
        rows=len(rows),
    )
    headings = [
        _("Part"),
        _("Of"),
        _("Responses"),
        pgettext("survey", "Score"),
        _("Low end"),
        _("High end"),
    ]
    name = f"survey-{survey.code}-{request.today.isoformat()}.{form}"
    if form == "csv":
        response: HttpResponse | StreamingHttpResponse = StreamingHttpResponse(
            csv_lines(headings, rows), content_type="text/csv; charset=utf-8"
        )
    else:
        response = HttpResponse(_workbook(headings, rows), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _rows(found: SurveyFigures, texts: dict[str, str]) -> Iterator[list[Cell]]:
    yield _row(_("All"), "", found.overall)
    yield _row(_("The year before"), "", found.before)
    for month in found.months:
        yield _row(_("Month"), f"{month.first_on:%Y-%m}", month.reading)
    for name, groups in found.groups.items():
        for group in groups:
            yield _row(str(shown.DIMENSIONS[name]), shown.group_label(name, group), group.reading)
    for one in found.questions:
        yield _row(_("Question"), texts.get(one.code, one.code), one.reading)
    for bar in found.bars:
        label = str(bar.low) if bar.low == bar.high else f"{bar.low} - {bar.high}"
        yield [_("Distribution"), label, bar.count, None, None, None]
    for gap in found.gaps:
        yield [_("Gap"), gap.dimension, gap.count, gap.gap, gap.low, gap.high]


def _row(part: str, of: str, reading: Reading) -> list[Cell]:
    return [part, of, reading.count, reading.score, reading.low, reading.high]


def _workbook(headings: list[str], rows: list[list[Cell]]) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet()
    for place, heading in enumerate(headings):
        sheet.write_string(0, place, heading)
    for number, row in enumerate(rows, 1):
        for place, cell in enumerate(row):
            if cell is not None:
                sheet.write(number, place, harmless(cell))
    sheet.freeze_panes(1, 0)
    book.close()
    return file.getvalue()
