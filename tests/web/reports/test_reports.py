"""The pages of reports: built by address, drawn, opened as lists, kept, shared, arranged, taken as files."""

import csv
import io
import re
from decimal import Decimal
from html import unescape
from urllib.parse import quote, urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import TODAY
from kezhi.accounts.arranging import create_department
from kezhi.accounts.models import User
from kezhi.accounts.organising import create_person
from kezhi.core.actor import SYSTEM
from kezhi.customers.creating import create_customer
from kezhi.ledger.models import Order
from kezhi.workbench.models import Dashboard, Report
from kezhi.workbench.reporting.keeping import change_report, save_dashboard, save_report
from kezhi.workbench.reporting.spec import Spec
from kezhi.workbench.saving_views import audiences

pytestmark = pytest.mark.django_db
ASKS = "of=order&measure=sum.amount&by=customer&during=ordered_on.12m&picture=bar"


def an_order(customer, amount, day=TODAY, channel="电商"):
    return Order.objects.create(
        number=f"SO-{Order.objects.count():04d}", customer=customer, ordered_on=day,
        channel=channel, currency="CNY", amount=Decimal(amount), **customer.place,
    )  # fmt: skip


@pytest.fixture
def sold(anhui_tea, li_wei, chen_jing):
    """Two customers of Li Wei, one of Chen Jing."""
    south = create_customer({"name": "岭南米业"}, actor=chen_jing, on=TODAY)
    evil = create_customer({"name": "=cmd|' /C calc'!A0"}, actor=li_wei, on=TODAY)
    an_order(anhui_tea, "1234.56")
    an_order(anhui_tea, "100.44", channel="经销")
    an_order(evil, "10.00")
    an_order(south, "5000.00")


def text_of(page):
    shown = page.content.decode().partition("<h1")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(shown)).replace("\xa0", " ").split())


def test_a_report_states_its_finding_and_the_list_behind_a_figure_agrees(web, owner, sold):
    page = web(owner).get(f"/reports/build/?{ASKS}")
    assert page.status_code == 200
    assert "岭南米业 is first with ¥5,000 , 78.8% of all" in text_of(page)
    assert "¥1,335.00" in text_of(page)
    address = re.search(r'href="(/orders/\?[^"]+)">安徽茶业', page.content.decode())[1]
    listed = web(owner).get(unescape(address))
    assert "SO-0000" in listed.text
    assert "SO-0001" in listed.text
    assert "SO-0003" not in listed.text


def test_everyone_sees_their_own_figures_in_a_shared_report(web, owner, li_wei, sold):
    report = save_report(Spec.parse(ASKS), "销售", actor=owner, audience="everyone")
    seen = text_of(web(li_wei).get(f"/reports/{report.pk}/"))
    assert "岭南米业" not in seen
    assert "¥1,345.00" in seen


