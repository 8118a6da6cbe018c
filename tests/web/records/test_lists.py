"""Lists of records: what a person sees, finds, counts and takes away."""

import csv
import io

import pytest
from django.core.cache import cache
from django.test.utils import CaptureQueriesContext

from cast import NOW, TODAY
from kezhi.audit.models import Entry
from kezhi.customers.creating import create_contact, create_customer
from kezhi.customers.following_up import plan_follow_up
from kezhi.customers.models import Standing
from kezhi.records import registry
from kezhi.service.models import Ticket
from kezhi.workbench.list_query import Shape
from kezhi.workbench.saving_views import save_view

pytestmark = pytest.mark.django_db
KINDS = [kind.address for kind in registry]


@pytest.fixture
def web(client):
    def signed_in(person):
        client.force_login(person)
        return client

    return signed_in


@pytest.mark.parametrize("address", KINDS)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_kind_has_a_list_with_its_parts(web, owner, anhui_tea, address, language):
    client = web(owner)
    client.cookies["kezhi_language"] = language
    for path in (
        "",
        "totals/",
        "tabs/",
        "filter/",
        "options/",
        "?q=a&totals=1",
        "?edit=0",
        "views/new/",
    ):
        assert client.get(f"/{address}/{path}").status_code == 200, path


@pytest.mark.parametrize("address", KINDS)
def test_the_filter_form_of_every_field_and_comparison_opens(web, owner, anhui_tea, address):
    from kezhi.workbench.filtering import filterable, operators

    client = web(owner)
    for field in filterable(registry.by_address(address)):
        for op, _label in operators(field):
            found = client.get(f"/{address}/filter/?field={field.name}&op={op}")
            assert found.status_code == 200


def test_a_salesperson_sees_own_customers_everywhere(web, anhui_tea, li_wei, chen_jing):
    assert "安徽茶业" in web(li_wei).get("/customers/").text
    other = web(chen_jing)
    for path in (
        "",
        "?q=安徽",
        "?w=city.eq.合肥",
        "totals/",
        "options/?customer_search=安徽",
        f"options/?chosen={anhui_tea.pk}",
    ):
        assert "安徽茶业" not in other.get(f"/customers/{path}").text, path
    assert 'class="num">0<' in other.get("/customers/tabs/").text


def test_the_number_of_queries_does_not_grow_with_the_rows(web, owner, li_wei):
    from django.db import connection

    client = web(owner)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/customers/").status_code == 200
        return len(captured)

    create_customer({"name": "第一家"}, actor=li_wei, on=TODAY)
    queries()
    few = queries()
    for number in range(40):
        create_customer({"name": f"客户{number}"}, actor=li_wei, on=TODAY)
    assert queries() == few
    assert few <= 10


def test_a_page_holds_fifty_and_leads_on_and_back(web, li_wei):
    for number in range(60):
        create_customer({"name": f"客户{number:03}"}, actor=li_wei, on=TODAY)
    client = web(li_wei)
    first = client.get("/customers/?sort=name").text
    assert first.count("data-row") == 50
    onward = _link(first, 'rel="next"')
    second = client.get(onward).text
    assert second.count("data-row") == 10
    back = client.get(_link(second, 'rel="prev"')).text
    assert back.count("data-row") == 50
    assert 'rel="prev"' not in back


def _link(page, mark):
    before = page[: page.index(mark)]
    return before[before.rindex('href="') + 6 :].split('"')[0].replace("&amp;", "&")


@pytest.mark.parametrize(
    "bad", ["w=phone.eq.1", "w=tier.in.X", "w=nonsense", "sort=-phone", "q=%00"]
)
def test_an_impossible_filter_is_named_and_shows_no_rows(web, anhui_tea, li_wei, bad):
    answer = web(li_wei).get(f"/customers/?{bad}")
    assert answer.status_code == 422
    assert "安徽茶业" not in answer.text
    assert "banner" in answer.text


def test_the_filter_form_leads_to_an_address_that_says_the_same(web, anhui_tea, li_wei):
    client = web(li_wei)
    sent = client.get("/contacts/?view=all&field=is_primary&op=eq&operand=yes&apply=1")
    assert sent.url == "/contacts/?view=all&w=is_primary.eq.yes"
    changed = client.get(f"{sent.url}&field=is_primary&op=eq&operand=no&replace=0&apply=1")
    assert changed.url == "/contacts/?view=all&w=is_primary.eq.no"
    columns = client.get("/customers/?view=all&show=name&show=city")
    assert columns.url == "/customers/?view=all&columns=name%2Ccity"


