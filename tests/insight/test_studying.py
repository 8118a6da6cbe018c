"""Studies of survey answers: what they say, of whom, and how they run and stop."""

from datetime import timedelta

import pytest

from asked import PARTS
from cast import TODAY
from insight.answered import ASKED_ON, ask
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.core.models import JobRun, JobState
from kezhi.core.progress import Stopped
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Customer
from kezhi.insight import delivering, driving
from kezhi.insight.models import CustomerReading, DeliveredRules, Study
from kezhi.insight.studying import begin_study, cancel_study, run_study, start_study
from kezhi.jobs.carrying import carry_out
from kezhi.jobs.tasks import study_answers
from kezhi.ledger.models import CostEntry
from kezhi.satisfaction.models import SurveyAnswer, SurveyItem
from kezhi.satisfaction.questioning import create_item
from kezhi.value.plain import from_plain

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(driving, "DRAWS", 60)


def studied(subject="delivered"):
    return run_study(begin_study(subject, actor=SYSTEM, on=TODAY).pk)


def delivered_of(study):
    return from_plain(delivering.Figures, study.figures)


def drivers_of(study):
    return from_plain(driving.Figures, study.figures)


@pytest.fixture
def answered(trading):
    return ask()


def test_delivered_value_is_benefits_less_costs_by_customer(answered):
    study = studied()
    found = delivered_of(study)
    assert (study.state, study.respondents, study.customers) == ("done", 60, 60)
    assert found.is_enough
    assert found.ours.value == pytest.approx(found.ours.benefits - found.ours.costs)
    assert found.ours.low < found.ours.value < found.ours.high
    assert {part.attribute for part in found.parts} == set(PARTS)
    readings = CustomerReading.objects.filter(study=study)
    mean = sum(reading.score for reading in readings) / 60
    assert mean == pytest.approx(found.ours.value)
    one = readings.get(customer__code="C-010")
    assert (one.respondents, one.low) == (1, None)


def test_the_map_compares_with_the_competitor_at_the_prices_named(answered):
    found = delivered_of(studied())
    assert {each.group for each in found.suppliers} == {"", "恒达"}
    ours, theirs = (next(p for p in found.points if p.about == name) for name in ("", "恒达"))
    assert ours.price == pytest.approx(12, abs=0.3)
    assert ours.relative_price == pytest.approx(ours.price / theirs.price)
    assert ours.ratio == pytest.approx(ours.relative_benefits / ours.relative_price)


def test_benefits_and_a_price_are_enough_for_the_map(answered):
    rivals = SurveyAnswer.objects.exclude(about="")
    rivals.filter(item__factor__in=("time", "mental", "physical")).delete()
    found = delivered_of(studied())
    assert {point.about for point in found.points} == {"", "恒达"}
    assert {p.attribute for p in found.parts if p.lead is not None} >= {"product", "service"}


def test_one_point_more_is_worth_money_once_value_is_measured(answered, measure):
    before = delivered_of(studied())
    assert not before.has_stakes
    assert before.buyers > 0
    assert all(one.p_change > 0 for one in before.worth)
    measure()
    found = delivered_of(studied())
    assert found.has_stakes
    assert all(one.low <= one.money <= one.high for one in found.worth)


def test_too_early_answers_move_the_index_only(answered):
    SurveyAnswer.objects.update(answered_on=TODAY)
    found = delivered_of(studied())
    assert found.why_no_worth == "early"
    assert all(one.money is None and one.index > 0 for one in found.worth)


def test_few_answers_say_nothing_of_the_company_but_of_the_customer(trading):
    ask(Customer.objects.order_by("pk")[: delivering.LEAST - 1])
    study = studied()
    found = delivered_of(study)
    assert not found.is_enough
    assert (found.respondents, found.ours, found.points) == (delivering.LEAST - 1, None, ())
    assert CustomerReading.objects.filter(study=study).count() == delivering.LEAST - 1


def test_nobody_asked_is_no_fault(company):
    assert delivered_of(studied()).respondents == 0
    assert drivers_of(studied("drivers")).why_not == "questions"


def test_answers_of_long_ago_and_questions_out_of_use_take_no_part(answered):
    SurveyItem.objects.filter(code="image").update(is_active=False)
    old = SurveyAnswer.objects.filter(customer__code__lt="C-020")
    old.update(answered_on=TODAY - timedelta(days=800))
    study = studied()
    assert study.respondents == 40
    assert "image" not in {part.attribute for part in delivered_of(study).parts}


def test_what_is_counted_of_a_customer_stands_beside_what_was_asked(answered):
    fields = {"code": "visits", "text": "Visits", "factor": "physical", "low": 0, "high": 10}
    create_item({**fields, "source": "visits"}, actor=SYSTEM, on=TODAY)
    customer = Customer.objects.get(code="C-010")
    before = CustomerReading.objects.get(study=studied(), customer=customer).score
    CostEntry.objects.bulk_create(
        CostEntry(customer=customer, activity="visit", incurred_on=TODAY, amount=1, entry_key=n)
        for n in range(30)
    )
    assert CustomerReading.objects.get(study=studied(), customer=customer).score < before


def test_segments_with_few_respondents_are_counted_not_shown(answered):
    few = Customer.objects.order_by("pk")
    Customer.objects.filter(pk__in=few[:4]).update(region="安徽")
    Customer.objects.filter(pk__in=few[4:30]).update(region="江苏")
    found = delivered_of(studied())
    assert [(each.group, each.respondents) for each in found.segments["region"]] == [("江苏", 26)]
    assert found.small_segments["region"] == 1


