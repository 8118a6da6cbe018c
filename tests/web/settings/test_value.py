"""The page of the value rules: who sees it, who changes it, and what is refused where it was typed."""

import pytest

from kezhi.accounts.models import User
from kezhi.insight.models import ValueSettings
from kezhi.insight.ruling import current_settings
from kezhi.web.settings.value_form import RulesForm

pytestmark = pytest.mark.django_db
PAGE = "/settings/value/"


def typed(**changes):
    """What a browser sends of the unchanged page, with some controls typed over."""
    fields = {**RulesForm.of(current_settings(), None).typed, "reason": "试一试"}
    return {name: text for name, text in {**fields, **changes}.items() if text is not None}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(
    ("who", "status"),
    [("owner", 200), ("manager", 200), ("analyst", 200), ("li_wei", 403), ("agent", 403)],
)
def test_who_may_see_the_rules(client, request, who, status, language):
    person = request.getfixturevalue(who)
    User.objects.filter(pk=person.pk).update(language=language)
    client.force_login(person)
    page = client.get(PAGE)
    assert page.status_code == status
    if status == 200:
        assert (b'name="reason"' in page.content) == (who == "owner")


@pytest.mark.parametrize("who", ["manager", "analyst", "li_wei"])
def test_only_an_owner_publishes(client, request, who):
    before = current_settings()
    client.force_login(request.getfixturevalue(who))
    assert client.post(PAGE, typed(horizon_months="24")).status_code == 403
    assert ValueSettings.objects.get() == before


def test_a_change_becomes_a_new_version_and_the_old_one_stays(client, owner):
    before = current_settings()
    client.force_login(owner)
    fields = typed(horizon_months="24", annual_rate="8 %", nightly_hour="")
    assert client.post(PAGE, fields).status_code == 302
    now = ValueSettings.objects.current()
    assert (now.rules["horizon_months"], now.rules["annual_rate"]) == (24, 0.08)
    assert (now.nightly_hour, now.reason, now.published_by) == (None, "试一试", owner)
    before.refresh_from_db()
    assert before.rules["horizon_months"] == 36
    page = client.get(PAGE).content.decode()
    assert "试一试" in page
    assert 'value="24"' in page
    assert 'value="36"' in client.get(f"{PAGE}?version=1").content.decode()


def test_the_page_sent_back_unchanged_changes_nothing(client, owner):
    client.force_login(owner)
    assert client.post(PAGE, typed()).status_code == 409
    assert ValueSettings.objects.count() == 1


@pytest.mark.parametrize(
    ("control", "text"),
    [
        ("horizon_months", "0"),
        ("horizon_months", "three"),
        ("horizon_months", "1e999"),
        ("horizon_months", "1" * 9_000),
        ("nightly_hour", "1" * 9_000),
        ("annual_rate", "nan"),
        ("annual_rate", ""),
        ("interval_level", "100"),
        ("tiers-share-B", "0"),
        ("tiers-share-C", "90"),
        ("tiers-margin", "60"),
        ("loyalty-1-0-bound", "a year"),
        ("loyalty-1-0-measure", "shoe_size"),
        ("lifecycle-0-0-bound", ""),
        ("group-current", "-1"),
        ("index-tenure", "much"),
        ("reason", " "),
    ],
)
def test_what_is_wrong_is_said_where_it_was_typed(client, owner, control, text):
    client.force_login(owner)
    page = client.post(PAGE, typed(**{control: text}))
    assert page.status_code == 422
    assert ValueSettings.objects.count() == 1
    assert b'aria-invalid="true"' in page.content or b'class="err"' in page.content


@pytest.mark.parametrize("count", ["many", "9" * 9_000, "-1", "²"])
def test_a_number_of_rows_that_no_page_sends_is_no_fault(client, owner, count):
    client.force_login(owner)
    page = client.post(PAGE, typed(**{"loyalty-rows": count, "horizon_months": "0"}))
    assert page.status_code == 422


def test_rules_are_reordered_removed_and_added(client, owner):
    client.force_login(owner)
    changes = {
        "lifecycle-0-remove": "1",
        "lifecycle-5-place": "0",
        "lifecycle-rows": "10",
        "lifecycle-9-class": "stable",
        "lifecycle-9-0-measure": "occasions",
        "lifecycle-9-0-operator": ">=",
        "lifecycle-9-0-bound": "40",
    }
    assert client.post(PAGE, typed(**changes)).status_code == 302
    rules = ValueSettings.objects.current().rules["lifecycle"]["rules"]
    assert len(rules) == 9
    assert rules[0]["of_class"] == "decline"
    assert rules[-1] == {
        "of_class": "stable",
        "conditions": [{"measure": "occasions", "operator": ">=", "bound": 40.0}],
    }


def test_another_rule_is_asked_for_without_publishing(client, owner):
    client.force_login(owner)
    page = client.post(PAGE, typed(more="loyalty"))
    assert page.status_code == 200
    assert ValueSettings.objects.count() == 1


def test_a_rule_without_conditions_is_refused(client, owner):
    client.force_login(owner)
    fields = typed(**{"loyalty-rows": "6", "loyalty-5-class": "loyal"})
    assert client.post(PAGE, fields).status_code == 422


def test_tiers_by_score(client, owner):
    client.force_login(owner)
    scores = {"S": "90", "A": "70", "B": "50", "C": "30"}
    fields = typed(
        **{"tiers-by": "threshold", **{f"tiers-score-{t}": s for t, s in scores.items()}}
    )
    assert client.post(PAGE, fields).status_code == 302
    tiers = ValueSettings.objects.current().rules["tiers"]
    assert (tiers["by"], [border["until"] for border in tiers["borders"]]) == (
        "threshold",
        [90, 70, 50, 30],
    )
    fields["tiers-score-A"] = "95"
    assert client.post(PAGE, fields).status_code == 422


def test_an_index_that_does_not_count_weighs_nothing(client, owner):
    client.force_login(owner)
    assert client.post(PAGE, typed(**{"index-tenure-counts": None})).status_code == 302
    leaves = ValueSettings.objects.current().rules["tree"]["branches"][2]["leaves"]
    assert {leaf["name"]: leaf["weight"] for leaf in leaves}["tenure"] == 0
    every = {f"index-{name}-counts": None for name in ("tenure", "next_purchase", "satisfaction")}
    assert client.post(PAGE, typed(**every)).status_code == 422


def test_the_page_asks_the_database_a_constant_number_of_times(
    client, owner, django_assert_max_num_queries
):
    client.force_login(owner)
    for number in range(5):
        client.post(PAGE, typed(horizon_months=str(20 + number)))
    with django_assert_max_num_queries(14):
        client.get(PAGE)
