"""The value matrix on screen: borders by address and form, who moves, borders saved, strategies written."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import TODAY
from kezhi.accounts.models import Role
from kezhi.audit.models import Entry
from kezhi.customers.models import Standing
from kezhi.insight.models import MatrixStrategies, ValueSettings
from kezhi.insight.ruling import current_settings
from kezhi.insight.strategies import CellStrategy, publish_matrix_strategies

pytestmark = pytest.mark.django_db
PAGE = "/value/matrix/"
SAVED = {
    "across": "70",
    "across-by": "share",
    "up": "5000",
    "up-by": "figure",
    "third": "loyalty_index",
    "level": "50",
    "level-by": "share",
}


@pytest.fixture
def measured(trading, measure):
    measure()
    return trading


def text_of(answer):
    return unescape(answer.content.decode())


def lists_of(text):
    """The lists behind the figures: count as shown → address."""
    rows = re.findall(
        r'<a class="link" href="(/customers/[^"]+)">[^<]*</a></th><td class="n">([^<]+)', text
    )
    return [(address, int(count.replace(",", ""))) for address, count in rows]


def shown_in(client, address):
    """How many customers a list shows."""
    return len(re.findall(r"<tr[^>]+data-row", client.get(address).content.decode()))


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_is_there_before_and_after_the_first_run(web, owner, trading, measure, language):
    client = web(owner, language)
    assert client.get(PAGE).status_code == 200
    measure()
    answer = client.get(PAGE)
    assert answer.status_code == 200
    text = text_of(answer)
    for cell in ("grow", "keep", "nurture", "self_service"):
        assert f'id="cell-{cell}"' in text
    assert 'type="range"' in text


def test_a_border_in_the_address_says_who_moves_and_each_figure_opens_its_list(
    web, owner, measured
):
    client = web(owner)
    text = text_of(client.get(PAGE, {"across": "80", "across-by": "share"}))
    moves = lists_of(text)
    assert moves
    for address, count in moves:
        assert shown_in(client, address) == count > 0
    total = sum(count for _address, count in moves)
    assert f"{total} customers change the cell" in re.sub(r"<[^>]+>", "", text)
    named = re.findall(r'<a class="b" href="/customers/(\d+)/">', text)
    assert 0 < len(named) == min(total, 10)


def test_cells_and_levels_open_their_lists(web, owner, measured):
    client = web(owner)
    text = text_of(client.get(PAGE, {"third": "loyalty_index"}))
    cells = re.findall(
        r'id="cell-\w+" href="(/customers/[^"]+)">[^<]+</a> <span class="num">(\d+)', text
    )
    levels = re.findall(
        r'<a class="link" href="(/customers/[^"]+)">[^<]+</a> <span class="num">(\d+)</span>', text
    )
    assert (len(cells), len(levels)) == (4, 8)
    for address, count in (*cells, *levels):
        assert shown_in(client, address) == int(count)
    assert sum(int(n) for _a, n in cells) == sum(int(n) for _a, n in levels)


def test_a_dragged_border_counts_before_a_typed_one(web, owner, measured):
    client = web(owner)
    still = {"across": "50", "across-by": "share", "across-drag": "50", "across-was": "50"}
    assert "Who moves</h2>" not in text_of(client.get(PAGE, still))
    dragged = client.get(
        PAGE, {**still, "across-drag": "80"}, headers={"HX-Request": "true", "HX-Target": "matrix"}
    )
    text = text_of(dragged)
    assert "Who moves</h2>" in text
    assert "<html" not in text
    assert "across=80&across-by=share" in dragged["HX-Push-Url"]
    assert "drag" not in dragged["HX-Push-Url"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"across": "x"},
        {"across": "0"},
        {"across": "100"},
        {"up": "-1", "up-by": "figure"},
        {"up": "1e999999", "up-by": "figure"},
        {"level": "NaN"},
    ],
)
def test_what_is_no_border_comes_back_with_the_reason(web, owner, measured, wrong):
    answer = web(owner).get(PAGE, {**wrong, "third": "loyalty_index"})
    assert answer.status_code == 422
    assert answer.content.decode().count('class="err"') == 1


def test_strange_parameters_do_no_harm(web, owner, measured):
    for given in (
        {"third": "owner_id"},
        {"across-drag": "much", "across-was": "1"},
        {"across-by": "';--", "across": "50"},
    ):
        assert web(owner).get(PAGE, given).status_code in (200, 422)


def test_an_owner_saves_borders_as_a_version_with_a_reason(web, owner, manager, measured):
    before = ValueSettings.objects.count()
    path = f"{PAGE}borders/"
    assert web(manager).post(path, {**SAVED, "reason": "试试"}).status_code == 403
    assert web(owner).post(path, {**SAVED, "reason": ""}).status_code == 422
    assert web(owner).post(path, {**SAVED, "up": "x", "reason": "试试"}).status_code == 422
    assert ValueSettings.objects.count() == before
    assert web(owner).post(path, {**SAVED, "reason": "经营会议"}).status_code == 302
    assert current_settings().rules["matrix"] == {
        "current": {"by": "share", "at": 0.7},
        "potential": {"by": "figure", "at": 5000.0},
        "third": "loyalty_index",
        "third_split": {"by": "share", "at": 0.5},
        "up": "potential_value",  # the border is one in money of what the page showed
    }
    assert Entry.objects.filter(deed="value_settings.published", actor_id=owner.pk).exists()
    assert web(owner).post(path, {**SAVED, "reason": "再来"}).status_code == 409
    text = text_of(web(owner).get(PAGE))
    assert "Other borders are saved" in text
    assert "across=70" in text


def test_what_is_saved_elsewhere_stays(web, owner, measured):
    """The form of the rules of value keeps the borders, which it doesn't show."""
    web(owner).post(f"{PAGE}borders/", {**SAVED, "reason": "经营会议"})
    from kezhi.web.settings.value_form import RulesForm

    form = RulesForm.of(current_settings(), None)
    assert form.rules()["matrix"] == current_settings().rules["matrix"]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_axis_up_is_chosen_tried_and_saved(web, owner, told_apart, measure, language):
    measure()
    client = web(owner, language)
    page = client.get(PAGE)
    text = text_of(page)
    words = {
        "en": ("Growth potential", "Potential value", "In the last run"),
        "zh-hans": ("增值潜力", "潜在价值", "上次计算的纵轴"),
    }[language]
    assert f'<p class="note mx-up">↑ {words[0]}</p>' in text
    assert 'name="measure"' in text
    assert words[2] not in text
    # Another measure up begins at its median, whatever stood there before.
    other = {
        "measure": "potential_value",
        "measure-was": "growth_value",
        "up": "9",
        "up-by": "figure",
    }
    tried = client.get(PAGE, other)
    assert tried.status_code == 200
    text = text_of(tried)
    assert f'<p class="note mx-up">↑ {words[1]}</p>' in text
    assert words[2] in text
    assert re.search(r'name="up"[^>]*value="50"', text)
    cells = re.findall(
        r'id="cell-\w+" href="(/customers/[^"]+)">[^<]+</a> <span class="num">(\d+)', text
    )
    assert sum(int(count) for _address, count in cells) > 20
    for address, count in cells:
        assert "potential_value" in unescape(address)
        assert shown_in(client, address) == int(count)
    saved = {**other, "reason": "经营会议"}
    assert client.post(f"{PAGE}borders/", saved).status_code == 302
    assert current_settings().rules["matrix"]["up"] == "potential_value"
    assert current_settings().rules["matrix"]["potential"] == {"by": "share", "at": 0.5}
    dashboard = text_of(client.get("/value/"))
    assert {"en": "up: growth potential", "zh-hans": "纵轴为增值潜力"}[language] in dashboard
    measure()
    dashboard = text_of(client.get("/value/"))
    assert {"en": "up: potential value", "zh-hans": "纵轴为潜在价值"}[language] in dashboard


