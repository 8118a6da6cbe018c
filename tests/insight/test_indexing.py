"""The index system from draft to publication: changed, judged, compared, approved, and run by."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import translation

from cast import TODAY
from kezhi.accounts.models import Role
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.insight import figures
from kezhi.insight.indexing import approving, comparing, drafting, judging, shaping
from kezhi.insight.indexing.checking import check_tree
from kezhi.insight.indexing.drafting import Change, InvalidIndex
from kezhi.insight.models import IndexDraft, IndexJudgement, Snapshot, ValueRun, ValueSettings
from kezhi.insight.ruling import InvalidRules, current_settings, publish_value_settings
from kezhi.value.measure import Settings

pytestmark = pytest.mark.django_db
CONSISTENT = {
    ("contribution", "continuation"): 2.0,
    ("contribution", "payment"): 6.0,
    ("continuation", "payment"): 4.0,
}
ABSURD = {
    ("contribution", "continuation"): 9.0,
    ("contribution", "payment"): 1 / 9,
    ("continuation", "payment"): 9.0,
}


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def draft(owner):
    return drafting.begin_draft("2027 年指标体系", actor=owner, on=TODAY)


def whole(draft):
    draft.refresh_from_db()
    return approving.whole_tree(draft)


def deed(draft, actor):
    draft.refresh_from_db()
    return {"actor": actor, "on": TODAY, "version": draft.version}


def heavier_loyalty(draft, actor):
    drafting.edit_index(draft, "2", Change("loyalty", 0.6), **deed(draft, actor))


def deep(draft, actor):
    """Loyalty gets a group in a group: its indices stand at the fourth level."""
    drafting.add_index(draft, "2", Change("行为", 0.5), **deed(draft, actor))
    drafting.add_index(draft, "2.3", Change("购买", 1.0), **deed(draft, actor))
    drafting.add_index(
        draft, "2.3.0", Change("活跃概率", 0.5, measure="p_alive"), **deed(draft, actor)
    )
    drafting.add_index(
        draft,
        "2.3.0",
        Change("间隔", 0.5, measure="overdue_ratio", direction="cost"),
        **deed(draft, actor),
    )
    draft.refresh_from_db()
    return draft


def publish(draft, actor, **options):
    submitted = approving.submit_draft(draft, actor=actor, on=TODAY, reason="年度复核", **options)
    return approving.approve_draft(submitted, actor=actor, on=TODAY)


def test_a_draft_changes_nothing_for_anybody(owner, draft):
    before = current_settings().rules
    heavier_loyalty(draft, owner)
    assert current_settings().rules == before
    assert Entry.objects.filter(deed="index_draft.changed", actor_id=owner.pk).exists()


def test_indices_are_added_moved_renamed_and_removed(owner, draft):
    deep(draft, owner)
    names = [node["name"] for _path, node in shaping.walk(draft.tree["branches"][2])]
    assert names == ["tenure", "next_purchase", "satisfaction", "行为", "购买", "活跃概率", "间隔"]
    drafting.move_index(draft, "2.0", 1, **deed(draft, owner))
    drafting.put_index(draft, "2.0", "0", **deed(draft, owner))
    drafting.remove_index(draft, "3", **deed(draft, owner))
    draft.refresh_from_db()
    assert [leaf["name"] for leaf in draft.tree["branches"][0]["leaves"]][-1] == "next_purchase"
    assert [branch["name"] for branch in draft.tree["branches"]] == [
        "current",
        "growth",
        "loyalty",
        "information",
    ]
    drafting.edit_index(
        draft, "2.0", Change("客龄", 0.3, measure="tenure_months"), **deed(draft, owner)
    )
    draft.refresh_from_db()
    assert shaping.at(draft.tree, "2.0")["name"] == "客龄"


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Change("", 1, measure="p_alive"), "name"),
        (Change("contribution", 1, measure="p_alive"), "name"),
        (Change("x" * 61, 1, measure="p_alive"), "name"),
        (Change("新", float("nan"), measure="p_alive"), "weight"),
        (Change("新", -1, measure="p_alive"), "weight"),
        (Change("新", 1, measure="shoe_size"), "measure"),
        (Change("新", 1, measure="p_alive", direction="sideways"), "direction"),
        (Change("新", 1, measure="p_alive", direction="target"), "target"),
        (Change("新", 1, measure="p_alive", normalisation="magic"), "normalisation"),
        (Change("新", 1, aggregation="magic"), "aggregation"),
    ],
)
def test_what_makes_no_sense_is_told_by_the_field(owner, draft, wanted, field):
    with pytest.raises(InvalidIndex) as refusal:
        drafting.add_index(draft, "0", wanted, **deed(draft, owner))
    assert list(refusal.value.errors) == [field]


def test_a_tree_has_four_levels_and_groups_at_the_top(owner, draft):
    deep(draft, owner)
    drafting.add_index(draft, "2.3.0", Change("四层", 1), **deed(draft, owner))
    with pytest.raises(Refused):
        drafting.add_index(
            draft, "2.3.0.2", Change("太深", 1, measure="p_alive"), **deed(draft, owner)
        )
    with pytest.raises(Refused):
        drafting.add_index(draft, "", Change("顶层", 1, measure="p_alive"), **deed(draft, owner))
    with pytest.raises(Refused):
        drafting.put_index(draft, "2", "2.3", **deed(draft, owner))


def test_two_people_do_not_overwrite_each_other(owner, analyst, draft):
    seen = deed(draft, analyst)
    heavier_loyalty(draft, owner)
    with pytest.raises(EditConflict):
        drafting.remove_index(draft, "0", **seen)


@pytest.mark.parametrize(("who", "may"), [("analyst", True), ("manager", True), ("li_wei", False)])
def test_who_may_change_and_who_may_publish(request, owner, draft, who, may):
    person = request.getfixturevalue(who)
    if not may:
        with pytest.raises(NotAllowed):
            drafting.begin_draft("我的", actor=person, on=TODAY)
        with pytest.raises(NotAllowed):
            heavier_loyalty(draft, person)
        return
    heavier_loyalty(draft, person)
    submitted = approving.submit_draft(draft, actor=person, on=TODAY, reason="复核")
    with pytest.raises(NotAllowed):
        approving.approve_draft(submitted, actor=person, on=TODAY)
    approving.approve_draft(submitted, actor=owner, on=TODAY)


def test_publishing_makes_a_version_and_keeps_the_one_before(owner, draft):
    before = current_settings()
    heavier_loyalty(draft, owner)
    published = publish(draft, owner)
    now = current_settings()
    assert published.published_as == now
    assert now.rules["tree"]["branches"][2]["weight"] == 0.6
    assert {**now.rules, "tree": 0} == {**before.rules, "tree": 0}
    before.refresh_from_db()
    assert before.rules["tree"]["branches"][2]["weight"] == 0.15
    with pytest.raises(Refused):
        heavier_loyalty(published, owner)


def test_what_is_not_different_or_not_complete_is_not_published(owner, draft):
    with pytest.raises(Refused):
        publish(draft, owner)
    drafting.add_index(draft, "", Change("空组", 0.1), **deed(draft, owner))
    with pytest.raises(Refused) as refusal:
        publish(draft, owner)
    assert "no index yet" in str(refusal.value)
    with pytest.raises(InvalidIndex):
        approving.submit_draft(draft, actor=owner, on=TODAY, reason=" ")
    with pytest.raises(InvalidIndex):
        approving.submit_draft(
            draft, actor=owner, on=TODAY, reason="补", effective_on=TODAY - timedelta(days=1)
        )


def test_a_second_person_approves_where_the_company_wants_it(owner, draft):
    publish_value_settings(
        {**current_settings().rules, "horizon_months": 24.0},
        actor=owner,
        on=TODAY,
        reason="需要两人",
        needs_second_person=True,
    )
    heavier_loyalty(draft, owner)
    submitted = approving.submit_draft(draft, actor=owner, on=TODAY, reason="复核")
    with pytest.raises(NotAllowed):
        approving.approve_draft(submitted, actor=owner, on=TODAY)
    other = Role.objects.get(key="owner")
    analyst = _second(owner, other)
    approving.approve_draft(submitted, actor=analyst, on=TODAY)
    assert current_settings().published_by == analyst
    assert current_settings().needs_second_person


def _second(owner, role):
    from kezhi.accounts.organising import create_person

    return create_person(
        {
            "login": "second",
            "name": "二把手",
            "roles": [role.key],
            "password": "long enough 9x",
            "department": owner.department,
        },
        actor=SYSTEM,
    )


def test_a_returned_draft_tells_why_and_is_written_on(owner, analyst, draft):
    heavier_loyalty(draft, analyst)
    submitted = approving.submit_draft(draft, actor=analyst, on=TODAY, reason="复核")
    with pytest.raises(InvalidIndex):
        approving.return_draft(submitted, actor=owner, on=TODAY, reason="")
    back = approving.return_draft(submitted, actor=owner, on=TODAY, reason="忠诚度过重")
    assert (back.is_draft, back.decision) == (True, "忠诚度过重")
    heavier_loyalty(back, analyst)
    again = approving.submit_draft(back, actor=analyst, on=TODAY, reason="复核")
    assert approving.withdraw_draft(again, actor=analyst, on=TODAY).is_draft
    assert drafting.discard_draft(back, actor=analyst, on=TODAY).state == "discarded"


def test_what_is_approved_for_a_later_day_is_published_by_the_first_run_from_then(
    owner, draft, trading, measure
):
    heavier_loyalty(draft, owner)
    later = TODAY + timedelta(days=3)
    approved = publish(draft, owner, effective_on=later)
    assert approved.is_approved
    assert approving.publish_due(actor=SYSTEM, on=later - timedelta(days=1)) == 0
    measure()
    assert (
        ValueRun.objects.latest_published().value_settings.rules["tree"]["branches"][2]["weight"]
        == 0.15
    )
    assert approving.publish_due(actor=SYSTEM, on=later) == 1
    assert current_settings().rules["tree"]["branches"][2]["weight"] == 0.6
    assert current_settings().published_by == owner


# ---- judgements ----


def judged_current(draft, actor, pairs, person=None):
    drafting.weigh_children(draft, "0", {"method": "ahp"}, [], **deed(draft, actor))
    judging.judge(draft, "0", pairs, actor=person or actor, on=TODAY)


def test_contradictory_judgements_keep_a_draft_from_being_published(owner, draft):
    judged_current(draft, owner, ABSURD)
    with pytest.raises(Refused) as refusal:
        publish(draft, owner)
    assert "CR = " in str(refusal.value)
    assert "Contribution" in str(refusal.value)
    judged_current(draft, owner, CONSISTENT)
    weighting = publish(draft, owner).published_as.rules["tree"]["branches"][0]["weighting"]
    assert weighting["method"] == "ahp"
    assert weighting["judgements"][0][0][1] == 2.0


def test_the_rules_are_checked_for_contradictions_too(owner):
    rules = current_settings().rules
    branch = rules["tree"]["branches"][0]
    matrix = judging.matrix_of([leaf["name"] for leaf in branch["leaves"]], ABSURD)
    branch["weighting"] = {"method": "ahp", "judgements": [matrix]}
    with pytest.raises(InvalidRules) as invalid:
        publish_value_settings(rules, actor=owner, on=TODAY, reason="试")
    assert "CR = " in invalid.value.errors["tree.0"]


def test_several_people_judge_and_count_by_the_geometric_mean(owner, analyst, draft):
    pairs = dict(CONSISTENT)
    judged_current(draft, owner, pairs)
    judging.judge(
        draft, "0", {pair: grade / 2 for pair, grade in pairs.items()}, actor=analyst, on=TODAY
    )
    tree = whole(draft)
    together = judging.judged(tree["branches"][0]["weighting"]["judgements"])
    assert together.matrix[0][1] == pytest.approx(2 / np.sqrt(2))
    judging.judge(draft, "0", {}, actor=analyst, on=TODAY)
    assert IndexJudgement.objects.get().person == owner


def test_judgements_follow_a_rename_and_go_with_a_removal(owner, draft):
    judged_current(draft, owner, CONSISTENT)
    drafting.edit_index(
        draft, "0.0", Change("贡献", 0.5, measure="contribution_12m"), **deed(draft, owner)
    )
    drafting.edit_index(draft, "0", Change("现值", 0.45), **deed(draft, owner))
    row = IndexJudgement.objects.get()
    assert row.parent == "现值"
    assert ("贡献", "payment") in judging.pairs_of(row)
    drafting.remove_index(draft, "0.2", **deed(draft, owner))
    assert len(IndexJudgement.objects.get().pairs) == 1
    drafting.remove_index(draft, "0", **deed(draft, owner))
    assert not IndexJudgement.objects.exists()


def test_a_new_draft_takes_the_judgements_over_with_their_people(owner, draft):
    judged_current(draft, owner, CONSISTENT)
    publish(draft, owner)
    next_one = drafting.begin_draft("下一版", actor=owner, on=TODAY)
    assert [row.person for row in drafting.judgements_of(next_one)] == [owner]
    assert shaping.same(approving.whole_tree(next_one), current_settings().rules["tree"])


def test_too_few_pairs_are_told(owner, draft):
    judged_current(draft, owner, {("contribution", "continuation"): 2.0})
    sentences = [text for path, text in approving.lacking(whole(draft))]
    assert len(sentences) == 1
    assert "judge more pairs" in sentences[0]


# ---- on customers ----


@pytest.fixture
def measured(trading, measure):
    measure()
    return figures.basis()


def tree_of(draft):
    return shaping.built(whole(draft))


def test_comparison_foretells_what_the_next_run_does(owner, draft, measured, measure):
    """Hysteresis apart: its margin is set to nothing for that."""
    rules = current_settings().rules
    rules["tiers"]["margin"] = 0.0
    publish_value_settings(rules, actor=owner, on=TODAY, reason="不留余量")
    deep(draft, owner)
    heavier_loyalty(draft, owner)
    before = shaping.built(current_settings().rules["tree"])
    found = comparing.comparison(before, tree_of(draft), measured.run)
    assert found.customers == sum(map(sum, found.flows))
    assert found.up + found.down > 0
    assert len(found.climbers) == found.up
    publish(draft, owner)
    run = measure(TODAY)
    scores = dict(
        Snapshot.objects.filter(run=run, score__isnull=False).values_list("customer_id", "score")
    )
    for mover in (*found.gains, *found.losses):
        assert scores[mover.customer] == pytest.approx(mover.score, abs=0.05)
    tiers = dict(Snapshot.objects.filter(run=run).values_list("customer_id", "tier"))
    assert all(tiers[mover.customer] == mover.after for mover in found.climbers)


def test_the_explanation_is_right_at_the_fourth_level(owner, draft, measured, measure):
    deep(draft, owner)
    publish(draft, owner)
    run = measure(TODAY)
    snapshot = Snapshot.objects.filter(run=run, score__isnull=False).first()
    found = figures.explanation(owner, snapshot.customer_id, figures.basis())
    parts, branches = [], list(found.branches)
    for branch in branches:
        branches.extend(branch.branches)
        parts.extend(leaf for leaf in branch.leaves)
    points = sum(part.points for part in parts if part.points is not None)
    assert found.score == pytest.approx(found.mean_score + points + found.shift)
    top = sum(branch.points for branch in found.branches if branch.points is not None)
    assert top == pytest.approx(points)
    assert sum(part.share for part in parts) == pytest.approx(1)
    loyalty = next(branch for branch in found.branches if branch.name == "loyalty")
    deepest = loyalty.branches[0].branches[0]
    assert [leaf.name for leaf in deepest.leaves] == ["活跃概率", "间隔"]
    assert [leaf.measure for leaf in deepest.leaves] == ["p_alive", "overdue_ratio"]
    assert deepest.leaves[0].raw == snapshot.p_alive


def test_sensitivity_counts_whom_a_moved_weight_moves(owner, draft, measured):
    tree = shaping.built(current_settings().rules["tree"])
    found = comparing.sensitivity(tree, measured.run, 50)
    counts = [swing.most for swing in found.swings]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 0
    for swing in found.swings:
        assert len(swing.more_movers) == min(swing.more, comparing.LISTED)
        assert all(mover.before != mover.after for mover in swing.more_movers)
    assert comparing.kept_sensitivity(measured, tree, 10) == comparing.kept_sensitivity(
        measured, tree, 10
    )


@pytest.mark.parametrize("method", ["critic", "combined"])
def test_weights_from_data_are_those_that_the_next_run_fixes(
    owner, draft, measured, measure, method
):
    drafting.weigh_children(draft, "0", {"method": method}, [], **deed(draft, owner))
    foretold = comparing.weights_now(tree_of(draft), measured.run)["0"]
    publish(draft, owner)
    run = measure(TODAY)
    assert run.tree["children"]["0"] == pytest.approx(foretold, abs=1e-4)


def test_topsis_scores_and_is_explained(owner, draft, measured, measure):
    drafting.edit_index(draft, "", Change("", aggregation="topsis"), **deed(draft, owner))
    publish(draft, owner)
    run = measure(TODAY)
    snapshot = Snapshot.objects.filter(run=run, score__isnull=False).first()
    found = figures.explanation(owner, snapshot.customer_id, figures.basis())
    assert 0 <= found.score <= 100


def test_the_default_tree_is_right():
    assert list(check_tree(Settings().as_json()["tree"])) == []


def test_versions_only_of_rules_are_not_touched(owner, draft):
    heavier_loyalty(draft, owner)
    publish(draft, owner)
    assert IndexDraft.objects.get().published_as == ValueSettings.objects.current()
