"""Answers from a file: whom they belong to, once each, corrected, and taken back."""

from decimal import Decimal

import pytest

from cast import NOW, TODAY
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import reassign_customer
from kezhi.dataio.correcting import as_csv, sample_rows
from kezhi.dataio.importing import undo_import
from kezhi.satisfaction.designing import create_survey, publish_survey
from kezhi.satisfaction.models import SurveyAnswer, SurveyItem, SurveyResponse
from kezhi.satisfaction.questioning import create_item, delete_item, edit_item

pytestmark = pytest.mark.django_db

CHINESE = """受访者,客户,题目,回答,日期,评价对象
R1,C-AHTEA,product,8,2026年3月5日,
R1,C-AHTEA,product,6,2026/3/5,恒达
R1,安徽茶业有限公司,price,12.5,20260305,我们
"""
ENGLISH = """respondent,customer,item,answer,date,about
R1,C-AHTEA,product,8,2026-03-05,us
R1,C-AHTEA,product,6,2026-03-05,恒达
R1,C-AHTEA,price,12.50,2026-03-05,ourselves
"""


def answers():
    rows = SurveyAnswer.objects.order_by("about", "item__code")
    return list(rows.values_list("respondent", "item__code", "about", "answer", "owner_id"))


@pytest.mark.parametrize("content", [CHINESE, ENGLISH])
def test_answers_go_to_the_customer_with_its_owner(bring_in, questions, anhui_tea, li_wei, content):
    batch = bring_in("survey_answer", content)
    assert (batch.created, batch.bad) == (3, 0)
    assert answers() == [
        ("R1", "price", "", Decimal("12.5"), li_wei.pk),
        ("R1", "product", "", Decimal(8), li_wei.pk),
        ("R1", "product", "恒达", Decimal(6), li_wei.pk),
    ]


def test_the_same_file_twice_changes_nothing(bring_in, questions, anhui_tea):
    bring_in("survey_answer", CHINESE)
    before = answers()
    again = bring_in("survey_answer", ENGLISH)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 3)
    assert answers() == before


def test_a_corrected_answer_takes_the_place_of_the_former_and_back(bring_in, questions, anhui_tea):
    first = bring_in("survey_answer", CHINESE)
    batch = bring_in("survey_answer", CHINESE.replace("product,8", "product,9"))
    assert (batch.created, batch.updated, batch.unchanged) == (0, 1, 2)
    assert SurveyAnswer.objects.get(item__code="product", about="").answer == 9
    with pytest.raises(Refused):
        undo_import(first, actor=SYSTEM, at=NOW)
    undo_import(batch, actor=SYSTEM, at=NOW)
    assert SurveyAnswer.objects.get(item__code="product", about="").answer == 8
    undo_import(first, actor=SYSTEM, at=NOW)
    assert not SurveyAnswer.objects.exists()


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("R2,C-NONE,product,8,2026-03-05,", 1, "missing_reference"),
        ("R2,C-AHTEA,taste,8,2026-03-05,", 2, "missing_reference"),
        ("R2,C-AHTEA,product,11,2026-03-05,", 3, "refused"),
        ("R2,C-AHTEA,price,-1,2026-03-05,", 3, "refused"),
        ("R2,C-AHTEA,visits,3,2026-03-05,", 2, "refused"),
        ("R2,C-AHTEA,product,good,2026-03-05,", 3, "not_a_number"),
        ("R2,C-AHTEA,product,,2026-03-05,", 3, "required"),
        ("R2,C-AHTEA,product,8,2026-02-30,", 4, "no_such_date"),
        ("R2,C-AHTEA,product,8,2027-01-01,", 4, "in_future"),
        ("R1,C-FAR,product,8,2026-03-06,", 0, "refused"),
        ("R1,C-AHTEA,product,7,2026-03-05,", 0, "same_row_again"),
    ],
)
def test_what_is_wrong_is_told_at_its_row_and_column(
    checked, questions, anhui_tea, far_away, row, column, code
):
    visits = {"code": "visits", "text": "Visits", "factor": "physical", "source": "visits"}
    create_item(visits, actor=SYSTEM, on=TODAY)
    batch = checked("survey_answer", f"{CHINESE}{row}\n")
    assert [(cause["column"], cause["code"], cause["rows"]) for cause in batch.causes] == [
        (column, code, [5])
    ]
    assert not SurveyAnswer.objects.exists()  # a check writes nothing


def test_the_reason_names_question_and_scale(checked, questions, anhui_tea):
    batch = checked("survey_answer", CHINESE.replace("product,8", "product,11"))
    assert "product 的量表范围（1 至 10）" in batch.causes[0]["params"]["reason"]