def test_without_growth_there_is_nothing_to_choose_up(web, owner, measured):
    client = web(owner)
    assert 'name="measure"' not in text_of(client.get(PAGE))
    text = text_of(client.get(PAGE, {"measure": "growth_value"}))
    assert "↑ Potential value" in text
    assert client.get(PAGE, {"measure": "score"}).status_code == 200


def test_a_salesperson_sees_own_customers_and_saves_nothing(web, chen_jing, li_wei, measured):
    client = web(chen_jing)
    text = text_of(client.get(PAGE, {"across": "80"}))
    assert "Save the borders" not in text
    named = re.findall(r'<a class="b" href="/customers/(\d+)/">', text)
    mine = Standing.objects.filter(owner_id=chen_jing.pk).values_list("pk", flat=True)
    assert {int(pk) for pk in named} <= set(mine)
    assert client.post(f"{PAGE}borders/", {**SAVED, "reason": "试试"}).status_code == 403
    assert client.get(f"{PAGE}strategies/").status_code == 403


def test_who_may_not_know_what_customers_are_worth_is_refused(web, li_wei, measured):
    Role.objects.update(field_rules={"customer": {"value": "hidden"}})
    for path in (PAGE, "/value/growth/"):
        assert web(li_wei).get(path).status_code == 403


