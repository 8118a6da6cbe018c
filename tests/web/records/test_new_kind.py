"""The promise: a kind of record is one short file, and stands on every page. `warranty.py` is such a file."""

import sys
from decimal import Decimal
from types import ModuleType

import pytest
from django.db import connection

from cast import NOW, TODAY
from kezhi.audit import recording
from kezhi.dataio import registry as dataio
from kezhi.dataio.importing import check, import_rows, undo_import
from kezhi.dataio.uploading import upload
from kezhi.records import registry
from kezhi.workbench.customizing import defining

pytestmark = pytest.mark.django_db
GRANTS = dict.fromkeys(("read", "create", "edit", "delete", "export", "import"), "all")


@pytest.fixture
def warranty(transactional_schema, settings):
    """The file is loaded and the kind registered, as an app does in its `ready`; its addresses follow."""
    deeds = set(recording.deeds)
    import warranty

    with connection.schema_editor() as editor:
        editor.create_model(warranty.Warranty)
    recording.deeds.update({deed.deed_name: deed for deed in (*vars(warranty.DEEDS).values(),)})
    registry.register(warranty.KIND)
    settings.ROOT_URLCONF = _addresses()
    from kezhi.workbench.searching.following import follow_changes

    follow_changes()
    yield warranty
    registry._kinds.pop("warranty")
    for name in set(recording.deeds) - deeds:
        recording.deeds.pop(name)