@pytest.mark.parametrize("picture", ["table", "bar", "stack", "line", "heat", "number"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_picture_is_drawn_in_both_languages(web, owner, sold, picture, language):
    for by in (
        (),
        ("ordered_on.month",),
        ("owner", "ordered_on.month"),
        ("ordered_on.day", "channel"),
    ):
        asked = urlencode(
            {"of": "order", "measure": "sum.amount", "by": by, "picture": picture}, True
        )
        page = web(owner, language).get(f"/reports/build/?{asked}")
        assert page.status_code == 200
        assert ("合计" if language == "zh-hans" else "total") in text_of(page)


def test_questions_stay_as_many_however_many_records(web, owner, li_wei, sold):
    def asked(address):
        client = web(owner)
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    addresses = [
        f"/reports/build/?{ASKS}",
        "/dashboards/delivered/my-work/?whole=1",
        "/orders/?group=owner",
    ]
    few = [asked(each) for each in addresses]
    for number in range(12):
        customer = create_customer({"name": f"客户{number}"}, actor=li_wei, on=TODAY)
        an_order(customer, number)
    assert [asked(each) for each in addresses] == few


def test_a_strangers_report_is_absent_and_a_shared_one_is_not_theirs_to_change(
    web, owner, li_wei, sold
):
    private = save_report(Spec.parse(ASKS), "私有", actor=owner)
    shared = save_report(Spec.parse(ASKS), "共享", actor=owner, audience="everyone")
    client = web(li_wei)
    assert client.get(f"/reports/{private.pk}/").status_code == 404
    assert client.get(f"/reports/{shared.pk}/").status_code == 200
    for address in ("edit", "removal", "shape", "schedules"):
        assert client.post(f"/reports/{private.pk}/{address}/").status_code == 404
        assert client.post(f"/reports/{shared.pk}/{address}/").status_code == 403
    assert Report.objects.count() == 2


def test_a_report_is_saved_changed_copied_and_deleted(web, manager, sold):
    client = web(manager)
    assert client.post(f"/reports/new/?{ASKS}", {"name": ""}).status_code == 422
    answer = client.post(
        f"/reports/new/?{ASKS}", {"name": "华东", "audience": "team", "is_pinned": "1"}
    )
    report = Report.objects.get()
    assert answer.headers["Location"] == f"/reports/{report.pk}/"
    assert str(Spec.parse(report.asks)) == str(Spec.parse(ASKS))
    assert f'href="/reports/{report.pk}/"' in client.get("/").text
    client.post(f"/reports/{report.pk}/shape/?of=order&measure=count")
    report.refresh_from_db()
    assert Spec.parse(report.asks).measures == ("count",)
    client.post("/reports/copies/", {"report": report.pk})
    client.post("/reports/copies/", {"report": "sales-by-month"})
    assert {each.name for each in Report.objects.all()} == {"华东", "华东 2", "Sales by month"}
    client.post(f"/reports/{report.pk}/removal/")
    assert Report.objects.count() == 2


def test_a_dashboard_is_arranged_and_a_deleted_report_leaves_it(web, manager, sold):
    client = web(manager)
    report = save_report(Spec.parse(ASKS), "华东", actor=manager)
    client.post("/dashboards/new/", {"name": "早会"})
    board = Dashboard.objects.get()
    at = f"/dashboards/{board.pk}/"
    client.post(f"{at}edit/", {"add": str(report.pk)})
    client.post(f"{at}edit/", {"add": "sales-by-month"})
    client.post(f"{at}edit/", {"down": "0"})
    client.post(f"{at}edit/", {"wide": "0"})
    board.refresh_from_db()
    assert board.parts == [
        {"report": "sales-by-month", "width": 3},
        {"report": str(report.pk), "width": 3},
    ]
    assert client.post(f"{at}edit/", {"add": "999999"}).status_code == 422
    assert "华东" in client.get(f"{at}?whole=1").text
    client.post(f"/reports/{report.pk}/removal/")
    board.refresh_from_db()
    assert [part["report"] for part in board.parts] == ["sales-by-month"]
    client.post(f"{at}removal/")
    assert not Dashboard.objects.exists()


def test_a_report_that_others_don_t_see_is_named_to_nobody_by_a_dashboard(web, owner, li_wei, sold):
    report = save_report(Spec.parse(ASKS), "机密利润", actor=owner)
    parts = [{"report": str(report.pk), "width": 3}]
    board = save_dashboard("公开", actor=owner, parts=parts, audience="everyone")
    page = web(li_wei).get(f"/dashboards/{board.pk}/?whole=1")
    assert page.status_code == 200
    assert "机密利润" not in page.text


def test_files_hold_the_exact_figures_and_no_formula(web, owner, sold):
    client, address = web(owner), f"/reports/file/?{ASKS}"
    said = client.post(address, {"format": "csv", "title": "=销售"})
    rows = list(csv.reader(io.StringIO(said.content.decode("utf-8-sig"))))
    assert rows[1:] == [
        ["岭南米业", "5000"], ["安徽茶业有限公司", "1335"], ["'=cmd|' /C calc'!A0", "10"], ["All", "6345"],
    ]  # fmt: skip
    book = client.post(address, {"format": "xlsx", "title": "=销售"})
    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book.content)).get_sheet_by_index(0)
    cells = [cell for row in sheet.to_python() for cell in row]
    assert 1335.0 in cells
    assert "'=cmd|' /C calc'!A0" in cells
    assert "'=销售" in cells
    paper = client.post(address, {"format": "pdf", "title": "销售"})
    assert paper.content.startswith(b"%PDF-")
    assert quote("销售") in paper.headers["Content-Disposition"]
    assert client.post(address, {"format": "exe"}).status_code == 400


def test_who_may_not_export_gets_no_file(web, li_wei, sold):
    assert web(li_wei).post(f"/reports/file/?{ASKS}", {"format": "csv"}).status_code == 403


def test_a_page_of_a_kind_that_a_role_doesn_t_read_is_refused(web, agent, sold):
    from kezhi.accounts.models import Role

    Role.objects.filter(key="service_agent").update(
        grants={"customer": {"read": "all"}, "view": {"read": "own"}}
    )
    client = web(agent)
    assert client.get(f"/reports/build/?{ASKS}").status_code == 403
    assert client.get("/reports/delivered/sales-by-month/").status_code == 403
    assert client.get("/reports/").status_code == 200


