"""A survey from its draft to its case: published once, sent by rule, answered once, and never by a robot."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from cast import NOW, TODAY
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.consenting import give_consent, refuse
from kezhi.customers.models import Contact, FollowUp
from kezhi.messaging.models import Outgoing
from kezhi.satisfaction import answering, designing, improving, inviting, ruling, sending
from kezhi.satisfaction.linking import row_by, token_of
from kezhi.satisfaction.models import (
    SurveyAnswer,
    SurveyInvitation,
    SurveyItem,
    SurveyQuestion,
    SurveyResponse,
)
from kezhi.satisfaction.sending import Happening
from kezhi.workbench.filtering import Asking

pytestmark = pytest.mark.django_db
State = SurveyInvitation.State
NOON = NOW  # ten in the morning in Shanghai


@pytest.fixture
def survey(owner):
    made = designing.create_survey({"code": "after", "instrument": "csat"}, actor=owner, on=TODAY)
    designing.publish_survey(made, actor=owner, at=NOON)
    return made


@pytest.fixture
def ms_wang(anhui_tea, owner):
    contact = Contact.objects.create(
        customer=anhui_tea, name="王芳", email="wang@anhui.example", **anhui_tea.place
    )
    agree(contact, owner)
    return contact


def agree(contact, owner):
    fields = {"customer": contact.customer, "contact": contact, "purpose": "survey"}
    give_consent(
        {**fields, "channel": "email", "source": "import", "given_on": TODAY - timedelta(days=90)},
        actor=owner,
        on=TODAY,
    )


def a_rule(survey, owner, **more):
    fields = {"name": "结单后", "event": "need.answered", "delay_hours": 0, "cap_days": 30}
    return ruling.create_rule(survey, fields | more, actor=owner, at=NOON)


def an_event(contact, number=1, **more):
    about = {"about_kind": "need", "about_id": number, **more}
    return Happening(f"need:{number}", contact.customer_id, contact.pk, **about)


def sent(survey, contact, owner, **more):
    a_rule(survey, owner, **more)
    [planned] = sending.happened("need.answered", an_event(contact, agent_id=owner.pk), NOON)
    sending.send_due(actor=SYSTEM, at=NOON)
    planned.refresh_from_db()
    return planned


def answers(version, **typed):
    questions = list(version.questions.all())
    return answering.read(questions, {code: [str(entry)] for code, entry in typed.items()})


def test_a_published_version_never_changes_and_the_next_is_a_copy(survey, owner, li_wei):
    first = survey.published
    with pytest.raises(Refused):
        designing.edit_question(first.questions.first(), {"text_zh": "？"}, actor=owner, on=TODAY)
    for spoil in (
        lambda: first.questions.update(text_zh="改"),
        lambda: first.questions.all().delete(),
        lambda: SurveyQuestion.objects.create(version=first, position=9, code="x", text_en="x"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            spoil()
    with pytest.raises(NotAllowed):
        designing.begin_draft(survey, actor=li_wei, on=TODAY)
    draft = designing.begin_draft(survey, actor=owner, on=TODAY)
    assert draft.number == 2
    assert [q.code for q in draft.questions.all()] == [q.code for q in first.questions.all()]
    asked, reason, comment = draft.questions.all()
    with pytest.raises(Refused):  # it would stand before the question that it depends on
        designing.move_question(reason, 1, actor=owner, on=TODAY)
    with pytest.raises(Refused):
        designing.remove_question(asked, actor=owner, on=TODAY)
    designing.move_question(comment, 1, actor=owner, on=TODAY)
    designing.edit_question(asked, {"code": "all_in_all"}, actor=owner, on=TODAY)
    assert [q.code for q in draft.questions.all()] == ["comment", "all_in_all", "reason"]
    assert draft.questions.get(code="reason").condition["question"] == "all_in_all"
    assert survey.published == first


@pytest.mark.parametrize("instrument", ["nps", "ces", "servqual", "kano", "acsi"])
def test_every_ready_questionnaire_can_be_published_as_it_is(instrument, owner):
    made = designing.create_survey(
        {"code": instrument, "instrument": instrument}, actor=owner, on=TODAY
    )
    version = designing.publish_survey(made, actor=owner, at=NOON)
    rows = list(version.questions.all())
    assert all(row.text_zh and row.text_en for row in rows)
    best = {q.code: q.high for q in rows if q.is_scale and q.sort != "expectation"}
    given = answers(version, **best, **{q.code: 1 for q in rows if q.code not in best})
    assert not given.errors
    scored = [(q, given.numbers[q.code]) for q in rows if q.code in given.numbers]
    found = answering.score_of(scored, version.dimension_weights)
    assert found == (None if instrument == "kano" else Decimal(100))
    if instrument == "servqual":
        assert [sum(r.sort == s for r in rows) for s in ("expectation", "perception")] == [22, 22]


def test_a_letter_leaves_once_by_rule_cap_quota_and_consent(survey, ms_wang, owner, agent):
    rule = a_rule(survey, owner, quota_per_day=1, remind_after_days=3)
    assert sending.happened("need.answered", an_event(ms_wang), NOON)
    assert not sending.happened("need.answered", an_event(ms_wang), NOON)  # told twice
    other = Contact.objects.create(
        customer=ms_wang.customer,
        name="Tom Reed",
        email="tom@anhui.example",
        phone="+44 20 7946 0958",
    )
    agree(other, owner)
    for number, contact in ((2, ms_wang), (3, other)):
        sending.happened("need.answered", an_event(contact, number), NOON)
    sending.send_due(actor=SYSTEM, at=NOON)
    first, again, over = SurveyInvitation.objects.order_by("pk")
    assert (first.state, again.state, over.state) == (State.SENT, State.KEPT_BACK, State.PLANNED)
    assert "30" in again.reason
    assert over.language == "en"
    assert over.due_at > NOON  # it is night in London
    letter = Outgoing.objects.get(key=f"survey:{first.pk}")
    assert letter.to == ["wang@anhui.example"]
    assert (
        token_of(first) not in f"{letter.text}{letter.html}{letter.details}"
    )  # written when it leaves
    sending.send_due(actor=SYSTEM, at=NOON + timedelta(days=4))
    sending.send_due(actor=SYSTEM, at=NOON + timedelta(days=5))
    assert Outgoing.objects.filter(key=f"survey:{first.pk}:again").count() == 1
    refuse(ms_wang, "survey", actor=SYSTEM, at=NOON + timedelta(days=6), channel="email")
    later = NOON + timedelta(days=60)
    sending.happened("need.answered", an_event(ms_wang, 4), later)
    sending.send_due(actor=SYSTEM, at=later)
    assert SurveyInvitation.objects.latest("pk").state == State.KEPT_BACK
    first.refresh_from_db()
    assert first.state == State.EXPIRED
    with pytest.raises(NotAllowed):
        ruling.edit_rule(rule, {"share": 1}, actor=agent, at=NOON)


def test_the_draw_is_the_same_for_the_same_seed(survey, ms_wang, owner):
    rule = a_rule(survey, owner, share=Decimal("0.3"))
    drawn = [key for key in range(1000) if sending.is_drawn(rule, f"t:{key}")]
    assert 250 < len(drawn) < 350
    assert drawn == [key for key in range(1000) if sending.is_drawn(rule, f"t:{key}")]


def test_an_answer_counts_once_reaches_the_customer_and_opens_a_case(
    survey, ms_wang, owner, li_wei
):
    survey = designing.edit_survey(
        survey,
        {"low_below": 50, "case_type": "follow_up", "case_owner": li_wei, "case_days": 3},
        actor=owner,
        on=TODAY,
    )
    invitation = sent(survey, ms_wang, owner)
    assert row_by(token_of(invitation)) == invitation
    given = answers(invitation.survey_version, overall=1, reason="slow", comment="等了三天")
    about = {"actor": SYSTEM, "at": NOON, "seconds": 40, "language": "zh-hans"}
    response = answering.take_response(survey, given, invitation=invitation, **about)
    twice = answering.take_response(survey, given, invitation=invitation, **about)
    assert twice == response
    assert SurveyResponse.objects.visible_to(li_wei).get() == response
    assert (response.score, response.comment, response.agent_id) == (0, "等了三天", owner.pk)
    assert response.about_kind == "need"
    assert response.case_state == "opened"
    task = FollowUp.objects.get(customer=ms_wang.customer)
    assert (task.assignee, task.due_on) == (li_wei, TODAY + timedelta(days=3))
    with pytest.raises(Refused):
        designing.delete_survey(survey, actor=owner, on=TODAY)


def test_what_is_off_the_scale_missing_or_not_asked_is_no_answer(survey):
    version = survey.published
    assert answers(version, overall="1e0").numbers["overall"] == 1
    for typed in ("6", "0", "-1", "1.5", "NaN", "٣", "9" * 50, "<b>"):
        wrong = answers(version, overall=typed)
        assert "overall" in wrong.errors, typed
    assert answers(version, overall=5, reason="slow,x").errors
    empty = answers(version, comment="只有话")
    answering.demand(version.questions.all(), empty)
    assert "overall" in empty.errors
    happy = answers(version, overall=5, reason="slow")  # only asked of who is not content
    answering.demand(version.questions.all(), happy)
    assert "reason" not in happy


def test_an_item_of_a_factor_takes_the_answer_along(survey, ms_wang, owner):
    item = SurveyItem.objects.create(code="C1", text="满意", factor="satisfaction", low=1, high=5)
    designing.begin_draft(survey, actor=owner, on=TODAY)
    asked = survey.draft.questions.get(code="overall")
    designing.edit_question(asked, {"item": item}, actor=owner, on=TODAY)
    designing.publish_survey(survey, actor=owner, at=NOON)
    invitation = sent(survey, ms_wang, owner)
    given = answers(invitation.survey_version, overall=4)
    answering.take_response(survey, given, invitation=invitation, actor=SYSTEM, at=NOON)
    kept = SurveyAnswer.objects.get(item=item)
    assert (kept.customer, kept.answer, kept.answered_on) == (ms_wang.customer, 4, TODAY)


def test_an_anonymous_answer_leaves_nothing_that_leads_to_the_person(ms_wang, owner):
    survey = designing.create_survey(
        {"code": "quiet", "instrument": "nps", "is_anonymous": True}, actor=owner, on=TODAY
    )
    designing.publish_survey(survey, actor=owner, at=NOON)
    with pytest.raises(Refused):
        designing.edit_survey(survey, {"low_below": 60}, actor=owner, on=TODAY)
    invitation = sent(survey, ms_wang, owner)
    answering.note_opening(invitation, NOON)
    given = answers(invitation.survey_version, recommend=2)
    about = {"invitation": invitation, "actor": SYSTEM, "at": NOON, "seconds": 9}
    answering.take_response(survey, given, **about)
    answering.take_response(survey, given, **about)
    response, known = SurveyResponse.objects.get(), SurveyInvitation.objects.get()
    assert known.state == State.ANSWERED
    assert known.answered_at is None
    assert known.opened_at is None
    assert known.about_id is None
    for name in (
        "invitation",
        "customer",
        "contact",
        "about_id",
        "agent_id",
        "seconds",
        "owner_id",
    ):
        assert getattr(response, name) is None, name
    assert response.answered_on == TODAY - timedelta(days=TODAY.weekday())
    assert response.created_at == response.answered_at
    assert response.key.startswith("anonymous:")
    trace = Entry.objects.filter(deed="survey_response.taken")
    assert {row.subject_id for row in trace} == {survey.pk}


def test_by_hand_the_preview_says_who_not_and_why_and_the_same_are_asked(survey, ms_wang, owner):
    deaf = Contact.objects.create(
        customer=ms_wang.customer, name="无", email="", **ms_wang.customer.place
    )
    assert deaf.email == ""
    asking = Asking(owner, TODAY, NOON.tzinfo)
    wish = inviting.Wish(customers=[ms_wang.customer_id], remind_after_days=5)
    [candidate] = inviting.preview(survey, wish, asking, NOON)
    assert (candidate.invitation.contact, candidate.reason) == (ms_wang, "")
    inviting.send_by_hand(survey, wish, asking, actor=owner, at=NOON)
    assert sending.is_due(NOON + timedelta(minutes=1))
    sending.send_due(actor=SYSTEM, at=NOON + timedelta(minutes=1))
    assert SurveyInvitation.objects.get().state == State.SENT
    with pytest.raises(Refused):  # asked within the last days
        inviting.send_by_hand(survey, wish, asking, actor=owner, at=NOON + timedelta(days=1))


def test_an_improvement_takes_its_steps_and_measures_itself(survey, anhui_tea, owner, li_wei):
    version = survey.published
    for days, scores in ((-60, (1, 2, 2, 1, 2, 3)), (-5, (5, 4, 5, 5, 4, 5))):
        for number, score in enumerate(scores):
            answering.enter_response(
                survey,
                anhui_tea,
                answers(version, overall=score),
                actor=owner,
                at=NOON + timedelta(days=days, minutes=number),
            )
    fields = {
        "title": "更快回电",
        "owner": owner,
        "due_on": TODAY,
        "measure": "dimension",
        "dimension": "satisfaction",
        "survey": survey,
        "before_from": TODAY - timedelta(days=90),
        "before_until": TODAY - timedelta(days=30),
        "after_from": TODAY - timedelta(days=20),
    }
    made = improving.create_improvement(fields, actor=owner, on=TODAY)
    by = {"actor": owner, "on": TODAY}
    with pytest.raises(Refused):  # nothing is planned yet
        improving.move_improvement(made, "do", **by)
    with pytest.raises(Refused):
        improving.move_improvement(made, "act", words="先做", **by)
    for to in ("do", "check"):
        made = improving.move_improvement(made, to, words="写下", **by)
    assert made.result["verdict"] == "better"
    assert made.result["before"]["count"] == made.result["after"]["count"] == 6
    assert made.result["difference"]["low"] > 0
    with pytest.raises(NotAllowed):
        improving.move_improvement(made, "act", words="不", actor=li_wei, on=TODAY)