@pytest.fixture
def transactional_schema(db):
    """A table can't be made while checks of foreign keys wait: they are made at once here."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _addresses():
    from kezhi.web import urls
    from kezhi.web.records.urls import addresses

    module = ModuleType("addresses_with_warranty")
    module.urlpatterns = [*addresses(registry["warranty"]), *urls.urlpatterns]
    for name in ("handler400", "handler403", "handler404", "handler500"):
        setattr(module, name, getattr(urls, name))
    sys.modules[module.__name__] = module
    return module.__name__


@pytest.fixture
def as_owner(warranty, client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def li_weis(warranty, li_wei):
    """Sales may see and write their own."""
    role = li_wei.roles.get()
    role.grants["warranty"] = {"read": "own", "create": "own", "edit": "own"}
    role.save()
    return type(li_wei).objects.get(pk=li_wei.pk)


def made(client, customer, number="W-1", **more):
    typed = {
        "customer": customer.pk,
        "number": number,
        "ends_on": "2027-05-01",
        "amount": "1.2万",
        **more,
    }
    answer = client.post("/warranties/new/", typed)
    assert answer.status_code == 302, answer.content.decode()


def page(client, address, **headers):
    answer = client.get(address, **headers)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_it_is_created_listed_filtered_sorted_and_shown(as_owner, warranty, anhui_tea):
    made(as_owner, anhui_tea)
    made(as_owner, anhui_tea, "W-2", amount="300")
    assert "/warranties/" in page(as_owner, "/")
    listing = page(as_owner, "/warranties/?sort=-amount")
    assert listing.index("W-1") < listing.index("W-2")
    assert "W-1" not in page(as_owner, "/warranties/?w=amount.lt.1000")
    assert "W-2" in page(as_owner, "/warranties/?w=customer.contains.安徽&q=W-2")
    assert "12,300.00" in page(as_owner, "/warranties/totals/")
    record = warranty.Warranty.objects.get(number="W-1")
    shown = page(as_owner, f"/warranties/{record.pk}/")
    assert "安徽茶业" in shown
    assert "¥12,000.00" in shown
    assert page(as_owner, f"/warranties/{record.pk}/peek/", HTTP_HX_REQUEST="true")


def test_it_is_edited_in_form_and_cell_and_deleted(as_owner, warranty, anhui_tea):
    made(as_owner, anhui_tea)
    record = warranty.Warranty.objects.get()
    typed = {"customer": anhui_tea.pk, "number": "W-9", "version": record.version}
    assert as_owner.post(f"/warranties/{record.pk}/edit/", typed).status_code == 302
    record.refresh_from_db()
    assert (record.number, record.version) == ("W-9", 2)
    assert 'name="amount"' in page(
        as_owner, f"/warranties/{record.pk}/cell/amount/", HTTP_HX_REQUEST="true"
    )
    cell = {"amount": "5", "version": record.version}
    place = f"/warranties/{record.pk}/cell/amount/"
    assert as_owner.post(place, cell, HTTP_HX_REQUEST="true").status_code == 200
    record.refresh_from_db()
    assert record.amount == Decimal(5)
    stale = as_owner.post(
        f"/warranties/{record.pk}/edit/", {**typed, "version": 1, "number": "W-8"}
    )
    assert stale.status_code == 409
    assert as_owner.post(f"/warranties/{record.pk}/removal/").status_code == 302
    assert not warranty.Warranty.objects.exists()


def test_whom_it_doesn_t_concern_never_sees_it(
    client, warranty, anhui_tea, li_weis, chen_jing, owner
):
    client.force_login(li_weis)
    made(client, anhui_tea)
    record = warranty.Warranty.objects.get()
    assert record.owner_id == li_weis.pk
    assert "W-1" in page(client, "/warranties/")
    client.force_login(chen_jing)
    assert client.get(f"/warranties/{record.pk}/").status_code == 404
    assert "W-1" not in page(client, "/warranties/")
    assert client.post("/warranties/export/", {"format": "csv"}).status_code == 403


def test_the_roles_editor_has_its_row(as_owner):
    assert 'name="g.warranty.read"' in page(as_owner, "/settings/roles/manager/")


def test_it_goes_out_to_a_file_and_comes_in_again(
    as_owner, warranty, anhui_tea, owner, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    made(as_owner, anhui_tea)
    warranty.Warranty.objects.update(remark="=1+1")
    answer = as_owner.post("/warranties/export/", {"format": "csv", "all_fields": "1"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "W-1" in text
    assert ",'=1+1" in text
    assert "warranty" in dataio.kinds()
    batch = _brought(text, owner)
    assert (batch.created, batch.updated, batch.unchanged, batch.bad) == (0, 0, 1, 0)
    changed = "客户,质保单号,到期日,保额\nC-AHTEA,W-1,2028-01-01,\nC-AHTEA,W-2,,7\n不存在,W-3,,\n"
    batch = _brought(changed, owner)
    assert (batch.created, batch.updated, batch.bad) == (1, 1, 1)
    assert warranty.Warranty.objects.get(number="W-1").amount == Decimal(12000)
    new = warranty.Warranty.objects.get(number="W-2")
    assert (new.owner_id, new.version, new.remark) == (anhui_tea.owner_id, 1, "")
    undo_import(batch, actor=owner, at=NOW)
    assert list(warranty.Warranty.objects.values_list("number", flat=True)) == ["W-1"]
    assert str(warranty.Warranty.objects.get().ends_on) == "2027-05-01"


def _brought(text, actor):
    batch = upload("warranty", "w.csv", [text.encode()], actor=actor, on=TODAY)
    check(batch, actor=actor, on=TODAY, at=NOW)
    return import_rows(batch, actor=actor, on=TODAY, at=NOW)


def test_it_takes_fields_of_the_company_and_a_layout(as_owner, warranty, anhui_tea, owner):
    given = {
        "label_zh": "安装楼层",
        "purpose": "派单",
        "data_class": "business",
        "field_kind": "integer",
    }
    key = defining.define_field("warranty", given, actor=owner, on=TODAY).key
    assert "安装楼层" in page(as_owner, "/settings/fields/warranty/")
    assert page(as_owner, "/settings/layouts/warranty/")
    made(as_owner, anhui_tea, **{key: "12"})
    assert warranty.Warranty.objects.get().custom == {key: "12"}
    assert "W-1" in page(as_owner, f"/warranties/?w={key}.gte.10&columns=number,{key}")
    assert "W-1" not in page(as_owner, f"/warranties/?w={key}.gt.12")


def test_it_is_found(as_owner, anhui_tea):
    made(as_owner, anhui_tea, "W-77812")
    assert "W-77812" in page(as_owner, "/search/?q=W-77812")


def test_the_log_speaks_of_it_in_words(as_owner, warranty, anhui_tea):
    made(as_owner, anhui_tea)
    record = warranty.Warranty.objects.get()
    typed = {"customer": anhui_tea.pk, "number": "W-9", "version": record.version}
    as_owner.post(f"/warranties/{record.pk}/edit/", typed)
    log = page(as_owner, "/settings/audit/")
    assert "Warranty" in log
    assert "warranty.edited" not in log.replace('value="warranty.edited"', "")