def test_without_result_the_loosest_filter_is_offered(web, anhui_tea, li_wei):
    page = web(li_wei).get("/customers/?w=city.eq.合肥&w=tier.in.S")
    assert page.status_code == 200
    assert "data-row" not in page.text
    assert "tier.in.S" in page.text


def test_totals_add_up_what_the_list_shows(web, anhui_tea, li_wei):
    Standing.objects.update(potential_value=1_230_000)
    li_wei.language = "en"
    li_wei.save()
    foot = web(li_wei).get("/customers/totals/").text
    assert "1,230" in foot
    assert "<tfoot" in foot


def test_a_role_that_does_not_read_a_kind_gets_403(web, li_wei):
    li_wei.roles.clear()
    client = web(type(li_wei).objects.get(pk=li_wei.pk))
    assert client.get("/customers/").status_code == 403


def test_typing_into_the_search_box_fetches_the_rows_alone(web, anhui_tea, li_wei):
    answer = web(li_wei).get(
        "/customers/?q=安徽", headers={"HX-Request": "true", "HX-Target": "results"}
    )
    assert answer.text.lstrip().startswith('<div id="results"')


def test_an_export_is_what_the_list_finds_safe_and_noted(web, manager, li_wei, chen_jing):
    create_customer({"name": "=1+1", "phone": "+86 551", "city": "合肥"}, actor=li_wei, on=TODAY)
    create_customer({"name": "别处", "city": "合肥"}, actor=chen_jing, on=TODAY)
    manager.language = "en"
    manager.save()
    answer = web(manager).post(
        "/customers/export/?w=city.eq.合肥", {"format": "csv", "all_fields": "1"}
    )
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert [(row["Customer name"], row["Phone"]) for row in rows] == [("'=1+1", "'+86 551")]
    entry = Entry.objects.get(deed="customer.exported")
    assert (entry.actor_name, entry.detail["rows"]) == ("周启明", 1)


def test_an_export_has_headings_that_the_import_knows_in_both_languages(web, owner, anhui_tea):
    client = web(owner)
    for language, heading in (("zh-hans", "客户名称"), ("en", "Customer name")):
        client.cookies["kezhi_language"] = language
        answer = client.post("/customers/export/", {"format": "csv"})
        assert answer.getvalue().decode("utf-8-sig").startswith(heading)


def test_a_view_that_warns_of_nothing_says_so(web, anhui_tea, li_wei):
    client = web(li_wei)
    client.cookies["kezhi_language"] = "en"
    assert "Nothing here that needs you" in client.get("/customers/?view=at-risk").text


def test_a_workbook_has_texts_and_numbers_never_formulas(web, owner, li_wei):
    from python_calamine import CalamineWorkbook

    customer = create_customer({"name": "=HYPERLINK(1)"}, actor=li_wei, on=TODAY)
    Standing.objects.filter(customer=customer).update(potential_value="12.50")
    answer = web(owner).post("/customers/export/", {"format": "xlsx"})
    content = b"".join(answer.streaming_content)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert rows[1][0] == "'=HYPERLINK(1)"
    assert 12.5 in rows[1]
    assert b"<f>" not in content


def test_only_the_selected_rows_are_exported_and_never_a_strangers(web, manager, li_wei, chen_jing):
    mine = create_customer({"name": "甲"}, actor=li_wei, on=TODAY)
    create_customer({"name": "乙"}, actor=li_wei, on=TODAY)
    other = create_customer({"name": "丙"}, actor=chen_jing, on=TODAY)
    answer = web(manager).post(
        "/customers/export/", {"format": "csv", "selected": [mine.pk, other.pk]}
    )
    text = answer.getvalue().decode()
    assert "甲" in text
    assert "乙" not in text
    assert "丙" not in text


def test_a_salesperson_takes_no_file_away(web, anhui_tea, li_wei):
    entries = Entry.objects.count()
    answer = web(li_wei).post("/customers/export/", {"format": "csv"})
    assert answer.status_code == 403
    assert Entry.objects.count() == entries