def test_strategies_show_on_the_cell_and_on_the_customer(web, owner, li_wei, measured):
    path = f"{PAGE}strategies/"
    form = {"grow-text": "优先供货，两周拜访一次", "reason": "年度策略"}
    assert web(owner).get(path).status_code == 200
    assert web(owner).post(path, {**form, "reason": ""}).status_code == 422
    assert web(owner).post(path, {**form, "grow-text": "长" * 400}).status_code == 422
    assert not MatrixStrategies.objects.exists()
    assert web(owner).post(path, form).status_code == 302
    assert web(owner).post(path, form).status_code == 409
    assert "优先供货" in text_of(web(li_wei).get(PAGE))
    grown = Standing.objects.filter(quadrant="grow", owner_id=li_wei.pk).first()
    kept = Standing.objects.filter(quadrant="self_service", owner_id=li_wei.pk).first()
    assert "优先供货" in text_of(web(li_wei).get(f"/customers/{grown.pk}/"))
    assert "优先供货" not in text_of(web(li_wei).get(f"/customers/{kept.pk}/"))
    old = MatrixStrategies.objects.get()
    assert web(owner).get(f"{path}?version={old.pk}").status_code == 200


def test_the_page_of_a_customer_follows_the_third_measure(web, owner, trading, measure):
    web(owner).post(f"{PAGE}borders/", {**SAVED, "across": "50", "reason": "经营会议"})
    measure()
    publish_matrix_strategies(
        {
            cell: CellStrategy(cell, "都要联系", "请其推荐", "弄清原因")
            for cell in ("grow", "keep", "nurture", "self_service")
        },
        actor=owner,
        on=TODAY,
        reason="年度策略",
    )
    ranked = Standing.objects.filter(loyalty_index__isnull=False).order_by("loyalty_index")
    for standing, said, unsaid in (
        (ranked.first(), "弄清原因", "请其推荐"),
        (ranked.last(), "请其推荐", "弄清原因"),
    ):
        text = text_of(web(owner).get(f"/customers/{standing.pk}/"))
        assert "都要联系" in text
        assert said in text
        assert unsaid not in text


def test_the_page_takes_the_same_queries_for_many_movers(web, owner, measured):
    client = web(owner)
    counts = []
    client.get(PAGE)
    for across in ("55", "90"):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(PAGE, {"across": across, "third": "loyalty_index"})
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_growth_matrix_opens_cells_and_periods(
    web, owner, chen_jing, trading, measure, language
):
    from kezhi.catalog.models import Product
    from kezhi.ledger.models import OrderLine

    assert web(owner, language).get("/value/growth/").status_code == 200
    OrderLine.objects.update(product=Product.objects.create(code="甲", name="甲产品"))
    measure()
    text = text_of(web(owner, language).get("/value/growth/"))
    for address in set(re.findall(r'href="(\?by=[^"#]+)', text)):
        assert web(owner, language).get(f"/value/growth/{address}").status_code == 200
    opened = text_of(web(chen_jing, language).get("/value/growth/?cell=loyalty&period=y0"))
    named = {int(pk) for pk in re.findall(r'<a class="grow b" href="/customers/(\d+)/">', opened)}
    mine = Standing.objects.filter(owner_id=chen_jing.pk).values_list("pk", flat=True)
    assert named
    assert named <= set(mine)
    assert "甲产品" in opened
    for odd in ("?period=q9&cell=nothing", "?page=-1&cell=loyalty", "?by=x&page=999&cell=loyalty"):
        assert web(owner, language).get(f"/value/growth/{odd}").status_code == 200