def test_weights_in_force_decide(answered):
    plain = delivered_of(studied()).ours
    DeliveredRules.objects.create(weights={"product": 1, "time": 2}, reason="x")
    found = delivered_of(studied()).ours
    assert found.benefits == pytest.approx(plain.attributes[0])
    assert found.costs == pytest.approx(2 * plain.attributes[5])


def test_the_retention_model_tells_what_moves_the_intention(answered):
    study = studied("drivers")
    found = drivers_of(study)
    assert (found.why_not, found.respondents) == ("", 60)
    strongest = found.effects[0]
    assert strongest.cause in ("satisfaction", "perceived_value")
    assert strongest.low > 0
    assert all(0 < share < 1 for share in found.r_squared.values())
    assert len(found.reliability) == 4
    assert found.behaviour.p_high > found.behaviour.p_low
    readings = CustomerReading.objects.filter(study=study)
    assert readings.count() == 60
    assert all(0 <= r.score <= 100 and 0 <= r.probability <= 1 for r in readings)


def test_few_complete_answers_give_no_retention_model(trading):
    ask(Customer.objects.order_by("pk")[: driving.LEAST - 1])
    found = drivers_of(studied("drivers"))
    assert (found.why_not, found.paths) == ("few", ())


def test_a_construct_that_nobody_was_asked_is_named(answered):
    SurveyAnswer.objects.filter(item__factor="satisfaction").delete()
    assert drivers_of(studied("drivers")).missing == ("satisfaction",)


def test_a_question_that_all_answer_alike_is_told(answered):
    SurveyAnswer.objects.filter(item__code="intention_1").update(answer=7)
    found = drivers_of(studied("drivers"))
    assert found.why_not == "same"
    assert "intention_1" in found.reason


def test_without_switching_cost_the_model_does_with_the_rest(answered):
    SurveyAnswer.objects.filter(item__factor="switching_cost").delete()
    found = drivers_of(studied("drivers"))
    assert found.why_not == ""
    assert {one.cause for one in found.effects} == {"satisfaction", "perceived_value"}


def test_the_same_answers_give_the_same_figures(answered):
    for subject in Study.Subject:
        assert studied(subject).figures == studied(subject).figures


def test_only_the_newest_tells_of_single_customers(answered):
    first, second = studied(), studied()
    assert not CustomerReading.objects.filter(study=first).exists()
    assert Study.objects.newest("delivered") == second
    assert Study.objects.filter(pk=first.pk).exists()


def test_who_does_not_see_all_answers_starts_none(answered, li_wei, manager, agent):
    for person in (li_wei, manager, agent):
        with pytest.raises(NotAllowed):
            start_study("delivered", actor=person, on=TODAY)
    assert not Study.objects.exists()


def test_a_worker_carries_it_out_once(answered, owner):
    study = start_study("delivered", actor=owner, on=TODAY)
    with pytest.raises(Refused):
        start_study("delivered", actor=owner, on=TODAY)
    carry_out(study_answers, study.job_run_id, {"study": study.pk})
    study.refresh_from_db()
    assert study.state == "done"
    assert JobRun.objects.get(pk=study.job_run_id).state == JobState.DONE
    carry_out(study_answers, study.job_run_id, {"study": study.pk})
    assert Study.objects.count() == 1
    assert Entry.objects.filter(deed="study.started", actor_id=owner.pk).count() == 1


def test_a_study_that_is_cancelled_keeps_what_was_there(answered, owner):
    first = studied()
    waiting = start_study("delivered", actor=owner, on=TODAY)
    cancel_study(waiting, actor=owner, on=TODAY)
    waiting.refresh_from_db()
    assert waiting.state == "cancelled"
    assert Study.objects.newest("delivered") == first
    with pytest.raises(Refused):
        cancel_study(waiting, actor=owner, on=TODAY)


@pytest.mark.parametrize("subject", list(Study.Subject))
@pytest.mark.parametrize("after", [1, 50])
def test_stopped_in_the_middle_it_keeps_nothing(answered, owner, subject, after):
    study = begin_study(subject, actor=owner, on=TODAY)

    def progress(done, total, message=""):
        if done >= after:
            raise Stopped

    with pytest.raises(Stopped):
        run_study(study.pk, progress)
    study.refresh_from_db()
    assert (study.state, study.readings.count()) == ("cancelled", 0)


def test_a_customer_s_answers_tell_what_was_bought_after_them(answered):
    from kezhi.insight.answers import bought_afterwards

    ids = [str(pk) for pk in Customer.objects.values_list("pk", flat=True)]
    found = bought_afterwards(ids, [ASKED_ON] * len(ids), TODAY)
    assert 0 < found.mean() < 1
    assert (
        bought_afterwards(ids[:1], [TODAY], TODAY)[0]
        != bought_afterwards(ids[:1], [TODAY], TODAY)[0]
    )


def test_a_lead_goes_by_the_questions_asked_about_both(answered):
    before = {part.attribute: part for part in delivered_of(studied()).parts}
    fields = {"code": "visits", "text": "Visits", "factor": "physical", "low": 0, "high": 10}
    create_item({**fields, "source": "visits"}, actor=SYSTEM, on=TODAY)
    after = {part.attribute: part for part in delivered_of(studied()).parts}
    assert after["physical"].ours < before["physical"].ours  # nobody was visited
    assert after["physical"].lead == pytest.approx(before["physical"].lead)