def test_a_due_follow_up_is_done_from_its_row(web, anhui_tea, li_wei):
    plan = {"customer": anhui_tea, "subject": "回访报价", "due_on": TODAY}
    follow_up = plan_follow_up(plan, actor=li_wei, on=TODAY)
    client = web(li_wei)
    page = client.get("/follow-ups/")
    assert f"/follow-ups/{follow_up.pk}/completion/" in page.text
    client.post(f"/follow-ups/{follow_up.pk}/completion/", {"next": "/follow-ups/"})
    assert "data-row" not in client.get("/follow-ups/").text
    assert "回访报价" in client.get("/follow-ups/?view=done").text


def test_a_chinese_page_has_no_english_words_left(web, owner, anhui_tea):
    create_contact({"customer": anhui_tea, "name": "陈立群"}, actor=owner, on=TODAY)
    client = web(owner)
    client.cookies["kezhi_language"] = "zh-hans"
    for kind in registry:
        page = client.get(f"/{kind.address}/").text
        for word in ("Search", "Filter", "Columns", "Export", "All", "New ", "Save"):
            assert f">{word}" not in page, (kind.name, word)


STRANGE = [
    "",
    "0",
    "-1",
    "9" * 30,
    "x",
    "²",
    "\x00",
    "\ud7ff",
    "'\"><b>",
    "../..",
    "%",
    "-",
    "茶" * 300,
    "w=1",
]


@pytest.mark.parametrize(
    "name",
    ["view", "w", "sort", "columns", "q", "after", "before", "edit", "field", "op", "operand", "replace",
     "show", "totals", "apply", "name", "chosen", "customer_search", "next"],
)  # fmt: skip
def test_no_parameter_of_an_address_breaks_a_list(web, owner, anhui_tea, name):
    client = web(owner)
    for strange in STRANGE:
        for path in ("", "totals/", "tabs/", "filter/", "options/", "views/new/", "new/"):
            answer = client.get(f"/customers/{path}", {name: strange, "w": "city.eq.合肥"})
            assert answer.status_code in (200, 302, 404, 422), (path, strange)
            assert "'\"><b>" not in answer.text


def test_an_id_beyond_all_ids_is_not_found(web, owner):
    client = web(owner)
    for address in ("orders", "contacts", "products"):
        assert client.get(f"/{address}/{'9' * 30}/").status_code == 404
    assert client.get(f"/customers/{'9' * 30}/edit/").status_code == 404
    assert client.get(f"/customers/views/{'9' * 30}/").status_code == 404


def test_columns_and_orders_come_when_asked_for_and_stand_alone_without_script(
    web, owner, anhui_tea
):
    client = web(owner)
    address = "/customers/columns/?view=all&sort=name"
    page = client.get("/customers/").text
    assert "/customers/columns/" in page
    assert "/customers/sorting/" in page
    assert 'name="show"' not in page
    alone = client.get(address).text
    part = client.get(address, headers={"HX-Request": "true"}).text
    for text in (alone, part):
        assert 'name="show" value="city"' in text
        assert '<input type="hidden" name="sort" value="name">' in text
    assert "<html" in alone
    assert "<html" not in part
    orders = client.get("/customers/sorting/?view=all&sort=name").text
    assert "<html" in orders
    assert "sort=city" in orders
    assert 'aria-current="true"' in orders


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_beside_a_view_stands_how_many_it_finds_to_a_thousand(web, owner, anhui_tea, language):
    columns = {"customer": anhui_tea, "type": "inquiry", "channel": "phone", "opened_at": NOW}
    Ticket.objects.bulk_create(
        Ticket(number=f"A-{n}", subject="咨询", **columns, **anhui_tea.place) for n in range(1_000)
    )
    shape = Shape(("type.eq.inquiry",), "", "", ())
    view = save_view(
        registry["ticket"], "咨询", shape, actor=owner, audience="private", is_pinned=True
    )
    client = web(owner)
    client.cookies["kezhi_language"] = language
    words = "保存为新视图" if language == "zh-hans" else "Save as a new view"
    page = client.get("/tickets/tabs/").text
    assert words in page
    assert 'class="num">1,000<' in page
    assert f'id="pin-{view.pk}" hx-swap-oob="true">1,000<' in client.get("/views/pinned/").text
    cache.clear()
    Ticket.objects.create(number="A-1000", subject="咨询", **columns, **anhui_tea.place)
    assert 'class="num">1,000+<' in client.get("/tickets/tabs/").text
    assert f'id="pin-{view.pk}" hx-swap-oob="true">1,000+<' in client.get("/views/pinned/").text
    assert "1,001" in client.get("/tickets/totals/?view=all").text
