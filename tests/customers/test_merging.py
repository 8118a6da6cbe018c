"""Two become one without loss, and one becomes two again, row by row."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connection, models, transaction

from cast import NOW, TODAY
from kezhi.accounts.models import Share
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_contact, create_customer, edit_customer
from kezhi.customers.following_up import log_interaction, plan_follow_up
from kezhi.customers.merging import (
    choices,
    codes_gone,
    dismiss_pair,
    merge_contacts,
    merge_customers,
    suggested_survivor,
    survivor_of,
)
from kezhi.customers.merging_references import DERIVED, LOOSE, references
from kezhi.customers.merging_undoing import undo_merge
from kezhi.customers.models import (
    Contact,
    Customer,
    DuplicatePair,
    FollowUp,
    Interaction,
    MatchKey,
    Relation,
    Standing,
)
from kezhi.insight.models import Snapshot, TierMove, ValueRun, ValueSettings
from kezhi.ledger.models import Order, OrderLine
from kezhi.workbench.models import Tag, Tagging

# What only goes forward, or is made anew from the rest.
LEFT_OUT = {
    "audit_entry",
    "audit_change",
    "customers_merge",
    "workbench_searchgap",
    "workbench_searchdocument",
    "procrastinate_jobs",
    "procrastinate_events",
    "django_session",
}


def everything():
    """Every row of every table, to be compared."""
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            if table not in LEFT_OUT:
                cursor.execute(f'SELECT t::text FROM "{table}" t')
                found[table] = sorted(row[0] for row in cursor.fetchall())
    return found


@pytest.fixture
def twin(li_wei):
    return create_customer(
        {"name": "安徽茶业公司", "phone": "0551-62820000", "remark": "老客户", "industry": "茶叶"},
        actor=li_wei,
        on=TODAY,
    )


@pytest.fixture
def busy(anhui_tea, twin, li_wei, manager, organisation):
    """Both have a history in every app."""
    run = ValueRun.objects.create(
        as_of=TODAY, value_settings=ValueSettings.objects.create(rules={})
    )
    third = create_customer({"name": "徽州茶行"}, actor=li_wei, on=TODAY)
    tags = [Tag.objects.create(name=name) for name in ("展会", "华东")]
    for number, customer in enumerate((anhui_tea, twin)):
        fields = {"customer": customer, "name": "王敏", "is_primary": True, "phone": "13812345679"}
        contact = create_contact(fields, actor=li_wei, on=TODAY)
        log_interaction(customer, "call", "问价", actor=li_wei, at=NOW, contact=contact)
        plan_follow_up(
            {"customer": customer, "subject": "回访", "due_on": TODAY}, actor=li_wei, on=TODAY
        )
        order = Order.objects.create(
            number=f"SO-{number}",
            customer=customer,
            ordered_on=TODAY,
            currency="CNY",
            amount=100,
            **customer.place,
        )
        OrderLine.objects.create(
            order=order, line_key=f"k{number}", customer=customer, ordered_on=TODAY, amount=100
        )
        Standing.objects.filter(customer=customer).update(
            occasions=1 + number,
            realised_value=Decimal("1234567890123456.78"),
            last_order_on=TODAY - timedelta(days=number),
            run_id=run.pk,
        )
        Snapshot.objects.create(run=run, customer=customer, as_of=TODAY, leaves=[0.5, None])
        TierMove.objects.create(customer=customer, run=run, moved_on=TODAY, after="A")
        Tagging.objects.create(tag=tags[0], kind="customer", object_id=customer.pk)
    Tagging.objects.create(tag=tags[1], kind="customer", object_id=twin.pk)
    Share.objects.create(customer_id=twin.pk, person=manager, since=TODAY)
    Relation.objects.create(customer=twin, other=anhui_tea, nature="supplies", **twin.place)
    Relation.objects.create(customer=twin, other=third, nature="refers", **twin.place)
    first, second = sorted((twin.pk, third.pk))
    DuplicatePair.objects.create(
        first_id=first, second_id=second, score=80, group=first, state="dismissed"
    )
    return anhui_tea, twin


def merged(survivor, other, actor, **about):
    about.setdefault("at", NOW)
    return merge_customers(survivor, other, actor=actor, **about)


@pytest.mark.django_db
def test_all_history_moves_and_nothing_is_doubled(busy, manager):
    survivor, twin = busy
    row = merged(survivor, twin, manager, reason="same company")
    assert not Customer.objects.filter(pk=twin.pk).exists()
    for model, count in ((Contact, 2), (Interaction, 2), (FollowUp, 2), (Order, 2), (OrderLine, 2)):
        assert model.objects.filter(customer=survivor).count() == count
    survivor.refresh_from_db()
    assert (survivor.remark, survivor.phone) == ("老客户", "0551-62820000")
    assert (survivor.industry, survivor.name) == ("食品", "安徽茶业有限公司")
    standing = survivor.standing
    assert (standing.occasions, standing.last_order_on) == (3, TODAY)
    assert standing.realised_value == Decimal("2469135780246913.56")
    assert Tagging.objects.filter(kind="customer", object_id=survivor.pk).count() == 2
    assert Contact.objects.filter(customer=survivor, is_primary=True).count() == 1
    (relation,) = Relation.objects.all()
    assert (relation.customer, relation.nature) == (survivor, "refers")
    assert Share.objects.get().customer_id == survivor.pk
    assert DuplicatePair.objects.get().state == "dismissed"
    assert MatchKey.objects.filter(customer=survivor, key="p:13812345679").count() == 1
    assert survivor_of("customer", twin.pk) == survivor.pk
    assert codes_gone([twin.code]) == {twin.code: survivor.pk}
    assert row.counts["ledger.order"] == 1
    entry = Entry.objects.get(deed="customer.merged")
    assert (entry.reason, entry.detail["code"]) == ("same company", twin.code)


@pytest.mark.django_db
def test_undoing_gives_back_every_row(busy, manager):
    survivor, twin = busy
    before = everything()
    row = merged(survivor, twin, manager, take=["industry", "name"])
    assert everything() != before
    assert undo_merge(row, actor=manager, at=NOW + timedelta(days=29)).kept == []
    after = everything()
    assert {table: rows for table, rows in after.items() if rows != before[table]} == {}
    assert survivor_of("customer", twin.pk) is None


@pytest.mark.django_db
def test_what_came_since_stays_and_what_was_edited_since_is_kept(busy, manager, li_wei):
    survivor, twin = busy
    row = merged(survivor, twin, manager)
    edit_customer(survivor, {"remark": "新备注"}, actor=li_wei, on=TODAY)
    theirs = Contact.objects.get(customer=survivor, is_primary=False)
    log_interaction(survivor, "note", "没有联系人", actor=li_wei, at=NOW)
    log_interaction(survivor, "call", "与对方联系人", actor=li_wei, at=NOW, contact=theirs)
    row = undo_merge(row, actor=manager, at=NOW)
    survivor.refresh_from_db()
    assert survivor.remark == "新备注"
    assert survivor.phone == ""
    assert len(row.kept) == 1
    texts = Interaction.objects.values_list("text", "customer_id")
    assert ("没有联系人", survivor.pk) in texts
    assert ("与对方联系人", twin.pk) in texts


@pytest.mark.django_db
def test_the_person_chooses_field_by_field(anhui_tea, twin, manager):
    Customer.objects.filter(pk=anhui_tea.pk).update(custom={"grade": "a", "size": 1}, phone="1")
    Customer.objects.filter(pk=twin.pk).update(custom={"grade": "b", "age": 2}, roles=["supplier"])
    anhui_tea.refresh_from_db()
    twin.refresh_from_db()
    names = {choice.name for choice in choices("customer", anhui_tea, twin)}
    assert names == {"name", "code", "industry", "phone", "custom.grade"}
    merged(anhui_tea, twin, manager, take=["industry", "custom.grade", "code", "owner"])
    anhui_tea.refresh_from_db()
    assert (anhui_tea.industry, anhui_tea.code) == ("茶叶", twin.code)
    assert anhui_tea.custom == {"grade": "b", "size": 1, "age": 2}
    assert anhui_tea.roles == ["customer", "supplier"]


@pytest.mark.django_db
def test_one_credit_code_may_be_taken_over(anhui_tea, twin, manager):
    Customer.objects.filter(pk=twin.pk).update(credit_code="91340100MA2N0T7C0M")
    row = merged(anhui_tea, twin, manager)
    anhui_tea.refresh_from_db()
    assert anhui_tea.credit_code == "91340100MA2N0T7C0M"
    other = create_customer({"name": "第三家"}, actor=SYSTEM, on=TODAY)
    edit_customer(anhui_tea, {"credit_code": ""}, actor=SYSTEM, on=TODAY)
    edit_customer(other, {"credit_code": "91340100MA2N0T7C0M"}, actor=SYSTEM, on=TODAY)
    with pytest.raises(Refused):
        undo_merge(row, actor=manager, at=NOW)
    assert not Customer.objects.filter(pk=twin.pk).exists()


@pytest.mark.django_db
def test_rights_on_both_and_the_right_to_merge(anhui_tea, twin, li_wei, chen_jing, manager, owner):
    before = everything()
    theirs = create_customer({"name": "华南茶业"}, actor=chen_jing, on=TODAY)
    before = everything()
    for actor, pair in (
        (li_wei, (anhui_tea, twin)),  # edits both, but doesn't merge
        (chen_jing, (anhui_tea, twin)),
        (manager, (anhui_tea, theirs)),
        (manager, (theirs, twin)),
    ):
        with pytest.raises(NotAllowed):
            merged(*pair, actor)
    with pytest.raises(Refused):
        merged(twin, twin, owner)
    assert everything() == before
    merged(anhui_tea, theirs, owner)


@pytest.mark.django_db
def test_after_thirty_days_it_stays(anhui_tea, twin, manager):
    row = merged(anhui_tea, twin, manager)
    with pytest.raises(Refused):
        undo_merge(row, actor=manager, at=NOW + timedelta(days=31))
    undo_merge(row, actor=manager, at=NOW)
    with pytest.raises(Refused):
        undo_merge(row, actor=manager, at=NOW)


@pytest.mark.django_db
def test_merges_in_a_chain_lead_to_the_last_one(anhui_tea, twin, manager, li_wei):
    last = create_customer({"name": "安徽茶业集团"}, actor=li_wei, on=TODAY)
    merged(anhui_tea, twin, manager)
    row = merged(last, anhui_tea, manager)
    assert survivor_of("customer", twin.pk) == last.pk
    assert codes_gone([twin.code]) == {twin.code: last.pk}
    undo_merge(row, actor=manager, at=NOW)
    assert survivor_of("customer", twin.pk) == anhui_tea.pk


@pytest.mark.django_db
def test_contacts_of_one_customer_merge_likewise(anhui_tea, li_wei, manager, chen_jing):
    one, other = (
        create_contact({"customer": anhui_tea, "name": name, **more}, actor=li_wei, on=TODAY)
        for name, more in (("王敏", {}), ("王小敏", {"phone": "13812345679", "wechat": "wm"}))
    )
    log_interaction(anhui_tea, "call", "问价", actor=li_wei, at=NOW, contact=other)
    before = everything()
    row = merge_contacts(one, other, actor=manager, at=NOW)
    one.refresh_from_db()
    assert (one.name, one.phone) == ("王敏", "13812345679")
    assert Interaction.objects.get().contact == one
    assert undo_merge(row, actor=manager, at=NOW).kept == []
    assert everything() == before
    with pytest.raises(NotAllowed):
        merge_contacts(one, other, actor=chen_jing, at=NOW)


@pytest.mark.django_db
def test_the_survivor_suggested_has_bought_more(anhui_tea, twin):
    assert suggested_survivor(anhui_tea, twin) == twin  # better known
    Standing.objects.filter(customer=anhui_tea).update(occasions=3)
    anhui_tea.standing.refresh_from_db()
    assert suggested_survivor(anhui_tea, twin) == anhui_tea


@pytest.mark.django_db
def test_a_dismissed_pair_stays_dismissed(anhui_tea, twin, manager, li_wei):
    first, second = sorted((anhui_tea.pk, twin.pk))
    pair = DuplicatePair.objects.create(first_id=first, second_id=second, score=90, group=first)
    with pytest.raises(NotAllowed):
        dismiss_pair(pair, actor=li_wei, at=NOW)
    assert dismiss_pair(pair, actor=manager, at=NOW, reason="branch").state == "dismissed"


@pytest.mark.django_db(transaction=True)
def test_of_two_merges_at_once_one_wins(anhui_tea, twin, manager, li_wei):
    third = create_customer({"name": "徽州茶行"}, actor=li_wei, on=TODAY)
    outcomes, start = [], threading.Barrier(2)

    def run(survivor):
        start.wait()
        try:
            with transaction.atomic():
                merged(survivor, twin, manager)
            outcomes.append("merged")
        except Refused:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(each,)) for each in (anhui_tea, third)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["merged", "refused"]
    assert Customer.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("root", [Customer, Contact])
def test_no_table_that_points_to_a_customer_is_forgotten(root):
    """Foreign keys as the database knows them, and columns that look like one."""
    known = {(each.table, each.column) for each in references(root)}
    known |= {
        (model._meta.db_table, field.column)
        for model in DERIVED
        for field in model._meta.local_concrete_fields
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT k.conrelid::regclass::text, a.attname FROM pg_constraint k
               JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey)
               WHERE k.contype = 'f' AND k.confrelid = %s::regclass""",
            [root._meta.db_table],
        )
        assert set(cursor.fetchall()) <= known


def test_no_loose_customer_id_is_forgotten():
    """`customer_id` without a foreign key: it moves, is derived, or is history that speaks of the past."""
    left = {
        *("customers.Merge", "workbench.SearchGap", "audit.Sighting", "workbench.BulkStep"),
        *("messaging.Delivery", "messaging.Received"),
    }
    loose = {each.model for entries in LOOSE.values() for each in entries}
    for model in apps.get_models():
        if not model.__module__.startswith("kezhi."):
            continue
        for field in model._meta.local_concrete_fields:
            is_loose = field.name in ("customer_id", "object_id") and not isinstance(
                field, models.ForeignKey
            )
            if is_loose and model not in loose | DERIVED:
                assert model._meta.label in left, f"{model._meta.label}.{field.name} is forgotten"