@pytest.mark.parametrize(
    "part", ["of", "measure", "by", "w", "during", "compare", "picture", "top", "group", "open"]
)
def test_what_an_attacker_types_is_looked_up_and_never_asked(web, owner, sold, part):
    from hostile import ERRORS, NAMES, SQL

    client = web(owner)
    usual = {
        "of": "order",
        "measure": "sum.amount",
        "by": "ordered_on.month",
        "during": "ordered_on.12m",
    }
    for text in (
        *SQL[:30],
        *NAMES[:20],
        "sum.amount; SELECT 1",
        "ordered_on.month'--",
        "customer:customer:customer:tier",
    ):
        at = "/orders/?" if part in ("group", "open") else "/reports/build/?"
        given = (
            {"group": "channel", part: text} if part in ("group", "open") else {**usual, part: text}
        )
        answer = client.get(at + urlencode(given))
        assert answer.status_code in (200, 400, 403, 422), (part, text, answer.status_code)
        assert not re.search(ERRORS, answer.text, re.IGNORECASE), (part, text)


def test_a_kept_report_that_somebody_tampered_with_is_checked_again(web, owner, sold):
    report = save_report(Spec.parse(ASKS), "销售", actor=owner)
    Report.objects.update(
        asks="of=order&measure=sum.amount)--&by=password&w=customer__owner__password.eq.x"
    )
    page = web(owner).get(f"/reports/{report.pk}/")
    assert page.status_code == 422
    assert "can’t be measured like that" in page.text


def test_groups_of_a_list_open_with_their_rows_and_totals(web, owner, sold):
    client = web(owner)
    page = client.get("/orders/?group=channel&view=all")
    assert "电商" in page.text
    assert "SO-0000" not in page.text
    assert "¥6,244.56" in text_of(page)
    opened = client.get("/orders/?group=channel&view=all&open=%3D经销")
    assert "SO-0001" in opened.text
    assert "SO-0000" not in opened.text
    assert client.get("/orders/?group=remark").status_code == 422
    assert "channel" in client.get("/orders/grouping/").text


def test_pages_within_a_group_follow_each_other(web, owner, anhui_tea):
    for number in range(60):
        an_order(anhui_tea, number + 1)
    client = web(owner)
    first = client.get("/orders/?view=all&group=channel&open=%3D电商")
    further = unescape(re.search(r'href="([^"]+)" rel="next"', first.text)[1])
    second = client.get(further)
    numbers = {n for page in (first, second) for n in re.findall(r"SO-\d{4}", page.text)}
    assert len(numbers) == 60


def test_a_department_and_those_below_it_see_what_was_shared_with_it(
    web, manager, owner, li_wei, sun_yue, chen_jing, organisation
):
    below = create_department("渠道部", organisation.east, actor=SYSTEM)
    li_wei.team, li_wei.department = None, below
    li_wei.save()
    address = "/reports/new/?of=order&measure=count&by=channel"
    form = web(manager).get(address).text
    assert 'value="department"' in form
    assert f'value="department:{below.pk}"' in form
    assert f"department:{organisation.south.pk}" not in form
    for wrong in (f"department:{organisation.south.pk}", "department:x", "department:", "team:0"):
        sent = {"name": "渠道", "audience": wrong}
        assert web(manager).post(address, sent).status_code == 422
    sent["audience"] = "department"
    assert web(manager).post(address, sent).status_code == 302
    report = Report.objects.get()
    assert (report.audience, report.department_id) == ("department", organisation.east.pk)
    page = f"/reports/{report.pk}/"
    seen = {each.name: web(each).get(page).status_code for each in (li_wei, sun_yue, chen_jing)}
    assert seen == {"李伟": 200, "孙悦": 200, "陈静": 404}
    assert web(owner).get(page).status_code == 404  # above it, not in it
    web(manager).post(f"{page}edit/", {"name": "渠道", "audience": f"department:{below.pk}"})
    report.refresh_from_db()
    assert report.department_id == below.pk
    assert "渠道部" in text_of(web(manager).get("/reports/"))
    assert f'value="department:{below.pk}" selected' in web(manager).get(f"{page}edit/").text
    web(manager).post(f"{page}edit/", {"name": "渠道", "audience": "department"})
    report.refresh_from_db()
    assert report.department_id == organisation.east.pk
    li_wei.department = organisation.south
    li_wei.save()
    assert web(li_wei).get(page).status_code == 404


