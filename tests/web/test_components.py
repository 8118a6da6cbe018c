"""Components escape what they are given, say in words what they show, and work without script."""

import re
from types import SimpleNamespace

import pytest
from django.template import engines
from django.test import RequestFactory
from django.utils import translation

EVIL = '<script>alert(1)</script>"onmouseover="x'


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def made(source, **context):
    return engines["jinja2"].from_string(source).render(context, RequestFactory().get("/"))


def used(file, call, **context):
    name = call.split("(")[0]
    return made(
        '{% from "components/' + file + '.html" import ' + name + " %}{{ " + call + " }}", **context
    )


@pytest.mark.parametrize(
    ("file", "call"),
    [
        ("badges", "tier_badge(evil)"),
        ("badges", "tag(evil, evil)"),
        ("badges", "avatar(evil, titled=true)"),
        ("figures", "figure(evil, true, evil)"),
        ("figures", "strip_item(evil, evil, evil, predicted=true, source=evil, href=evil)"),
        ("figures", "kv([(evil, evil)])"),
        ("actions", 'button(evil, href=evil, attrs={"data-x": evil})'),
        ("actions", "post_button(evil, evil, '', fields={evil: evil}, confirm=evil)"),
        (
            "actions",
            'tabs([{"label": evil, "href": evil, "count": evil, "current": true, "alert": true,'
            ' "edited": true}], evil)',
        ),
        ("actions", "chip(evil, evil, evil, evil)"),
        ("forms", "field(evil, evil, 'text', evil, evil, evil, placeholder=evil, unit=evil)"),
        ("forms", "field(evil, evil, 'textarea', evil)"),
        ("forms", "field(evil, evil, 'select', evil, options=[(evil, evil)])"),
        ("forms", "form_errors([evil])"),
        ("states", "empty(evil, evil)"),
        ("states", "banner(evil, evil)"),
        ("tables", "name_cell(evil, evil, evil)"),
        ("tables", "column_head(evil, evil, unit=evil)"),
        ("records", "next_action(evil, evil, evil)"),
        (
            "records",
            'value_bar([{"label": evil, "amount": 3, "shown": evil, "kind": "fact", "note": evil}])',
        ),
        (
            "records",
            'explanation([{"label": evil, "contribution": 2, "shown": evil, "href": evil}], 2)',
        ),
        ("charts", 'bars([{"label": evil, "amount": 1, "shown": evil}], evil)'),
        ("charts", 'chart("lines", {"x": [evil]}, evil)'),
    ],
)
def test_what_people_typed_is_escaped(file, call):
    html = used(file, call, evil=EVIL)
    assert "<script>alert" not in html
    assert '"onmouseover' not in html.replace('\\"onmouseover', "")


def test_a_misspelt_name_is_an_error():
    with pytest.raises(Exception, match="undefined"):
        made("{{ custmer.name }}")


def test_a_template_compiled_in_one_language_reads_in_the_other():
    template = engines["jinja2"].from_string("{{ 12300|number }}")
    assert template.render() == "12.3<small>K</small>"
    with translation.override("zh-hans"):
        assert template.render() == "1.23&nbsp;<small>万</small>"


def test_tiers_moves_and_changes_are_told_in_words():
    assert "Value tier " in used("badges", 'tier_badge("A")')
    assert "not known yet" in used("badges", "tier_badge(none)")
    assert "moved to" in used("badges", 'tier_move("C", "B")')
    assert "moved to" not in used("badges", 'tier_move("B", "B")')
    assert "unchanged" in used("badges", "stat_delta(0)")
    assert "worse" in used("badges", 'stat_delta(0.22, good="down")')
    assert "better" in used("badges", "stat_delta(0.22)")
    assert used("badges", "stat_delta(none)").strip() == ""