def test_a_stranger_s_customer_is_not_there(bring_in, questions, anhui_tea, manager, far_away):
    batch = bring_in(
        "survey_answer", "受访者,客户,题目,回答,日期\nR9,C-FAR,product,5,2026-03-05\n", manager
    )
    assert batch.causes[0]["code"] == "missing_reference"
    assert (batch.created, SurveyAnswer.objects.count()) == (0, 0)


def test_who_may_not_import_is_refused(take_in, questions, li_wei, analyst):
    for person in (li_wei, analyst):
        with pytest.raises(NotAllowed):
            take_in("survey_answer", CHINESE, actor=person)


def test_answers_follow_the_customer_to_another_owner(
    bring_in, questions, anhui_tea, chen_jing, owner
):
    bring_in("survey_answer", CHINESE)
    assert SurveyAnswer.objects.visible_to(chen_jing).count() == 0
    reassign_customer(anhui_tea, chen_jing, actor=owner, on=TODAY)
    assert SurveyAnswer.objects.visible_to(chen_jing).count() == 3


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_sample_file_can_be_imported(bring_in, company, anhui_tea, language):
    create_item({"code": "Q1", "text": "Q", "factor": "product"}, actor=SYSTEM, on=TODAY)
    rows = [
        [cell.replace("C-0001", "C-AHTEA") for cell in row]
        for row in sample_rows("survey_answer", language)
    ]
    assert bring_in("survey_answer", b"".join(as_csv(rows))).created == 1


def test_questions_come_from_a_file_and_are_brought_up_to_date(bring_in, company):
    head = "题号,题目,所属要素,最低分,最高分,反向题\n"
    batch = bring_in(
        "survey_item", head + "Q1,产品好用吗,产品价值,1,5,否\nQ2,下单方便吗,时间成本,1,7,是\n"
    )
    assert (batch.created, batch.bad) == (2, 0)
    easy = SurveyItem.objects.get(code="Q2")
    assert (easy.factor, easy.low, easy.high, easy.is_reversed) == ("time", 1, 7, True)
    batch = bring_in(
        "survey_item", head + "Q1,产品好用吗,产品价值,1,5,否\nQ2,下单快吗,时间成本,1,7,是\n"
    )
    assert (batch.updated, batch.unchanged) == (1, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"low": 5, "high": 5},
        {"code": "product"},
        {"factor": "satisfaction", "unit": "money"},
        {"factor": "intention", "source": "visits"},
    ],
)
def test_a_question_that_cannot_be_is_refused(questions, wrong):
    fields = {"code": "Q9", "text": "Q", "factor": "image", **wrong}
    with pytest.raises(Refused):
        create_item(fields, actor=SYSTEM, on=TODAY)


def test_a_question_with_answers_stays_and_keeps_them_on_its_scale(
    bring_in, questions, anhui_tea, owner
):
    bring_in("survey_answer", CHINESE)
    with pytest.raises(Refused):
        delete_item(questions["product"], actor=owner, on=TODAY)
    with pytest.raises(Refused):
        edit_item(questions["product"], {"high": 5}, actor=owner, on=TODAY)
    edit_item(questions["product"], {"is_active": False}, actor=owner, on=TODAY)
    assert Entry.objects.filter(deed="survey_item.edited").exists()


def test_who_may_not_write_questions_is_refused(questions, li_wei):
    with pytest.raises(NotAllowed):
        create_item({"code": "Q9", "text": "Q", "factor": "image"}, actor=li_wei, on=TODAY)


def test_filled_in_surveys_come_from_a_file_once_and_are_taken_back(bring_in, anhui_tea, owner):
    """Each row by its deed: off the scale is told at its row, what came before is refused."""
    survey = create_survey({"code": "NPS", "instrument": "nps"}, actor=owner, on=TODAY)
    publish_survey(survey, actor=owner, at=NOW)
    file = (
        "问卷,客户,日期,回答\n"
        "NPS,C-AHTEA,2026-03-05,recommend=9; comment=快；稳\n"
        "NPS,C-AHTEA,2026-03-05,recommend=11\n"
        "NPS,C-AHTEA,2026-03-06,九分\n"
    )
    batch = bring_in("survey_response", file)
    assert (batch.created, batch.bad) == (1, 2)
    response = SurveyResponse.objects.get()
    assert (response.score, response.comment, response.customer) == (90, "快；稳", anhui_tea)
    assert bring_in("survey_response", file).created == 0
    undo_import(batch, actor=SYSTEM, at=NOW)
    assert not SurveyResponse.objects.exists()