def test_who_may_not_show_a_department_is_refused_and_shares_nothing(web, li_wei, manager):
    address = "/reports/new/?of=order&measure=count&by=channel"
    assert 'value="department"' not in web(li_wei).get(address).text
    sent = {"name": "渠道", "audience": "department"}
    assert web(li_wei).post(address, sent).status_code == 403
    role = manager.roles.get()
    role.grants["view"] = dict.fromkeys(role.grants["view"], "team")
    role.save()
    assert web(User.objects.get(pk=manager.pk)).post(address, sent).status_code == 403
    assert not Report.objects.exists()


def test_what_somebody_chose_stays_when_another_changes_the_name(web, manager, organisation):
    report = save_report(Spec.parse(ASKS), "销售", actor=manager, audience="department")
    elsewhere = create_person(
        {"login": "boss", "name": "韩总", "roles": ["owner"], "password": "yuanhang-boss-1"},
        actor=SYSTEM,
    )
    chosen = f"department:{organisation.east.pk}"
    changed = change_report(report, {"name": "销售额", "audience": chosen}, actor=elsewhere)
    assert (changed.audience, changed.department_id) == ("department", organisation.east.pk)
    assert (chosen, "华东") in audiences(elsewhere, changed)


def test_a_manager_of_no_team_shares_with_one_of_the_department(
    web, manager, li_wei, sun_yue, organisation
):
    manager.team = None
    manager.save()
    page = web(manager)
    form = page.get("/reports/new/?of=order&measure=sum.amount&by=channel").content.decode()
    assert f'value="team:{organisation.east_one.pk}"' in form
    assert f"team:{organisation.south_one.pk}" not in form
    assert re.search(r'value="[^"]+ · [^"]+" name="name"', form)
    address = "/reports/new/?of=order&measure=count&by=channel"
    sent = {"name": "渠道", "audience": f"team:{organisation.south_one.pk}"}
    assert page.post(address, sent).status_code == 422
    sent["audience"] = f"team:{organisation.east_one.pk}"
    assert page.post(address, sent).status_code == 302
    report = Report.objects.get()
    assert (report.audience, report.team_id) == ("team", organisation.east_one.pk)
    kept = page.get(f"/reports/{report.pk}/edit/").content.decode()
    assert f'value="team:{organisation.east_one.pk}" selected' in kept
    rhythm = {"rhythm": "weekly", "weekday": "0", "day_of_month": "1", "at_time": "08:00"}
    rhythm |= {"zone": "Asia/Shanghai", "file": "pdf", "recipients": [manager.pk]}
    planned = page.post(f"/reports/{report.pk}/schedules/", rhythm, follow=True)
    assert planned.status_code == 200
    assert manager.name in text_of(planned)
    assert web(li_wei).get(f"/reports/{report.pk}/").status_code == 200
    assert web(sun_yue).get(f"/reports/{report.pk}/").status_code == 404


def test_a_period_is_two_days_that_are_entered(web, owner, sold):
    client = web(owner)
    form = {"of": "order", "kind_was": "order", "measure": "sum.amount", "picture": "number",
            "during_field": "ordered_on"}  # fmt: skip

    def shown(**given):
        page = client.get(
            "/reports/build/?" + urlencode(form | given), headers={"HX-Request": "true"}
        )
        days = re.findall(r'type="date" id="b-(?:first|last)" value="([^"]*)"', page.text)
        return page.status_code, days, text_of(page)

    # Just chosen, they are those of the span before; then what is entered counts.
    status, days, _text = shown(during_span="between", during_was="this_year")
    today = client.get("/reports/").wsgi_request.today
    assert (status, days) == (200, [f"{today.year}-01-01", f"{today.year}-12-31"])
    day = Order.objects.order_by("ordered_on").first().ordered_on
    status, days, text = shown(
        during_span="between", during_was="12m", during_first=f"{day}", during_last=f"{day}"
    )
    assert (status, days) == (200, [f"{day}", f"{day}"])
    whole = sum(Order.objects.filter(ordered_on=day).values_list("amount", flat=True))
    assert f"¥{whole:,.2f}" in text
    # The wrong way round is told, and the days stay to be put right.
    status, days, text = shown(
        during_span="between", during_first="2026-03-02", during_last="2026-03-01"
    )
    assert (status, days) == (422, ["2026-03-02", "2026-03-01"])
    assert "The first day is after the last." in text
    assert shown(during_span="between", during_first="", during_last="2026-03-01")[0] == 422
    # Another span again takes the days away.
    assert shown(during_span="30d", during_first="2026-03-01", during_last="2026-03-02")[1] == []