def test_a_prediction_is_marked_and_gives_its_source():
    html = used("figures", 'figure("¥486", true, "MBG/NBD, 20 Nov")')
    assert "est" in html
    assert "predicted" in html
    assert "MBG/NBD, 20 Nov" in html
    assert "predicted" not in used("figures", 'figure("¥486")')


def test_a_field_ties_label_hint_and_error_to_its_control():
    html = used(
        "forms",
        'field("code", "Code", hint="As on the licence", error="6 digits short", required=true)',
    )
    assert 'for="f-code"' in html
    assert 'aria-describedby="f-code-h f-code-e"' in html
    assert 'aria-invalid="true"' in html
    assert "required" in html
    assert "optional" in used("forms", 'field("code", "Code")')


def test_a_select_keeps_its_choice_and_its_groups():
    html = used(
        "forms", 'field("t", "Tier", "select", 2, options=[(1, "One"), ("More", [(2, "Two")])])'
    )
    assert '<optgroup label="More"><option value="2" selected>Two' in html


def test_an_index_that_was_not_measured_says_so():
    nodes = [{"label": "Influence", "contribution": None, "share": 0.1}]
    html = used("records", "explanation(nodes, 1)", nodes=nodes)
    assert "not measured" in html
    assert "weight 10%" in html


def test_bars_stand_left_and_right_of_the_mean():
    nodes = [{"label": "A", "contribution": 4.0}, {"label": "B", "contribution": -2.0}]
    html = used("records", "explanation(nodes, 4)", nodes=nodes)
    assert 'class="plus" x="50" y="7" width="50"' in html
    assert 'class="minus" x="25.0" y="7" width="25.0"' in html


def test_a_job_asks_again_only_while_it_lives():
    job = {
        "pk": 7,
        "title": "orders.xlsx",
        "state": "running",
        "done": 5,
        "total": 10,
        "message": "",
    }
    assert 'hx-trigger="load delay:1s"' in used("jobs", 'job_card(job, "/jobs/7/")', job=job)
    ended = job | {"state": "done"}
    assert "hx-get" not in used("jobs", 'job_card(job, "/jobs/7/")', job=ended)


def test_values_and_shapes_survive_nothing_and_negatives():
    parts = [{"label": "Past", "amount": -5, "shown": "−5", "kind": "fact", "note": ""}]
    assert '<svg class="vbar"' not in used("records", "value_bar(parts)", parts=parts)
    assert "no data" in used("badges", "sparkline([none, 3])")
    assert "no data" in used("badges", "probability_bar(none)")


def test_the_shell_offers_only_what_the_person_may_see(monkeypatch):
    from kezhi.web import navigation

    monkeypatch.setattr(navigation, "_pinned", lambda *_: ())
    may = {("read", "customer"), ("read", "follow_up"), ("read", "view")}
    request = RequestFactory().get("/customers/12/")
    request.actor = SimpleNamespace(
        name="Li Wei", may=lambda *what: what in may, sees=lambda *_: True
    )
    shown = navigation.navigation(request)
    paths = [place.path for group in shown.groups for place in group.places]
    of_value = ["/value/", "/value/matrix/", "/value/over-time/", "/value/at-risk/"]
    of_value += ["/value/win-back/", "/value/costs/", "/value/retention/"]
    of_value += ["/value/influence/", "/value/offers/", "/value/tiers/"]
    assert paths == [
        "/",
        "/reports/",
        "/customers/",
        "/follow-ups/",
        "/service/requests/",
        *of_value,
    ]
    assert [p.path for g in shown.groups for p in g.places if p.is_current] == ["/customers/"]
    assert [place.path for place in shown.foot] == ["/settings/"]
    request.actor = None
    assert navigation.navigation(request).groups == ()


def test_every_kind_has_a_picture_that_is_there():
    from kezhi.records import registry

    drawn = set(re.findall(r'id="i-([a-z-]+)"', made('{% include "components/_sprite.html" %}')))
    assert {kind.icon for kind in registry if kind.icon} <= drawn
