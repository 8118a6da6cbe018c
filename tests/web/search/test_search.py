"""The search page and the palette answer by address, each to whom it concerns."""

import pytest

from cast import NOW, TODAY
from kezhi.customers.creating import create_contact, create_customer

pytestmark = pytest.mark.django_db
PALETTE = "/search/palette/"


@pytest.fixture
def as_(web):
    return web


def options(client, **query):
    answer = client.get(PALETTE, query, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_shows_what_was_found_by_kind_and_why(as_, li_wei, anhui_tea):
    create_contact(
        {"customer": anhui_tea, "name": "曾小贤", "phone": "13812346027"}, actor=li_wei, on=TODAY
    )
    client = as_(li_wei)
    page = client.get("/search/", {"q": "anhui"}).content.decode()
    assert f'href="/customers/{anhui_tea.pk}/"' in page
    assert "安徽茶业有限公司" in page
    page = client.get("/search/", {"q": "6027"}).content.decode()
    assert "曾小贤" in page
    assert "<mark>6027</mark>" in page
    assert "安徽茶业有限公司" in page  # whose contact it is


def test_a_stranger_sees_nothing_of_it(as_, chen_jing, anhui_tea):
    client = as_(chen_jing)
    for path in ("/search/?q=安徽茶业", "/search/?q=安徽茶业&kind=customer"):
        page = client.get(path).content.decode()
        assert f"/customers/{anhui_tea.pk}/" not in page
        assert "有限公司" not in page
    assert "有限公司" not in options(client, q="安徽茶业")
    assert "有限公司" not in options(client, recent=f"customers/{anhui_tea.pk}")


def test_what_isnt_found_can_be_created_by_whom_may(as_, li_wei, analyst):
    way = "/customers/new/?name=%E6%9E%81%E5%85%89"
    assert way in as_(li_wei).get("/search/", {"q": "极光"}).content.decode()
    assert way in options(as_(li_wei), q="极光")
    assert way not in as_(analyst).get("/search/", {"q": "极光"}).content.decode()


def test_a_kind_has_pages_of_its_own(as_, li_wei):
    for n in range(30):
        create_customer({"name": f"华谊物流{n}"}, actor=li_wei, on=TODAY)
    client = as_(li_wei)
    page = client.get("/search/", {"q": "华谊"}).content.decode()
    assert "kind=customer" in page
    first = client.get("/search/", {"q": "华谊", "kind": "customer"}).content.decode()
    second = client.get("/search/", {"q": "华谊", "kind": "customer", "page": 2}).content.decode()
    assert first.count('class="hit"') == 25
    assert second.count('class="hit"') == 5
    assert client.get("/search/", {"q": "华谊", "kind": "nothing"}).status_code == 404


def test_the_palette_offers_records_commands_and_what_was_opened_last(as_, li_wei, anhui_tea):
    client = as_(li_wei)
    assert 'role="option"' in options(client)
    assert "安徽茶业有限公司" in options(
        client, recent=f"customers/{anhui_tea.pk},users/1,x,customers/0"
    )
    assert f"/customers/{anhui_tea.pk}/" in options(client, q="ahcy")
    assert 'href="/customers/new/"' in options(client, q="new cust")
    assert 'data-run="theme"' in options(client, q="zhuti")
    assert 'href="/orders/"' in options(client, q="orders")
    client = as_(li_wei, "zh-hans")
    assert 'href="/orders/"' in options(client, q="dd")


def test_the_palette_suggests_what_sounds_alike(as_, li_wei, anhui_tea):
    assert f"/customers/{anhui_tea.pk}/" in options(as_(li_wei), q="安会茶叶")


def test_without_script_the_palette_is_the_page(as_, li_wei):
    answer = as_(li_wei).get(PALETTE, {"q": "茶"})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/search/?q=%E8%8C%B6"


def test_names_are_written_as_text(as_, li_wei):
    create_customer({"name": "<img src=x onerror=alert(1)>茶"}, actor=li_wei, on=TODAY)
    for page in (options(as_(li_wei), q="onerror"), options(as_(li_wei), q="<img")):
        assert "<img" not in page


@pytest.mark.parametrize("typed", ["茶" * 5000, "\0", "%00", "'", "<b>", "🍵", "‮"])
def test_any_text_is_answered(as_, li_wei, typed):
    client = as_(li_wei)
    assert client.get("/search/", {"q": typed}).status_code == 200
    options(client, q=typed)


def test_the_number_of_queries_does_not_grow_with_the_finds(
    as_, li_wei, django_assert_max_num_queries
):
    client = as_(li_wei)
    counts = []
    for n in range(12):
        create_customer({"name": f"恒泰{n}"}, actor=li_wei, on=TODAY)
        if n in (1, 11):
            from django.db import connection
            from django.test.utils import CaptureQueriesContext

            client.get("/search/", {"q": "恒泰"})
            with CaptureQueriesContext(
                connection,
            ) as queries:
                client.get("/search/", {"q": "恒泰"})
            counts.append(len(queries))
    assert counts[0] == counts[1]


def test_hidden_fields_neither_find_nor_show(as_, li_wei):
    from kezhi.accounts.models import Role, User

    create_customer({"name": "恒泰", "phone": "13812346027"}, actor=li_wei, on=TODAY)
    Role.objects.filter(key="salesperson").update(field_rules={"customer": {"reach": "masked"}})
    client = as_(User.objects.get(pk=li_wei.pk))
    assert "恒泰" not in client.get("/search/", {"q": "6027"}).content.decode()
    assert "13812346027" not in client.get("/search/", {"q": "恒泰"}).content.decode()


def test_a_list_and_a_chooser_find_by_the_same_documents(as_, li_wei, chen_jing, anhui_tea):
    create_contact({"customer": anhui_tea, "name": "曾小贤"}, actor=li_wei, on=TODAY)
    client = as_(li_wei)
    assert "曾小贤" in client.get("/contacts/?view=all&q=zengxx").content.decode()
    assert "曾小贤" in client.get("/contacts/?view=all&q=ahcy").content.decode()  # its customer's
    choices = client.get("/customers/options/?customer_search=ahcy", headers={"HX-Request": "true"})
    assert "安徽茶业有限公司" in choices.content.decode()
    client = as_(chen_jing)
    assert "曾小贤" not in client.get("/contacts/?view=all&q=zengxx").content.decode()


@pytest.fixture
def contract(anhui_tea, li_wei, settings, tmp_path):
    """A file on a customer, read for the search."""
    settings.MEDIA_ROOT = tmp_path
    from kezhi.workbench.attaching import attach, keep_text

    content = "第一条 供货范围\n第七条 违约金按日计算".encode()
    file = attach(anhui_tea, "框架协议2026.txt", [content], kind="customer", actor=li_wei, at=NOW)
    keep_text(file.pk)
    return file


def test_a_record_is_found_by_the_name_and_by_the_words_of_its_file(
    as_, li_wei, anhui_tea, contract
):
    client = as_(li_wei)
    for typed, shown in (
        ("框架协议", "<mark>框架协议</mark>2026.txt"),
        ("kuangjia", "框架协议2026.txt"),
        ("违约金", "<mark>违约金</mark>按日计算"),
    ):
        for page in (
            client.get("/search/", {"q": typed}).content.decode(),
            options(client, q=typed),
        ):
            assert f'href="/customers/{anhui_tea.pk}/"' in page
            assert shown in page


def test_a_file_is_found_by_whom_may_see_the_record_and_until_it_goes(
    as_, li_wei, chen_jing, anhui_tea, contract
):
    from kezhi.workbench.attaching import remove_attachment

    for typed in ("框架协议", "违约金"):
        page = as_(chen_jing).get("/search/", {"q": typed}).content.decode()
        assert f"/customers/{anhui_tea.pk}/" not in page
        assert f"/customers/{anhui_tea.pk}/" not in options(as_(chen_jing), q=typed)
    remove_attachment(contract, actor=li_wei, at=NOW)
    for typed in ("框架协议", "违约金"):
        assert f"/customers/{anhui_tea.pk}/" not in options(as_(li_wei), q=typed)
